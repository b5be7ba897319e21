"""Routing: routes that FastAPI describes and a precomputed plan serves, without FastAPI's dependency solving.

That solving costs more than all the rest of a command (`bench`); a plan does the same for one gate, path and query
parameters and one JSON body. Every other route (a form, a stream of events, no caller at all) is FastAPI's own, behind
the same gate and the same limits.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, params
from fastapi.dependencies.utils import request_params_to_args
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.http.caller import RouteAccess, Said, caller, viewer
from shared.http.paths import refuse_ids_without_slot, refuse_odd_path
from shared.http.problems import Refusal, fault, faults, invalid
from shared.http.request_body import BODY_LIMIT, limited, parse_json, read_body, refuse_unstorable
from shared.http.request_context import AppContext, RequestContext
from shared.http.responses import JsonResponse

MOST_PARAMETERS = 50
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Body:
    """The parameter that takes the request's body."""

    name: str
    model: TypeAdapter[Any]
    required: bool


@dataclass(frozen=True, slots=True)
class FastPath:
    """How a route's arguments come from a request."""

    endpoint: Callable[..., Any]
    gate: RouteAccess
    caller_name: str
    body: Body | None
    path_fields: list[Any]
    query_fields: list[Any]
    query_names: frozenset[str]
    limit: int

    async def answer(self, scope: Scope, receive: Receive) -> Response:
        """Admits the caller, reads the arguments and calls the endpoint."""
        exchange, host = scope["exchange"], scope["app"]
        actor = await self.gate.admit(exchange, host)
        arguments = self._path(scope["path_params"])
        if self.gate.is_command:
            raw = await read_body(receive, exchange.headers, self.limit)
            arguments |= self._command(scope, raw, exchange, host, actor)
        else:
            arguments |= self._queries(scope["query_string"], [])
            arguments[self.caller_name] = viewer(actor, exchange, host)
        refuse_ids_without_slot(scope["path_params"])
        response: Response = await self.endpoint(**arguments)
        return response

    def _command(
        self, scope: Scope, raw: bytes, exchange: RequestContext, host: AppContext, actor: Any
    ) -> dict[str, Any]:
        value = parse_json(raw, exchange.headers) if raw else None
        if self.body and self.body.required and not raw:
            raise Refusal("malformed_json", "This command has a body.")
        key, expected, wrong = self.gate.conditions(exchange.headers)
        if value is not None:
            refuse_unstorable(raw, value)
        said = Said.of(scope["method"], scope["path"], value) if raw else Said(scope["method"], scope["path"])
        return {
            **self._queries(scope["query_string"], wrong),
            **self._read(raw, value),
            self.caller_name: caller(actor, exchange, host, said, key, expected),
        }

    def _path(self, given: Mapping[str, str]) -> dict[str, Any]:
        if not self.path_fields:
            return dict(given)
        values, errors = request_params_to_args(self.path_fields, given)
        if errors:
            raise Refusal("validation_failed", errors=faults(errors))
        return {**given, **values}

    def _queries(self, query: bytes, wrong: list[dict[str, str]]) -> dict[str, Any]:
        if not query and not self.query_fields and not wrong:
            return {}
        values, found = query_values(query, self.query_names, self.query_fields)
        if wrong or found:
            raise Refusal("validation_failed", errors=[*wrong, *found])
        return values

    def _read(self, raw: bytes, value: Any) -> dict[str, Any]:
        if self.body is None:
            if value:
                raise Refusal(
                    "validation_failed", errors=[fault(("body",), "extra_forbidden", "This command takes no body.")]
                )
            return {}
        if not raw:
            return {}
        try:
            # From the value that was parsed and hashed: what was hashed and what is carried out cannot differ, and it
            # is no slower than validating the text (docs/adr/0007-answers-and-bodies-have-one-source.md).
            return {self.body.name: self.body.model.validate_python(value)}
        except ValidationError as error:
            raise invalid(error, value) from None


def query_values(query: bytes, names: frozenset[str], fields: list[Any]) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The query parameters' values, and what is wrong with them; one that is not known is wrong."""
    try:
        pairs = parse_qsl(
            query.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS, errors="strict"
        )
    except ValueError:
        return {}, [
            fault(
                ("query",), "malformed_query", f"A query string is UTF-8 and has at most {MOST_PARAMETERS} parameters."
            )
        ]
    wrong = [
        fault(("query", name), "extra_forbidden", "This parameter is not known here.")
        for name in {name for name, _ in pairs} - names
    ]
    wrong += [
        fault(("query", name), "nul_character", "The text holds a NUL character.")
        for name, value in pairs
        if "\0" in value and name in names
    ]
    values, errors = request_params_to_args(fields, QueryParams(pairs))
    return values, [*wrong, *faults(errors)]


class Route(APIRoute):
    """A route of ours. `plan` is None where FastAPI serves it; `gate` is its caller's, if it asks who calls."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.gate, self.caller_name = _gate(self)
        self.limit = self.max_body_size or BODY_LIMIT
        self.query_names = frozenset(_query_names(self))
        self.plan = _plan(self)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request whose path and method are this route's."""
        exchange: RequestContext = scope["exchange"]
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        exchange.route = self.path
        refuse_odd_path(scope["path"], scope["path_params"])
        if self.plan is None:
            await self._by_fastapi(scope, receive, send, exchange)
            return
        response = await self.plan.answer(scope, receive)
        note(exchange, response)
        await response(scope, receive, send)

    async def _by_fastapi(self, scope: Scope, receive: Receive, send: Send, exchange: RequestContext) -> None:
        # Before the body is read: nobody uploads who may not.
        if self.gate:
            await self.gate.admit(exchange, scope["app"])
            refuse_ids_without_slot(scope["path_params"])
        _, wrong = query_values(scope["query_string"], self.query_names, [])
        if wrong:
            raise Refusal("validation_failed", errors=wrong)
        has_body = scope["method"] not in _WITHOUT_BODY
        await super().handle(scope, limited(receive, exchange.headers, self.limit) if has_body else receive, send)


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


def note(exchange: RequestContext, response: Response) -> None:
    """Keeps what the log line tells of an answer."""
    if isinstance(response, JsonResponse):
        exchange.stream, exchange.version = response.stream, response.version
        exchange.position, exchange.replayed = response.position, response.replayed


def _gate(route: APIRoute) -> tuple[RouteAccess | None, str]:
    gates = [
        (found.call, found.name or "") for found in route.dependant.dependencies if isinstance(found.call, RouteAccess)
    ]
    if len(gates) > 1:
        raise TypeError(f"{route.path}: one route has one caller")
    return gates[0] if gates else (None, "")


def _plan(route: Route) -> FastPath | None:
    """The plan of a route that needs no more of FastAPI than its description."""
    needs = route.dependant
    special = [
        needs.header_params,
        needs.cookie_params,
        needs.request_param_name,
        needs.response_param_name,
        needs.background_tasks_param_name,
    ]
    form = route.body_field is not None and isinstance(route.body_field.field_info, params.Form)
    if (
        route.gate is None
        or any(special)
        or len(needs.dependencies) != 1
        or form
        or not inspect.iscoroutinefunction(route.endpoint)
    ):
        return None
    return FastPath(
        route.endpoint,
        route.gate,
        route.caller_name,
        _body(route),
        # Plain texts need no look: they are what the path holds.
        [] if all(_is_plain(field) for field in needs.path_params) else needs.path_params,
        needs.query_params,
        route.query_names,
        route.limit,
    )


def _body(route: Route) -> Body | None:
    field = route.body_field
    if field is None:
        return None
    if route._embed_body_fields or not route.gate or not route.gate.is_command:
        raise TypeError(f"{route.path}: a command has one body, and a query has none")
    # With the field itself, which holds what tells a union's variants apart.
    told: Any = Annotated[_annotation(field), field.field_info]
    return Body(field.name, TypeAdapter(told), field.field_info.is_required())


def _annotation(field: Any) -> Any:
    return field.field_info.annotation


def _is_plain(field: Any) -> bool:
    return field.field_info.annotation is str and not field.field_info.metadata


def _query_names(route: APIRoute) -> list[str]:
    names: list[str] = []
    for field in route.dependant.query_params:
        kind = _annotation(field)
        is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
        names += [known.alias or name for name, known in kind.model_fields.items()] if is_model else [field.alias]
    return names
