"""A body that has come whole is taken at once, and an answer goes out in one write: a client sees no difference."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from starlette.types import ASGIApp

from shared.http.common_headers import BodyUnwanted, Stamped
from shared.http.problems import Refusal
from shared.http.request.body import read_body
from shared.http.request_context import RequestContext
from shared.http.responses import JsonResponse
from shared.http.whole_messages import taken_whole
from tests.support.raw_http import said, served

LAST = b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\n"
REQUESTS = {
    "without a body": b"GET / HTTP/1.1\r\nhost: h\r\n\r\n",
    "with a body": POST + b"hello",
    "with a body in chunks": b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "for the head alone": b"HEAD / HTTP/1.1\r\nhost: h\r\n\r\n",
    "by an old client": b"GET / HTTP/1.0\r\n\r\n",
    "two at once": 2 * (POST + b"hello"),
}


class Echo:
    """An application that answers with the body that it was sent, of ten bytes at most; `whole`: as the server has it,
    or through a sending and a receiving that know ASGI's own messages alone.
    """

    def __init__(self, whole: bool = True, header: bytes = b"plain") -> None:
        self.whole, self.header = whole, header

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def received() -> Any:
            return await receive()

        async def sent(message: Any) -> None:
            await send(message)

        context = RequestContext.of(scope)
        stamped = Stamped(scope, send if self.whole else sent, context, https=True)
        answer = await self._answer(receive if self.whole else received, context)
        with contextlib.suppress(BodyUnwanted):
            await answer(scope, receive, stamped)
        assert context.status == answer.status_code

    async def _answer(self, receive: Any, context: RequestContext) -> JsonResponse:
        try:
            answer = JsonResponse(await read_body(receive, context.headers, 10))
            answer.add(b"x-own", self.header)
        except Refusal:
            answer = JsonResponse(b"refused", 413)
            answer.add(b"connection", b"close")
        return answer


def plain(answer: bytes) -> list[tuple[bytes, list[bytes], bytes]]:
    """The answers as a client understands them, without what differs from one to the next."""
    parts = []
    for each in answer.split(b"HTTP/1.1 ")[1:]:
        head, _, body = each.partition(b"\r\n\r\n")
        status, *lines = head.split(b"\r\n")
        parts.append((status, sorted(line for line in lines if not line.startswith((b"date", b"x-request-id"))), body))
    return parts


async def answers(app: ASGIApp, *pieces: bytes) -> bytes:
    async with served(app) as port:
        return await said(port, *pieces, pause=0.02)


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=list(REQUESTS))
async def test_an_answer_in_one_piece_is_the_one_in_two(request_: bytes) -> None:
    whole, pieces = await answers(Echo(), request_ + LAST), await answers(Echo(whole=False), request_ + LAST)
    assert plain(whole) == plain(pieces)
    assert plain(whole) and all(status == b"200 OK" for status, *_ in plain(whole))


async def test_a_body_that_is_there_is_taken_without_a_wait_and_the_answer_goes_in_one_write() -> None:
    """What the server gives whole is measured, not needed: nothing else would show that it is never used."""
    taken: list[bytes | None] = []
    sent: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        taken.append(taken_whole(receive))
        sent.append(send.whole(200, [(b"content-length", b"3")], b"", b"yes"))
        if not sent[-1]:
            await JsonResponse(b"pieces")(scope, receive, send)

    answer = await answers(app, REQUESTS["with a body"] + LAST)
    assert (taken, sent) == ([b"hello", b""], [True, False])
    assert [body for *_, body in plain(answer)] == [b"yes", b"pieces"]


async def test_a_body_that_comes_later_is_waited_for_and_answered_in_order() -> None:
    whole = await answers(Echo(), POST + b"he", b"llo" + POST, b"again", LAST)
    assert [body for *_, body in plain(whole)] == [b"hello", b"again", b""]


async def test_a_whole_body_above_the_limit_is_refused_and_the_connection_ends() -> None:
    (refused,) = plain(await answers(Echo(), POST.replace(b"5", b"11") + b"hello world" + LAST))
    assert refused[0].startswith(b"413") and b"connection: close" in refused[1]


async def test_a_header_with_a_line_break_goes_to_nobody() -> None:
    answer = await answers(Echo(header=b"mine\r\nset-cookie: theirs"), REQUESTS["without a body"])
    assert b"theirs" not in answer
