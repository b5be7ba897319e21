"""Many sockets, many requests, slow clients: who gives way, who is told to come again, and who is never turned away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.http import protocol
from shared.http.admission.sockets import RESERVED_FILES, Admission, Limits
from shared.http.request import body
from shared.http.server import listening
from shared.process.health import Probes
from shared.process.startup import bind, open_files
from tests.cases.plugin import Came
from tests.support.raw_http import application, problem, said, served
from tests.support.servers.stack import eventually
from tests.support.toys.notes import Issuer, running_issuer, tiny_app

GET = b"GET %s HTTP/1.1\r\nhost: h\r\n\r\n"
LAST = b"GET %s HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"
MANY = 2010


@dataclass
class Client:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, path: bytes = b"/") -> bytes:
        """The head of the answer to a request on this connection."""
        self.writer.write(GET % path)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await self.reader.readexactly(int(length.split()[1]))
        return head

    async def is_closed(self) -> bool:
        """Whether the server has closed it."""
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(0.02):
                return await self.reader.read(1) == b""
        return self.reader.at_eof() or self.reader.exception() is not None


@contextlib.asynccontextmanager
async def clients(port: int, count: int, source: str = "127.0.0.1", says: bytes = b"") -> AsyncIterator[list[Client]]:
    """So many connections of one address, each of which says this and no more."""
    made = [Client(*await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))) for _ in range(count)]
    for client in made:
        client.writer.write(says)
    try:
        yield made
    finally:
        for client in made:
            client.writer.transport.abort()


@dataclass
class Slow:
    """An application whose answers wait until they are let; probes are answered at once."""

    let: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] not in Probes.PATHS:
            self.waiting += 1
            await self.let.wait()
            self.waiting -= 1
        await application(scope, receive, send)


def status(answer: bytes) -> int:
    return int(answer.split()[1])


IDLE = {
    "H4": ("2,010 sockets of one client, nothing said", b""),
    "H4+1": ("2,010 sockets of one client, each with half a head", b"GET / HTTP/1.1\r\nx: "),
    "H4+2": ("2,010 sockets of one client, each kept alive after an answer", GET % b"/"),
    "H4+3": (
        "2,010 sockets of one client, each with half a body that was answered",
        b"PUT / HTTP/1.1\r\ncontent-length: 9\r\n\r\nabc",
    ),
}


async def at_once(scope: Any, receive: Any, send: Any) -> None:
    """Answers before the body has come."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
    await send({"type": "http.response.body", "body": b"yes"})


@pytest.mark.parametrize(
    "says",
    [
        pytest.param(says, id=case, marks=pytest.mark.case(case, given=given, right="/ 200, /readyz 200"))
        for case, (given, says) in IDLE.items()
    ],
)
async def test_sockets_that_do_nothing_lock_nobody_out(says: bytes, came: Came) -> None:
    async with served(at_once) as port, clients(port, MANY, says=says):
        answers = [await said(port, LAST % path) for path in (b"/", b"/readyz")]
    came(f"/ {status(answers[0])}, /readyz {status(answers[1])}")


@pytest.mark.case("H4+4", given="as many requests under way as there may be", right="/ 503 busy, /readyz 200")
async def test_who_comes_when_all_places_are_taken_is_told_to_come_again_and_a_probe_is_answered(came: Came) -> None:
    slow = Slow()
    async with served(slow, requests=3) as port, clients(port, 3, says=GET % b"/"):
        await eventually(lambda: slow.waiting == 3)
        asked = LAST.replace(b"host: h", b"x-request-id: mine")
        line, headers, told = problem(await said(port, asked % b"/"))
        probes = [status(await said(port, asked % path)) for path in (b"/healthz", b"/readyz")]
        slow.let.set()
        await eventually(lambda: not slow.waiting)
        assert status(await said(port, asked % b"/")) == 200
    assert headers["retry-after"] == "1" and headers["x-request-id"].startswith("req_")
    assert probes == [200, 200]
    came(f"/ {told['status']} {told['code']}, /readyz {probes[1]}")


@pytest.mark.case("H4+5", given="one address has its share of requests under way", right="its own 503, another's 200")
async def test_an_address_takes_its_share_of_requests_and_no_more(came: Came) -> None:
    slow = Slow()
    async with served(slow, requests=9, requests_of_one=2) as port, clients(port, 2, "127.0.0.2", GET % b"/"):
        await eventually(lambda: slow.waiting == 2)
        async with clients(port, 1, "127.0.0.2") as [own], clients(port, 1, "127.0.0.3") as [other]:
            refused = await own.ask()
            asked = asyncio.create_task(other.ask())
            await eventually(lambda: slow.waiting == 3)
            slow.let.set()
            came(f"its own {status(refused)}, another's {status(await asked)}")


async def test_an_address_takes_its_share_of_sockets_and_no_more() -> None:
    async with (
        served(sockets=9, sockets_of_one=2) as port,
        clients(port, 1, "127.0.0.3") as [other],
        clients(port, 3, "127.0.0.2") as [first, *later],
    ):
        await eventually(first.is_closed)
        assert not await other.is_closed()
        assert [status(await client.ask()) for client in (other, *later)] == [200, 200, 200]


async def test_the_oldest_idle_socket_gives_way_and_those_that_never_asked_before_those_that_did() -> None:
    async with served(sockets=3) as port, clients(port, 3) as [first, second, third]:
        for client in (first, third):
            assert status(await client.ask()) == 200
        async with clients(port, 1) as [fourth]:
            await eventually(second.is_closed)
            for client in (fourth, first):
                assert status(await client.ask()) == 200
            async with clients(port, 1):
                await eventually(third.is_closed)
                assert not await first.is_closed() and not await fourth.is_closed()


async def test_a_socket_whose_request_is_under_way_never_gives_way() -> None:
    slow = Slow()
    async with served(slow, sockets=4, requests=2) as port, clients(port, 2) as busy:
        asked = [asyncio.create_task(client.ask()) for client in busy]
        await eventually(lambda: slow.waiting == 2)
        async with clients(port, 9) as idle:
            await eventually(idle[0].is_closed)
            slow.let.set()
            assert [status(await answer) for answer in asked] == [200, 200]


async def test_a_request_whose_client_has_gone_counts_until_it_ends() -> None:
    slow = Slow()
    async with served(slow, requests=1) as port:
        async with clients(port, 1, says=GET % b"/"):
            await eventually(lambda: slow.waiting == 1)
        assert status(await said(port, LAST % b"/")) == 503
        slow.let.set()
        await eventually(lambda: not slow.waiting)
        assert status(await said(port, LAST % b"/")) == 200


async def test_nothing_is_left_of_clients_that_have_gone() -> None:
    admission = Admission(Limits())
    at = bind("127.0.0.1", 0)
    async with listening(application, at, admission):
        port = at.getsockname()[1]
        async with clients(port, 5, says=GET % b"/"), clients(port, 5, "127.0.0.2"):
            await eventually(lambda: (admission.sockets, admission.addresses) == (10, 2))
        await eventually(lambda: (admission.sockets, admission.addresses) == (0, 0))


def test_there_are_never_more_sockets_than_files_and_always_more_sockets_than_requests() -> None:
    limits = Limits().within(RESERVED_FILES + 100)
    assert (limits.sockets, limits.requests) == (100, 50)
    assert Limits().within(1_000_000) == Limits()
    assert open_files() > RESERVED_FILES


# Slow clients


@pytest.fixture(scope="module")
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as issuer:
        yield issuer


FORM = b"content-type: application/x-www-form-urlencoded\r\n"
JSON = b"content-type: application/json\r\n"
SLOW_BODIES = {
    "M14": ("a form, of which no more comes", b"/v1/forms", FORM + b"content-length: 9\r\n", b"name="),
    "M14+1": ("JSON for a route that FastAPI serves", b"/v1/open", JSON + b"content-length: 9\r\n", b"{"),
    "M14+2": ("the same in chunks", b"/v1/open", JSON + b"transfer-encoding: chunked\r\n", b"1\r\n{\r\n"),
    "M14+3": ("a command", b"/v1/notes/n1/echo", JSON + b"content-length: 9\r\n", b"{"),
}


@pytest.mark.parametrize(
    ("path", "headers", "begun"),
    [
        pytest.param(*rest, id=case, marks=pytest.mark.case(case, given=given, right="408 request_timeout"))
        for case, (given, *rest) in SLOW_BODIES.items()
    ],
)
async def test_a_body_that_does_not_end_in_time_is_refused(
    path: bytes, headers: bytes, begun: bytes, issuer: Issuer, came: Came, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "BODY_SECONDS", 0.2)
    token = issuer.bearer()["Authorization"].encode()
    head = b"POST %s HTTP/1.1\r\nhost: localhost\r\nauthorization: %s\r\n%s\r\n" % (path, token, headers)
    async with served(tiny_app(issuer)) as port:
        _, _, told = problem(await said(port, head + begun))
    came(f"{told['status']} {told['code']}")


@pytest.mark.case("M14+4", given="a body that nobody reads, without an end", right="answered, then closed")
async def test_a_body_that_was_answered_early_has_its_time_too(came: Came, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "REST_SECONDS", 0.2)
    async with served(at_once) as port, clients(port, 1) as [client]:
        client.writer.write(b"POST / HTTP/1.1\r\ncontent-length: 9999\r\n\r\n")
        assert status(await client.reader.readuntil(b"yes")) == 200
        while not await client.is_closed():
            client.writer.write(b"a")
    came("answered, then closed")


async def test_a_connection_whose_body_ended_after_its_answer_serves_on_and_is_closed_when_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.http.server.KEEP_ALIVE", 2.0)
    async with served(at_once) as port, clients(port, 1) as [client]:
        client.writer.write(b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n")
        assert status(await client.reader.readuntil(b"yes")) == 200
        client.writer.write(b"abc")
        assert status(await client.ask()) == 200
        client.writer.write(b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n")
        assert status(await client.reader.readuntil(b"yes")) == 200
        client.writer.write(b"abc")
        assert await client.reader.read() == b""


async def test_who_does_not_take_an_answer_holds_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asyncio.Event()

    async def long(scope: Any, receive: Any, send: Any) -> None:
        asked.set()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(100):
            await send({"type": "http.response.body", "body": b"a" * 1_000_000, "more_body": True})

    monkeypatch.setattr(protocol, "WRITE_SECONDS", 0.2)
    admission = Admission(Limits())
    at = bind("127.0.0.1", 0)
    async with listening(long, at, admission), clients(at.getsockname()[1], 1, says=GET % b"/"):
        await asked.wait()
        await eventually(lambda: admission.sockets == 0)
