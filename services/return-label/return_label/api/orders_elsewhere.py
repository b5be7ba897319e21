"""Orders elsewhere: their service is asked, with the caller's own token, whether one of them grants a return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson
from yarl import URL

from shared.http.problems import MEDIA_TYPE, RETRY_AFTER, Refusal

LIMIT = 5.0
"""Seconds for one answer."""
PASSED_ON = ("authorization", "idempotency-key", "if-match", "if-none-match", "traceparent")
"""What the caller said, and is said again there."""
PASSED_BACK = ("retry-after", "makewhole-position", "idempotent-replayed")
"""What was said there, and is said again to the caller."""
CREATED = 201


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, word for word."""

    status: int
    body: bytes
    media_type: str
    headers: Mapping[str, str]

    @property
    def granted(self) -> Any:
        """What was granted; None where nothing was: a refusal, or what a dry run foretells."""
        return orjson.loads(self.body) if self.status == CREATED else None

    def under(self, request_id: str) -> bytes:
        """The body; a problem under the id of the request here, by which it is found in the log."""
        if self.media_type != MEDIA_TYPE:
            return self.body
        return orjson.dumps({**orjson.loads(self.body), "request_id": request_id})


class OrdersElsewhere:
    """The orders of the service at an address."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")

    async def grant_return(
        self, order_id: str, said: Mapping[str, Any], headers: Mapping[str, str], dry_run: bool
    ) -> Answer:
        """Asks the order for a return. 503 where it does not answer: the same request may be sent again."""
        parts = "/".join(("orders", quote(order_id, safe=""), "returns"))
        address = f"{self._address}/v1/{parts}" + ("?dry_run=true" if dry_run else "")
        passed = {name: headers[name] for name in PASSED_ON if name in headers}
        limit = aiohttp.ClientTimeout(LIMIT)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, headers=passed) as session,
                session.post(URL(address, encoded=True), json=said, allow_redirects=False) as answer,
            ):
                back = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
                return Answer(answer.status, await answer.read(), answer.content_type, back)
        except aiohttp.ClientConnectorError:
            raise _unanswered("busy") from None
        except (aiohttp.ClientError, TimeoutError):
            raise _unanswered("outcome_unknown") from None


def _unanswered(code: str) -> Refusal:
    detail = "The service that keeps the orders does not answer: send the same request again."
    return Refusal(code, detail, headers={"Retry-After": str(RETRY_AFTER)})
