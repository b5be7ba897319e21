"""Transport: how Stripe's SDK reaches its server, on connections of ours and within their limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import stripe

LARGEST_ANSWER = 1 << 20
"""Bytes; a page of a hundred refunds has a tenth of it."""


class Transport(stripe.HTTPClient):
    """The SDK's requests over one session. A redirect is an answer like any other, for a key is not shown elsewhere."""

    name = "aiohttp"

    def __init__(self, session: aiohttp.ClientSession) -> None:
        super().__init__()
        self._session = session

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """One request and its whole answer; APIConnectionError where there is none."""
        try:
            async with self._session.request(
                method, url, headers=headers, data=post_data, allow_redirects=False
            ) as response:
                body = await response.content.read(LARGEST_ANSWER)
                if not response.content.at_eof():
                    raise _no_answer("the answer is larger than any of Stripe's")
                return body, response.status, response.headers
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _no_answer(f"no answer: {type(error).__name__}") from error

    async def close_async(self) -> None:
        """The session is closed by whoever opened it."""


def _no_answer(why: str) -> Exception:
    error: Exception = stripe.APIConnectionError(why)  # type: ignore[no-untyped-call]
    return error
