"""Request bodies: read with a limit, parsed as JSON, refused where the log could not store them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict
from starlette.types import Message, Receive

from shared.http.problems import Refusal, fault

BODY_LIMIT = 64 * 1024  # bytes
BODY_SECONDS = 10.0
_JSON = re.compile(rb"application/(?:[\w.+-]+\+)?json(?:\s*;.*)?", re.IGNORECASE)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

Headers = Mapping[bytes, bytes]
Place = tuple[str | int, ...]
Unstorable = tuple[Place, str, str]


class RequestBody(BaseModel):
    """A body that a route takes: unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Disconnected(Exception):
    """The client has gone before the whole request had come."""


def too_large(limit: int) -> Refusal:
    """The refusal of a body above the limit; the connection ends with it, for the rest may still be on its way."""
    return Refusal("too_large", f"A body has at most {limit} bytes.", headers={"Connection": "close"}, max_bytes=limit)


async def read_body(receive: Receive, headers: Headers, limit: int = BODY_LIMIT) -> bytes:
    """The whole body, within the limits."""
    take, parts, more = limited(receive, headers, limit), [], True
    while more:
        message = await take()
        parts.append(_part(message))
        more = message.get("more_body", False)
    return b"".join(parts)


def limited(receive: Receive, headers: Headers, limit: int) -> Receive:
    """`receive`, refusing with 413 once the body is above `limit` bytes, told by Content-Length or not, and with 408
    where it has not come to its end within ten seconds.
    """
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > limit:
        raise too_large(limit)
    received, more = 0, True
    end = asyncio.get_running_loop().time() + BODY_SECONDS

    async def take() -> Message:
        nonlocal received, more
        if not more:  # whoever asks now waits for the client to go
            return await receive()
        message = await _in_time(receive, end)
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


def parse_json(raw: bytes, headers: Headers) -> Any:
    """The JSON value of a body: 415 where it is said to be something else, 400 where it is none."""
    if not _JSON.fullmatch(headers.get(b"content-type", b"")):
        raise Refusal(
            "unsupported_media_type", "The body is sent as application/json.", headers={"Accept": "application/json"}
        )
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _with_surrogates(raw)


def _with_surrogates(raw: bytes) -> Any:
    # orjson calls half a surrogate pair a syntax error. RFC 8259 allows it, Unicode and PostgreSQL do not: so it is
    # reported as a fault of that field.
    try:
        if not _ESCAPED_SURROGATE.search(raw):
            raise ValueError("not JSON")
        return json.loads(raw.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refusal("malformed_json", "The body is not JSON in UTF-8.") from None


def _no_number(name: str) -> Any:
    raise ValueError("JSON has no NaN and no Infinity")


def refuse_unstorable(raw: bytes, value: Any) -> None:
    """422 where a text of the JSON value, or a member's name, holds a NUL or half a surrogate pair, which no log can
    keep.
    """
    # The bytes are searched first: hardly any body has such an escape.
    if b"\\u0000" not in raw and not _ESCAPED_SURROGATE.search(raw):
        return
    faults = [fault(("body", *place), code, f"The text holds {what}.") for place, code, what in _unstorable(value)]
    if faults:
        raise Refusal("validation_failed", errors=faults)


def _unstorable(value: Any) -> list[Unstorable]:
    found: list[Unstorable] = []
    left: list[tuple[Place, Any]] = [((), value)]
    while left:
        place, part = left.pop()
        if isinstance(part, str):
            found += [(place, code, what) for code, what in _wrong_with(part)]
        elif isinstance(part, dict):
            # A bad name is reported at its object: a pointer must be storable too.
            found += [(place, code, what) for name in part for code, what in _wrong_with(name)]
            left += [((*place, name), inner) for name, inner in part.items() if not _wrong_with(name)]
        elif isinstance(part, list):
            left += [((*place, number), inner) for number, inner in enumerate(part)]
    return found


def _wrong_with(text: str) -> list[tuple[str, str]]:
    nul = [("nul_character", "a NUL character")] if "\0" in text else []
    return nul + ([("lone_surrogate", "half a surrogate pair")] if _SURROGATE.search(text) else [])


def canonical(value: Any) -> bytes:
    """The same bytes for the same JSON value, whatever the order of members and the white space; 400 where it is nested
    beyond reason.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise Refusal("malformed_json", "The body is nested too deeply.") from None
