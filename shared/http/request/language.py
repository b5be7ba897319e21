"""Language of a request: what Accept-Language likes best of those that there are texts in."""

from __future__ import annotations

from starlette.requests import Request

from shared.notifications.renderer import language_for

ACCEPT_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "description": "The language of plain texts: en, es, pt, ru or zh; English where none of them is named.",
    "schema": {"type": "string", "examples": ["pt-BR, pt;q=0.9, en;q=0.8"]},
}


def liked_language(request: Request) -> str:
    """The language that the request likes best."""
    return language_for(request.headers.get("accept-language", ""))
