"""What one connection and one probe may cost: bounded headers, bounded waiting, one question to the database at a
time.
"""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from shared.http import protocol
from shared.process import health
from tests.cases.plugin import Came
from tests.support.raw_http import problem, said, served
from tests.support.servers.stack import LIMIT

WHOLE = b"GET / HTTP/1.1\r\nhost: h\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n"


def refused(answer: bytes) -> bool:
    return problem(answer)[0] == "HTTP/1.1 431 Request Header Fields Too Large"


HEADS = {
    "one long header, unfinished": b"GET / HTTP/1.1\r\nx: " + b"a" * 66_000,
    "one long header, finished": b"GET / HTTP/1.1\r\nx: " + b"a" * 66_000 + b"\r\n\r\n",
    "a long path": b"GET /" + b"a" * 66_000,
    "many headers, unfinished": b"GET / HTTP/1.1\r\n" + b"x: 1\r\n" * 202,
    "many headers, finished": b"GET / HTTP/1.1\r\n" + b"x: 1\r\n" * 201 + b"\r\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=list(HEADS))
async def test_a_head_too_large_is_refused_and_the_connection_closed(head: bytes) -> None:
    async with served() as port:
        assert refused(await said(port, head))


async def test_headers_without_end_are_refused_on_a_connection_that_was_used_before() -> None:
    async with served() as port:
        answer = await said(port, WHOLE, b"GET / HTTP/1.1\r\n", *[b"x: " + b"a" * 1000 + b"\r\n"] * 66, pause=0.002)
    assert answer.startswith(b"HTTP/1.1 200") and refused(answer[answer.index(b"yes") + 3 :])


async def test_trailers_without_end_close_the_connection() -> None:
    async with served() as port:
        await said(port, CHUNKED + b"3\r\nabc\r\n0\r\n", *[b"x: " + b"a" * 1000 + b"\r\n"] * 1000)


@pytest.mark.parametrize("body", [b"a" * 1_000_000], ids=["a megabyte"])
async def test_a_body_is_no_header_and_neither_is_what_stands_before_the_next_head(body: bytes) -> None:
    last = b"GET / HTTP/1.1\r\nconnection: close\r\n" + b"x: 1\r\n" * 190 + b"\r\n"
    plain = b"POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    chunked = CHUNKED + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    async with served() as port:
        answer = await said(port, plain + chunked + last[:100], last[100:], pause=0.1)
    assert answer.count(b"HTTP/1.1 200") == 3


@pytest.mark.parametrize(
    "start", [b"GET /", b"GET / HTTP/1.1\r\nx: ", b"\r\n", WHOLE + b"GET /", WHOLE + b"GET / HTTP/1.1\r\n"]
)
async def test_a_head_that_does_not_end_in_time_closes_the_connection(
    start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2, raising=False)
    async with served() as port:
        await said(port, start, *[b"a" if start != b"\r\n" else b"\r\n"] * 20, pause=0.05)


async def test_a_request_in_time_outlives_the_limit_of_its_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 2.0, raising=False)
    async with served() as port:
        head = b"POST / HTTP/1.1\r\nconnection: close\r\ncontent-length: 3\r\n\r\n"
        slow = [head[:20], head[20:], b"", b"", b"", b"a", b"b", b"c"]
        assert (await said(port, *slow, pause=0.3)).startswith(b"HTTP/1.1 200")


async def test_a_connection_that_says_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "FIRST_BYTE_SECONDS", 0.2)
    async with served() as port:
        assert await said(port) == b""


@pytest.mark.parametrize("before", [b"", WHOLE.replace(b"host: h", b"x-request-id: mine")], ids=["first", "next"])
async def test_what_is_no_http_is_refused_by_a_problem_under_an_id_of_its_own(before: bytes) -> None:
    async with served() as port:
        answer = await said(port, before, b"nonsense\r\n\r\n", pause=0.1)
    status, headers, told = problem(answer[answer.rindex(b"HTTP/1.1") :])
    assert (status, told["code"]) == ("HTTP/1.1 400 Bad Request", "malformed_request")
    assert headers["x-request-id"].startswith("req_")


class Slow:
    """An application that answers in two pieces, the second when it is told to."""

    def __init__(self) -> None:
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        self.begun.set()
        await self.go_on.wait()
        await send({"type": "http.response.body", "body": b"two"})


NO_HTTP = {
    "no head": b"nonsense\r\n\r\n",
    "a head of another version": b"GET / HTTP/3.0\r\n\r\n",
    "a whole request and then no head": WHOLE + b"nonsense\r\n\r\n",
    "a body that cannot be read": CHUNKED + b"zz\r\n",
    "the end of the client's side": b"",
}


@pytest.mark.parametrize("behind", NO_HTTP.values(), ids=list(NO_HTTP))
async def test_what_cannot_be_read_behind_a_request_changes_nothing_in_its_answer(behind: bytes) -> None:
    slow = Slow()
    async with served(slow) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(WHOLE)
        await slow.begun.wait()
        if behind:
            writer.write(behind)
        else:
            writer.write_eof()
        await asyncio.sleep(0.1)
        slow.go_on.set()
        answer = await asyncio.wait_for(reader.read(), LIMIT)
        writer.close()
    answers = answer.split(b"HTTP/1.1 ")[1:]
    assert [one[:3] for one in answers] == [b"200"] * (2 if WHOLE in behind else 1)
    assert all(one.endswith(b"\r\n\r\nonetwo") for one in answers)


async def test_a_client_that_has_ended_its_side_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HALF_CLOSED_SECONDS", 0.2)
    slow = Slow()
    async with served(slow) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(WHOLE)
        await slow.begun.wait()
        writer.write_eof()
        assert (await asyncio.wait_for(reader.read(), LIMIT)).endswith(b"one")
        writer.close()


@pytest.mark.case("L8", given="GET /x without a version", right="400 malformed_request")
@pytest.mark.parametrize("line", [b"GET /x\r\n\r\n", b"GET /x HTTP/0.9\r\n\r\n", b"GET /x HTTP/2.0\r\n\r\n"])
async def test_a_request_line_without_a_version_is_refused(came: Came, line: bytes) -> None:
    async with served() as port:
        status, _, told = problem(await said(port, line))
    came(f"{status.split()[1]} {told['code']}")


async def test_a_head_too_large_is_refused_under_an_id_of_its_own() -> None:
    async with served() as port:
        answer = await said(port, b"GET / HTTP/1.1\r\nx-request-id: mine\r\n" + b"x: 1\r\n" * 202)
    assert problem(answer)[1]["x-request-id"].startswith("req_")


# The database's probe


class Connection:
    """A connection that answers when it is let."""

    made = 0
    open: asyncio.Event

    async def fetchval(self, _: str) -> str:
        await self.open.wait()
        return "9999"

    def terminate(self) -> None:
        pass


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Connection:
    it = Connection()
    it.open = asyncio.Event()

    async def connect(*_: Any, **__: Any) -> Connection:
        it.made += 1
        return it

    monkeypatch.setattr(asyncpg, "connect", connect)
    return it


async def test_those_who_ask_at_once_share_one_connection_and_one_who_leaves_takes_nothing_away(
    connection: Connection,
) -> None:
    ready = health.Probes({"database": health.database_check("postgresql://nowhere", "dispute")}).ready
    asking = [asyncio.create_task(ready()) for _ in range(50)]
    while not connection.made:
        await asyncio.sleep(0)
    asking[0].cancel()
    await asyncio.wait(asking[:1])
    connection.open.set()
    first, *others = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(first, asyncio.CancelledError)
    assert [each.status for each in others if isinstance(each, health.Answered)] == [200] * 49
    assert connection.made == 1


async def test_an_answer_is_kept_for_half_a_second_and_no_longer(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.open.set()
    check = health.database_check("postgresql://nowhere", "dispute")
    with monkeypatch.context() as patience:
        patience.setattr(health, "KEPT", 3600.0)
        assert [await check() for _ in range(5)] == [None] * 5
    assert connection.made == 1
    await asyncio.sleep(health.KEPT)
    assert await check() is None
    assert connection.made == 2


async def test_draining_is_told_at_once_beside_a_kept_answer(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "KEPT", 3600.0)
    connection.open.set()
    stopping: list[str] = []

    async def draining() -> str | None:
        return stopping[0] if stopping else None

    ready = health.Probes(
        {"draining": draining, "database": health.database_check("postgresql://nowhere", "dispute")}
    ).ready
    assert (await ready()).status == 200
    stopping.append("stopping")
    assert (await ready()).status == 503
    assert connection.made == 1


async def test_a_database_that_hangs_does_not_keep_the_next_check_from_starting(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "BUDGET", 0.6)
    ready = health.Probes({"database": health.database_check("postgresql://nowhere", "dispute")}).ready
    assert (await ready()).status == 503
    connection.open.set()
    monkeypatch.setattr(health, "BUDGET", 30.0)
    assert (await ready()).status == 200
    assert connection.made == 2
