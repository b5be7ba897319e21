"""Routing: routes that FastAPI describes, most of them served by a fast path.

A fast path does for one caller or none, path and query parameters and one JSON body what FastAPI does for all cases.
Every other route (a form, a stream of events, a page) is FastAPI's own, behind the same access and limits.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.utils import create_model_field
from pydantic import TypeAdapter
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.faults import faults
from shared.http.caller import RouteAccess, charge_stranger
from shared.http.dry_run.foretelling import SWITCH
from shared.http.fast_path import Body, FastPath
from shared.http.problems import Refusal
from shared.http.request.body import BODY_LIMIT, limited
from shared.http.request.paths import refuse_ids_without_slot, variables_of
from shared.http.request.query_values import QueryPlan
from shared.http.request_context import RequestContext
from shared.http.responses import JsonResponse

_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


class Route(APIRoute):
    """A route of ours. `plan` is None where FastAPI serves it; `gate` is its caller's, if it asks who calls."""

    def __init__(self, path: str, endpoint: Callable[..., Any], response_model: Any = None, **options: Any) -> None:
        super().__init__(path, endpoint, response_model=None, **options)
        self.response_model = response_model or None
        self.response_field = _described(response_model) if response_model else None
        self.access, self.caller_name = _access(self)
        self.limit = self.max_body_size or BODY_LIMIT
        # A route that describes its body by itself reads it by itself, piece by piece.
        self.streams_body = "requestBody" in (self.openapi_extra or {})
        self.queries = QueryPlan.of(self.dependant.query_params)
        self.fast_path = _fast_path(self)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request whose path and method are this route's."""
        context: RequestContext = scope["context"]
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        context.route = self.path
        scope["path_params"] = variables_of(scope["path_params"])
        if self.fast_path is None:
            await self._by_fastapi(scope, receive, send, context)
            return
        response = await self.fast_path.answer(scope, receive)
        note(context, response)
        await response(scope, receive, send)

    async def _by_fastapi(self, scope: Scope, receive: Receive, send: Send, context: RequestContext) -> None:
        # Before the body is read: only who may upload does.
        if self.access:
            await self.access.admit(context, scope["app"])
            refuse_ids_without_slot(scope["path_params"])
        else:
            charge_stranger(context, scope["app"])
        if self.include_in_schema:  # a page passes over what a link adds to its address
            _, wrong = self.queries.read(scope["query_string"])
            if wrong:
                raise Refusal("validation_failed", errors=wrong)
        has_body = scope["method"] not in _WITHOUT_BODY and not self.streams_body
        try:
            await super().handle(scope, limited(receive, context.headers, self.limit) if has_body else receive, send)
        except RequestValidationError as error:
            raise _misfit(error) from None


def operation_id(route: APIRoute) -> str:
    """The endpoint's name in camel case: `open_dispute` is `openDispute`."""
    first, *rest = route.name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class Router(APIRouter):
    """A service's routes, described by FastAPI: `@router.post(path, status_code=201, response_model=…)`."""

    def __init__(self, *tags: str, **options: Any) -> None:
        super().__init__(
            **{"tags": list(tags), "route_class": Route, "generate_unique_id_function": operation_id, **options}
        )


def note(context: RequestContext, response: Response) -> None:
    """Keeps what the log line tells of an answer."""
    if isinstance(response, JsonResponse):
        context.stream, context.version = response.stream, response.version
        context.position, context.replayed = response.position, response.replayed


@cache
def _described(model: Any) -> Any:
    """What FastAPI describes an answer by: one for all routes that answer with it, for a large one takes half a
    megabyte.
    """
    return create_model_field(name="Response", type_=model, mode="serialization")


def _misfit(error: RequestValidationError) -> Refusal:
    found = error.errors()
    is_json = all(each["type"] != "json_invalid" for each in found)
    return Refusal("validation_failed", errors=faults(found)) if is_json else Refusal("malformed_json")


def _access(route: APIRoute) -> tuple[RouteAccess | None, str]:
    gates = [
        (found.call, found.name or "") for found in route.dependant.dependencies if isinstance(found.call, RouteAccess)
    ]
    if len(gates) > 1:
        raise TypeError(f"{route.path}: one route has one caller")
    return gates[0] if gates else (None, "")


def _fast_path(route: Route) -> FastPath | None:
    """The plan of a route that needs no more of FastAPI than its description."""
    needs = route.dependant
    special = [
        needs.header_params,
        needs.cookie_params,
        needs.response_param_name,
        needs.background_tasks_param_name,
    ]
    form = route.body_field is not None and isinstance(route.body_field.field_info, params.Form)
    if (
        not route.include_in_schema
        or any(special)
        or len(needs.dependencies) != bool(route.access)
        or form
        or route.streams_body
        or not inspect.iscoroutinefunction(route.endpoint)
    ):
        return None
    return FastPath(
        route.endpoint,
        route.access,
        route.caller_name,
        needs.request_param_name,
        _body(route),
        # Plain text parameters need no validation.
        [] if all(_is_plain(field) for field in needs.path_params) else needs.path_params,
        route.queries.with_switch(SWITCH) if route.access and route.access.is_command else route.queries,
        route.limit,
    )


def _body(route: Route) -> Body | None:
    field = route.body_field
    if field is None:
        return None
    if route._embed_body_fields or (route.access and not route.access.is_command):
        raise TypeError(f"{route.path}: a command has one body, and a query has none")
    # With the field itself, which holds what tells a union's variants apart.
    annotated: Any = Annotated[_annotation(field), field.field_info]
    return Body(field.name, TypeAdapter(annotated), field.field_info.is_required())


def _annotation(field: Any) -> Any:
    return field.field_info.annotation


def _is_plain(field: Any) -> bool:
    return field.field_info.annotation is str and not field.field_info.metadata
