"""Middleware: request id, route lookup, exceptions as problems, metrics and the log line of each request."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http.admission.door import Door
from shared.http.caller import charge_stranger
from shared.http.common_headers import BodyUnwanted, Stamped
from shared.http.problems import Refusal, problem_of
from shared.http.request.body import Disconnected
from shared.http.request.paths import parted_path
from shared.http.request_context import NO_ROUTE, RequestContext, refuse_repeated
from shared.http.responses import JsonResponse, problem_response
from shared.http.routing import Route
from shared.observability.log_lines import Logger, without_text
from shared.observability.metrics import REFUSALS, REPLAYS, REQUESTS
from shared.process.health import Probes
from shared.resilience.retry import transient

NO_SUCH_METHOD = 405
GONE = 499
TOO_MANY = 429
SERVER_ERROR = 500

Table = Mapping[tuple[str, int], list[tuple[re.Pattern[str], Route]]]


class Middleware:
    """An ASGI application around FastAPI's router."""

    def __init__(
        self,
        inner: ASGIApp,
        routes: Iterable[BaseRoute],
        probes: Probes,
        door: Door,
        support: str,
        https: bool = False,
    ) -> None:
        self._inner = inner
        self._door = door
        self._routes = [route for route in routes if isinstance(route, Route)]
        self._table = table(self._routes)
        self._probes = probes
        self._support = support
        self._https = https
        self._log = Logger("http")
        self._timers: dict[tuple[str, str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request. After an answer has begun, an error can only end the connection."""
        asked, context = scope["method"], RequestContext.of(scope)
        stamped = Stamped(scope, send, context, self._https)
        # A copy: the server looks at its own, and leaves the body of an answer to HEAD out as well.
        scope = {**scope, "context": context, "method": "GET" if asked == "HEAD" else asked}
        try:
            await self._serve(scope, receive, stamped)
        except Disconnected:
            context.status = GONE
        except Exception as error:
            await self._fail(error, context, scope, receive, stamped)
        finally:
            self._close(context, asked)

    async def _fail(
        self, error: Exception, context: RequestContext, scope: Scope, receive: Receive, stamped: Stamped
    ) -> None:
        if stamped.ended:
            return
        if context.status:
            self._report(error, context)
            raise error
        with contextlib.suppress(BodyUnwanted):
            await self._refuse(error, context, scope["path"])(scope, receive, stamped)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._door.guard(scope)
        refuse_repeated(scope["headers"])
        scope["path"] = path = parted_path(scope)
        for pattern, route in self._table.get((scope["method"], path.count("/")), ()):
            if found := pattern.match(path):
                scope["path_params"] = found.groupdict()
                await route.handle(scope, receive, send)
                return
        if path in Probes.PATHS and scope["method"] == "GET":
            probed = await self._probes.answer(path)
            await JsonResponse(probed.body, probed.status, probed.media_type.encode())(scope, receive, send)
            return
        if not self._counts_itself(scope["method"], path):
            charge_stranger(scope["context"], scope["app"])
        if path in Probes.PATHS:
            raise Refusal("method_not_allowed")
        await self._inner(scope, receive, send)

    def _counts_itself(self, method: str, path: str) -> bool:
        """Whether it is a route of ours that FastAPI serves (a form, a stream, a page), which counts who calls."""
        return any(method in (route.methods or ()) and route.path_regex.match(path) for route in self._routes)

    def _refuse(self, error: Exception, context: RequestContext, path: str) -> Response:
        problem = problem_of(error, self._support)
        if problem.status == NO_SUCH_METHOD:
            problem = replace(problem, headers={"Allow": self._allowed(path)})
        if problem.status == SERVER_ERROR or transient(error):
            self._report(error, context)
        context.code = problem.code
        REFUSALS.labels(problem.code).inc()
        return problem_response(problem, context.request_id)

    def _allowed(self, path: str) -> str:
        """The methods of all routes of the path: the router knows those of the first one only."""
        if path in Probes.PATHS:
            return "GET, HEAD"
        known = {method for route in self._routes if route.path_regex.match(path) for method in route.methods or ()}
        return ", ".join(sorted(known | ({"HEAD"} if "GET" in known else set())))

    def _report(self, error: Exception, context: RequestContext) -> None:
        tell = self._log.warning if transient(error) else self._log.error
        tell("failed", route=context.route, request_id=context.request_id, **without_text(error))

    def _close(self, context: RequestContext, method: str) -> None:
        if context.route == NO_ROUTE and context.status < SERVER_ERROR:
            return  # probes, documents and unknown addresses
        seconds = context.seconds
        self._timer(method, context.route, context.status).observe(seconds)
        if context.replayed:
            REPLAYS.labels(context.route).inc()
        if context.status == TOO_MANY:
            return  # counted; a line each would cost more than the refusal
        self._log.info("request", **context.line(method, seconds))

    def _timer(self, method: str, route: str, status: int) -> Any:
        labels = (method, route, status)
        if labels not in self._timers:
            self._timers[labels] = REQUESTS.labels(method, route, str(status))
        return self._timers[labels]


def table(routes: Iterable[BaseRoute]) -> Table:
    """Routes with a plan by method and number of slashes: a few patterns to try instead of all. FastAPI's router knows
    them too.
    """
    found: dict[tuple[str, int], list[tuple[re.Pattern[str], Route]]] = {}
    for route in routes:
        if isinstance(route, Route) and route.fast_path:
            for method in route.methods or ():
                found.setdefault((method, route.path.count("/")), []).append((route.path_regex, route))
    return found
