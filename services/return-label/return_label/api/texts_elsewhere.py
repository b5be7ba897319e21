"""Texts elsewhere: what another service keeps about people, read with a token, and so with its rights.

What is read is kept nowhere: where it is erased there, it is gone here.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from shared.http.problems import RETRY_AFTER, Refusal
from shared.rejections import Erased

LIMIT = 5.0
"""Seconds for one text."""
_FOUND, _NOT_FOUND, _GONE = 200, 404, 410


class TextsElsewhere:
    """The texts of the service at an address."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")

    async def find(self, authorization: str, *path: str) -> str | None:
        """The text whose path under /v1 has these parts; None where there is none, Erased where there was one, 503
        where the service gives no answer.
        """
        parts = "/".join(quote(part, safe="") for part in path)
        status, body = await self._get(URL(f"{self._address}/v1/{parts}", encoded=True), authorization)
        if status == _GONE:
            raise Erased("It has been erased.")
        if status == _NOT_FOUND:
            return None
        if status != _FOUND or not isinstance(body, dict) or not isinstance(body.get("text"), str):
            raise _unreadable(f"it answered {status}")
        return str(body["text"])

    async def _get(self, url: URL, authorization: str) -> tuple[int, Any]:
        limit, headers = aiohttp.ClientTimeout(LIMIT), {"Authorization": authorization}
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, headers=headers) as session,
                session.get(url, allow_redirects=False) as answer,
            ):
                return answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise _unreadable("it does not answer") from None


def _unreadable(why: str) -> Refusal:
    later = {"Retry-After": str(RETRY_AFTER)}
    return Refusal("busy", f"A text that another service keeps cannot be read now: {why}.", headers=later)
