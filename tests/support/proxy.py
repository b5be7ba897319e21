"""A TCP proxy on the loopback address that can lose a request, lose an answer, hang up behind a request, fall silent or
refuse.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from random import Random
from urllib.parse import urlsplit, urlunsplit

Chance = Callable[[], bool]


def never() -> bool:
    """No fault."""
    return False


def now_and_then(dice: Random, most: int) -> Chance:
    """Yes at planned askings, the next one never more than `most` away."""

    def answers() -> Iterator[bool]:
        while True:
            yield from [False] * dice.randrange(most)
            yield True

    return partial(next, answers())


@dataclass
class Faults:
    """What goes wrong. The `next_` ones happen once; the chances are asked for each piece of data."""

    lose_next_request: bool = False
    lose_next_answer: bool = False
    silent: bool = False
    refuse: bool = False
    lose_request: Chance = never
    lose_answer: Chance = never
    hang_up: Chance = never


@dataclass
class Proxy:
    """Passes connections on to `target` and does to them what `faults` say; `url` is the address to use instead."""

    target: str
    url: str = ""
    cuts: int = 0
    faults: Faults = field(default_factory=Faults)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """Ends every connection at once."""
        for writer in list(self._open):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection, until either side or a fault ends it."""
        if self.faults.refuse:
            writer.transport.abort()
            return
        parts = urlsplit(self.target)
        up_reader, up_writer = await asyncio.open_connection(parts.hostname, parts.port)
        self._open |= {writer, up_writer}
        pumps = [
            asyncio.create_task(self._pump(reader, up_writer, self._loses_request)),
            asyncio.create_task(self._pump(up_reader, writer, self._loses_answer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in (writer, up_writer):
                self._open.discard(end)
                end.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, loses: Chance) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                if loses():
                    self.cuts += 1
                    return
                if not self.faults.silent:
                    sink.write(data)
                    await sink.drain()
                if self.faults.hang_up():
                    self.cuts += 1
                    return

    def _loses_request(self) -> bool:
        lost, self.faults.lose_next_request = self.faults.lose_next_request, False
        return lost or self.faults.lose_request()

    def _loses_answer(self) -> bool:
        lost, self.faults.lose_next_answer = self.faults.lose_next_answer, False
        return lost or self.faults.lose_answer()


@contextlib.asynccontextmanager
async def proxied(target: str) -> AsyncIterator[Proxy]:
    """A proxy before the server of the address `target`."""
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    parts = urlsplit(target)
    login, at, _ = parts.netloc.rpartition("@")
    proxy.url = urlunsplit(parts._replace(netloc=f"{login}{at}127.0.0.1:{port}"))
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        await asyncio.sleep(0)
