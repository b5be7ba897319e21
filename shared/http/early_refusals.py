"""Early refusals, before the application is asked: of what cannot be read, and when the process is full."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from shared.http.common_headers import SECURITY, BodyUnwanted, Stamped
from shared.http.problems import MEDIA_TYPE, RETRY_AFTER, Problem
from shared.http.request_context import RequestContext
from shared.http.responses import problem_response, to_json
from shared.observability.metrics import REFUSALS


def unasked(status: HTTPStatus, problem: Problem, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The whole answer to a request with these headers, after which the connection ends."""
    request_id = RequestContext.of({"headers": headers}).request_id
    body = to_json({**problem.body(request_id), "status": status})
    head = [
        f"HTTP/1.1 {status} {status.phrase}",
        f"content-type: {MEDIA_TYPE}",
        f"content-length: {len(body)}",
        f"x-request-id: {request_id}",
        "connection: close",
        *(f"{name.decode()}: {value.decode()}" for name, value in SECURITY),
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


async def full(scope: Any, receive: Any, send: Any) -> None:
    """Answers instead of the application when enough requests are under way: nothing was read, come again."""
    context = RequestContext.of(scope)
    problem = Problem("busy", headers={"Retry-After": str(RETRY_AFTER), "Connection": "close"})
    REFUSALS.labels(problem.code).inc()
    with contextlib.suppress(BodyUnwanted):
        stamped = Stamped(scope, send, context, https=False)
        await problem_response(problem, context.request_id)(scope, receive, stamped)
