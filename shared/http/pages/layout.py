"""Page layout: the frame of every HTML page of a service."""

from __future__ import annotations

import html

from starlette.responses import HTMLResponse, Response

_POLICY = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.55 system-ui, sans-serif }
body { max-width: 44rem; margin: 4rem auto; padding: 0 1.25rem }
h1 { font-size: 1.6rem; line-height: 1.25 } code { font-size: .95em } a { color: LinkText } li { margin: .3rem 0 }
h2 { font-size: 1.2rem; margin-top: 2.5rem } dt { font-weight: 600; margin-top: .6rem } small { opacity: .7 }
"""


def page(name: str, body: str) -> Response:
    """A page of text; `body` is HTML."""
    return document(name, body, f"<style>{_STYLE}</style>")


def document(name: str, body: str, head: str) -> Response:
    """A page with a head of its own."""
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(name)}</title>{head}</head><body>{body}</body></html>",
        headers=_POLICY,
    )
