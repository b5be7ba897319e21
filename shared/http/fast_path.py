"""Fast path: how a route's arguments come from a request, planned once, without FastAPI's solving of dependencies.

That solving costs more than all the rest of a command (`make bench`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.dependencies.utils import request_params_to_args
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from shared.events.base import Actor
from shared.faults import Faults, fault, faults
from shared.http.caller import RouteAccess, charge_stranger, command_context, query_context
from shared.http.dry_run.foretelling import SWITCH, Foretold
from shared.http.problems import Refusal, invalid
from shared.http.request.accept import refuse_unless_json
from shared.http.request.body import read_body
from shared.http.request.command_id import RequestIdentity
from shared.http.request.json_text import parse_json, refuse_unstorable
from shared.http.request.paths import refuse_ids_without_slot
from shared.http.request.query_values import QueryPlan
from shared.http.request_context import AppContext, RequestContext
from shared.http.responses import conditional, query_response


@dataclass(frozen=True, slots=True)
class Body:
    """The parameter that takes the request's body."""

    name: str
    model: TypeAdapter[Any]
    required: bool

    def read(self, text: bytes, value: Any) -> dict[str, Any]:
        """The argument, from the canonical text of the body's value."""
        if not text:
            return {}
        try:
            # From the very bytes that are hashed, so that what was hashed and what is carried out cannot differ; and as
            # JSON, whose strict reading takes a text for a date but never a yes for a true
            # (docs/adr/0007-answers-and-bodies-have-one-source.md).
            return {self.name: self.model.validator.validate_json(text, strict=True)}
        except ValidationError as error:
            raise invalid(error, value) from None


@dataclass(frozen=True, slots=True)
class FastPath:
    """How a route's arguments come from a request. Without `access` anybody may ask."""

    endpoint: Callable[..., Any]
    access: RouteAccess | None
    caller_name: str
    request_name: str | None
    body: Body | None
    path_fields: list[Any]
    queries: QueryPlan
    limit: int

    async def answer(self, scope: Scope, receive: Receive) -> Response:
        """Admits the caller, reads the arguments and calls the endpoint."""
        context, app = scope["context"], scope["app"]
        actor = await self._admitted(context, app)
        arguments = self._path(scope["path_params"])
        if self.request_name:
            arguments[self.request_name] = Request(scope, receive)
        if self.body or (self.access and self.access.is_command):
            raw = await read_body(receive, context.headers, self.limit)
            arguments |= self._with_body(scope, raw, context, app, actor)
        else:
            arguments |= self._queries(scope["query_string"], [])
            if actor:
                arguments[self.caller_name] = query_context(actor, context, app)
        refuse_ids_without_slot(scope["path_params"])
        try:
            response: Response = await self.endpoint(**arguments)
        except Foretold as foretold:
            return query_response(foretold.view)
        return conditional(response, context.headers) if scope["method"] == "GET" else response

    async def _admitted(self, context: RequestContext, app: AppContext) -> Actor | None:
        if self.access:
            actor = await self.access.admit(context, app)
            refuse_unless_json(context.headers)
            return actor
        charge_stranger(context, app)
        return None

    def _with_body(
        self, scope: Scope, raw: bytes, context: RequestContext, app: AppContext, actor: Actor | None
    ) -> dict[str, Any]:
        value = parse_json(raw, context.headers) if raw else None
        if self.body and self.body.required and not raw:
            raise Refusal("malformed_json", "This command has a body.")
        key, seen, wrong = self.access.conditions(context.headers) if self.access else (None, None, [])
        if value is not None:
            refuse_unstorable(raw, value)
        identity = (
            RequestIdentity.of(scope["method"], scope["path"], value)
            if raw
            else RequestIdentity(scope["method"], scope["path"])
        )
        queries = self._queries(scope["query_string"], wrong)
        dry_run = bool(self.queries.switch and queries.pop(SWITCH, False))
        arguments = {**queries, **self._read(identity.body, value)}
        if actor:
            arguments[self.caller_name] = command_context(actor, context, app, identity, key, seen, dry_run)
        return arguments

    def _path(self, given: Mapping[str, str]) -> dict[str, Any]:
        if not self.path_fields:
            return dict(given)
        values, errors = request_params_to_args(self.path_fields, given)
        if errors:
            raise Refusal("validation_failed", errors=faults(errors))
        return {**given, **values}

    def _queries(self, query: bytes, wrong: Faults) -> dict[str, Any]:
        if not query and not self.queries.fields and not wrong:
            return {}
        values, found = self.queries.read(query)
        if wrong or found:
            raise Refusal("validation_failed", errors=[*wrong, *found])
        return values

    def _read(self, text: bytes, value: Any) -> dict[str, Any]:
        if self.body:
            return self.body.read(text, value)
        if value:
            raise Refusal(
                "validation_failed", errors=[fault(("body",), "extra_forbidden", "This command takes no body.")]
            )
        return {}
