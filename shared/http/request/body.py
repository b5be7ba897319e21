"""Request bodies: models that know their members, and bytes read with a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict
from starlette.types import Message, Receive

from shared.http.problems import Refusal
from shared.http.whole_messages import taken_whole

BODY_LIMIT = 64 * 1024  # bytes
BODY_SECONDS = 10.0

Headers = Mapping[bytes, bytes]


class RequestBody(BaseModel):
    """A body that a route takes: unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def example(**body: Any) -> ConfigDict:
    """The `model_config` of a body that OpenAPI shows by this example."""
    return ConfigDict(json_schema_extra={"examples": [body]})


class Disconnected(Exception):
    """The client has gone before the whole request had come."""


def too_large(limit: int) -> Refusal:
    """The refusal of a body above the limit; the connection ends with it, for the rest may still be on its way."""
    return Refusal("too_large", f"A body has at most {limit} bytes.", headers={"Connection": "close"}, max_bytes=limit)


async def read_body(receive: Receive, headers: Headers, limit: int = BODY_LIMIT) -> bytes:
    """The whole body, within the limits."""
    if (there := taken_whole(receive)) is not None:
        if len(there) > limit:
            raise too_large(limit)
        return there
    take, parts, more = limited(receive, headers, limit), [], True
    while more:
        message = await take()
        parts.append(_part(message))
        more = message.get("more_body", False)
    return b"".join(parts)


def limited(receive: Receive, headers: Headers, limit: int, seconds: float = BODY_SECONDS) -> Receive:
    """`receive`, refusing with 413 once the body is above `limit` bytes, told by Content-Length or not, and with 408
    where it has not come to its end within so many seconds, or nothing of it within ten.
    """
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > limit:
        raise too_large(limit)
    received, more = 0, True
    now = asyncio.get_running_loop().time
    end = now() + seconds

    async def take() -> Message:
        nonlocal received, more
        if not more:  # whoever asks now waits for the client to go
            return await receive()
        message = await _in_time(receive, min(end, now() + BODY_SECONDS))
        received += len(message.get("body", b""))
        more = message.get("more_body", False)
        if received > limit:
            raise too_large(limit)
        return message

    return take


async def _in_time(receive: Receive, end: float) -> Message:
    try:
        async with asyncio.timeout_at(end):
            return await receive()
    except TimeoutError:
        raise Refusal("request_timeout", "The body did not come to its end.", headers={"Connection": "close"}) from None


def _part(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise Disconnected
    body: bytes = message.get("body", b"")
    return body
