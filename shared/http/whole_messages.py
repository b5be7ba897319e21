"""Whole messages: a body that has come entirely, taken without a wait, and an answer in one write.

Beside ASGI's own messages, for the server's protocol passes both on only in pieces, and looks at each header of an
answer twice (`make bench`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

Headers = Sequence[tuple[bytes, bytes]]

_BREAKS = re.compile(rb"[\0\r\n]")


class Receiving:
    """The receiving of one request: as ASGI has it, or its body whole."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    async def __call__(self) -> Message:
        return await self._cycle.receive()  # type: ignore[return-value]

    def whole(self) -> bytes | None:
        """The body, where all of it has come and nothing of it was taken."""
        cycle = self._cycle
        if cycle.more_body or cycle.disconnected or cycle.response_complete or not cycle.message_event.is_set():
            return None
        cycle.flow.resume_reading()
        cycle.message_event.clear()
        body, cycle.body = bytes(cycle.body), bytearray()
        return body


class Sending:
    """The sending of one answer: as ASGI has it, or whole."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    async def __call__(self, message: Message) -> None:
        await self._cycle.send(message)  # type: ignore[arg-type]

    def whole(self, status: int, headers: Headers, stamps: bytes, body: bytes) -> bool:
        """Whether it was sent, in one write: not where the client is slow or gone, or the connection ends with it.

        `headers` say nothing of the connection; `stamps` are such as are written already.
        """
        cycle = self._cycle
        if cycle.flow.write_paused or cycle.disconnected or cycle.response_started or not cycle.keep_alive:
            return False
        if _BREAKS.search(b"".join([value for _, value in headers])):
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        head = written((*cycle.default_headers, *headers))
        cycle.transport.write(b"%b%b%b\r\n%b" % (STATUS_LINE[status], head, stamps, body))
        cycle.message_event.set()
        cycle.on_response()
        return True


def written(headers: Headers) -> bytes:
    """The lines of these headers."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def with_whole_messages(app: ASGIApp, cycle: RequestResponseCycle) -> Any:
    """The application, served whole messages beside ASGI's own."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, Receiving(cycle), Sending(cycle))

    return served


def taken_whole(receive: Receive) -> bytes | None:
    """The body, where the server has all of it and gives it at once."""
    return receive.whole() if isinstance(receive, Receiving) else None
