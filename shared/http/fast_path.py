"""Fast path: how a route's arguments come from a request, planned once, without FastAPI's solving of dependencies.

That solving costs more than all the rest of a command (`make bench`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from fastapi.dependencies.utils import request_params_to_args
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.types import Receive, Scope

from shared.http.caller import RouteAccess, command_context, query_context
from shared.http.command_id import RequestIdentity
from shared.http.paths import refuse_ids_without_slot
from shared.http.problems import Refusal, fault, faults, invalid
from shared.http.request_body import parse_json, read_body, refuse_unstorable
from shared.http.request_context import AppContext, RequestContext

MOST_PARAMETERS = 50


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
    access: RouteAccess
    caller_name: str
    body: Body | None
    path_fields: list[Any]
    query_fields: list[Any]
    query_names: frozenset[str]
    limit: int

    async def answer(self, scope: Scope, receive: Receive) -> Response:
        """Admits the caller, reads the arguments and calls the endpoint."""
        context, app = scope["context"], scope["app"]
        actor = await self.access.admit(context, app)
        arguments = self._path(scope["path_params"])
        if self.access.is_command:
            raw = await read_body(receive, context.headers, self.limit)
            arguments |= self._command(scope, raw, context, app, actor)
        else:
            arguments |= self._queries(scope["query_string"], [])
            arguments[self.caller_name] = query_context(actor, context, app)
        refuse_ids_without_slot(scope["path_params"])
        response: Response = await self.endpoint(**arguments)
        return response

    def _command(
        self, scope: Scope, raw: bytes, context: RequestContext, app: AppContext, actor: Any
    ) -> dict[str, Any]:
        value = parse_json(raw, context.headers) if raw else None
        if self.body and self.body.required and not raw:
            raise Refusal("malformed_json", "This command has a body.")
        key, expected, wrong = self.access.conditions(context.headers)
        if value is not None:
            refuse_unstorable(raw, value)
        identity = (
            RequestIdentity.of(scope["method"], scope["path"], value)
            if raw
            else RequestIdentity(scope["method"], scope["path"])
        )
        return {
            **self._queries(scope["query_string"], wrong),
            **self._read(raw, value),
            self.caller_name: command_context(actor, context, app, identity, key, expected),
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
