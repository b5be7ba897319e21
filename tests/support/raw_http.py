"""HTTP by the byte: an application on a real socket, and what a client without manners gets from it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.types import ASGIApp

from shared.http.admission.sockets import Admission, Limits
from shared.http.server import listening
from shared.process.startup import bind
from tests.support.servers.stack import LIMIT


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Says yes when the body has been read."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
    await send({"type": "http.response.body", "body": b"yes"})


@contextlib.asynccontextmanager
async def served(app: ASGIApp = application, **most: int) -> AsyncIterator[int]:
    """The port at which the application is served, within these limits."""
    async with listening(app, bind("127.0.0.1", 0), Admission(Limits(**most))) as address:
        yield int(address.rpartition(":")[2])


async def said(port: int, *pieces: bytes, within: float = LIMIT, pause: float = 0) -> bytes:
    """All that is answered until the server closes; a TimeoutError when it does not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    try:
        async with asyncio.timeout(within):
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(pause)
            with contextlib.suppress(ConnectionError):
                while piece := await reader.read(65536):
                    answer += piece
    finally:
        writer.transport.abort()
    return answer


def problem(answer: bytes) -> tuple[str, dict[str, str], Any]:
    """Status line, headers and document of a problem after which the connection ends."""
    head, _, body = answer.decode().partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    said = json.loads(body)
    assert (headers["connection"], headers["content-type"]) == ("close", "application/problem+json")
    assert headers["x-request-id"] == said["request_id"]
    assert int(status.split()[1]) == said["status"]
    return status, headers, said
