"""Caller of a route: identity, roles, Idempotency-Key and If-Match of a request, as one dependency.

    async def accept(dispute_id: str, caller: Annotated[CommandContext, command("buyer")]) -> Response: ...

Refusals come in this order: 401, 403, 413, 415, 400 malformed, 400 idempotency_key_required, 428, 422. Whose resource
it is, the domain and the views decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import State

from shared.events.base import Actor, Cause, Command, digest, framed_uuid
from shared.eventstore.handle import Outcome, handle
from shared.http.auth import ROLES
from shared.http.problems import Refusal, fault, invalid
from shared.http.request_body import canonical
from shared.http.request_context import AppContext, RequestContext
from shared.observability.tracing import random_bytes, traceparent_of

_KEY = re.compile(rb"[\x21-\x7e]{1,255}")
_ENTITY_TAG = re.compile(rb'"(0|[1-9][0-9]{0,17})"|(0|[1-9][0-9]{0,17})')

C = TypeVar("C", bound=Command)
IfMatch = Literal["required", "optional"]
Faults = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class QueryContext:
    """Who asks a query, and when for the domain. `state` holds what the app was started with: its store, its pool."""

    actor: Actor
    at: datetime
    request_id: str
    traceparent: str
    state: State


@dataclass(frozen=True, slots=True)
class CommandContext(QueryContext):
    """Who sends a command. `expected_version` is what If-Match says; `request_hash` tells one body from another under
    the same key.
    """

    command_id: UUID
    request_hash: str
    expected_version: int | None

    def command(self, kind: type[C], body: BaseModel | None = None, **ids: Any) -> C:
        """The command that is asked for: which, who and when, the body's fields, and the ids of the path; 422 where it
        does not fit.
        """
        fields = {name: getattr(body, name) for name in type(body).model_fields} if body is not None else {}
        try:
            return kind(**{**fields, **ids, "command_id": self.command_id, "actor": self.actor, "at": self.at})
        except ValidationError as error:
            raise invalid(error) from None

    async def handle(self, command: Command) -> Outcome:
        """Carries the command out on the app's store, by its decider; raises what it rejects or an I/O error."""
        cause = Cause.of(command, request_hash=self.request_hash, traceparent=self.traceparent)
        return await handle(self.state.store, self.state.decider, command, cause, self.expected_version)


@dataclass(frozen=True, slots=True)
class Said:
    """What a request says: its method, its path, its canonical body, and the order that a JSON body names."""

    method: str
    path: str
    body: bytes = b""
    order_id: str | None = None

    @classmethod
    def of(cls, method: str, path: str, value: Any) -> Said:
        """What a request with this JSON value says."""
        order = value.get("order_id") if isinstance(value, dict) else None
        return cls(method, path, canonical(value), order if isinstance(order, str) else None)

    @property
    def digest(self) -> str:
        """The hash that tells another request under the same key."""
        return digest(self.method.encode(), self.path.encode(), self.body)

    def command_id(self, issuer: str, subject: str, key: str) -> UUID:
        """The id of the command that the key stands for: whose, at which route, and of which order.

        The order belongs to it, for two orders may have their logs in two databases: one could not know the other's.
        """
        order = [self.order_id] if self.order_id is not None else []
        return framed_uuid(issuer, subject, self.method, self.path, key, *order)


@dataclass(frozen=True, slots=True)
class RouteAccess:
    """What a route asks of its callers. No roles: any token will do."""

    roles: frozenset[str]
    is_command: bool
    key_required: bool = False
    if_match: IfMatch = "optional"

    async def admit(self, exchange: RequestContext, host: AppContext) -> Actor:
        """The caller's identity; 401 without a token, 403 without one of the roles."""
        actor = await host.tokens.actor(exchange.headers.get(b"authorization"))
        exchange.actor = actor
        if self.roles and self.roles.isdisjoint(actor.roles):
            raise Refusal("forbidden", f"This is for {', '.join(sorted(self.roles))}.")
        return actor

    async def __call__(self, request: Request) -> QueryContext:
        """The caller of a route that FastAPI itself serves (a form, a stream); its body is not part of the request's
        hash.
        """
        exchange, host = request.scope["exchange"], request.scope["app"]
        actor = exchange.actor or await self.admit(exchange, host)
        if not self.is_command:
            return viewer(actor, exchange, host)
        key, expected, faults = self.conditions(exchange.headers)
        if faults:
            raise Refusal("validation_failed", errors=faults)
        return caller(actor, exchange, host, Said(request.method, request.scope["path"]), key, expected)

    def conditions(self, headers: Mapping[bytes, bytes]) -> tuple[str | None, int | None, Faults]:
        """The Idempotency-Key, the expected version, and what is wrong with either; 400 and 428 where a required one is
        missing.
        """
        key, match = headers.get(b"idempotency-key") or None, headers.get(b"if-match") or None
        if key is None and self.key_required:
            raise Refusal(
                "idempotency_key_required",
                "Choose a new key for each new command, and repeat it when you repeat the command.",
            )
        if match is None and self.if_match == "required":
            raise Refusal(
                "if_match_required", "Send the ETag of what you have seen: nobody agrees to what has changed since."
            )
        faults: Faults = []
        if key is not None and not _KEY.fullmatch(key):
            faults.append(
                fault(("header", "Idempotency-Key"), "idempotency_key", "A key is 1 to 255 visible ASCII characters.")
            )
        tag = _ENTITY_TAG.fullmatch(match) if match is not None else None
        if match is not None and tag is None:
            faults.append(
                fault(
                    ("header", "If-Match"),
                    "if_match",
                    'If-Match is one strong entity tag as ETag gave it, such as "7".',
                )
            )
        return key.decode("latin-1") if key else None, int(tag[1] or tag[2]) if tag else None, faults


def command(*roles: str, key_required: bool = False, if_match: IfMatch = "optional") -> Any:
    """The caller of a command, who holds one of the roles."""
    return Depends(RouteAccess(_known(roles), True, key_required, if_match))


def query(*roles: str) -> Any:
    """The viewer of a query, who holds one of the roles; none named: anybody with a token."""
    return Depends(RouteAccess(_known(roles), False))


def viewer(actor: Actor, exchange: RequestContext, host: AppContext) -> QueryContext:
    """The viewer of this exchange, now."""
    return QueryContext(
        actor, host.clock.now(), exchange.request_id, traceparent_of(exchange.text(b"traceparent")), host.state
    )


def caller(
    actor: Actor,
    exchange: RequestContext,
    host: AppContext,
    said: Said,
    key: str | None,
    expected: int | None,
) -> CommandContext:
    """The caller of this exchange, now."""
    # Without a key nothing can be a repeat, so the id may be random: here and nowhere below.
    command_id = said.command_id(host.tokens.issuer, actor.id, key) if key else UUID(bytes=random_bytes(16), version=4)
    exchange.command_id = command_id
    return CommandContext(
        actor,
        host.clock.now(),
        exchange.request_id,
        traceparent_of(exchange.text(b"traceparent")),
        host.state,
        command_id,
        said.digest,
        expected,
    )


def _known(roles: Sequence[str]) -> frozenset[str]:
    if unknown := set(roles) - ROLES:
        raise ValueError(f"no such role: {', '.join(sorted(unknown))}")
    return frozenset(roles)
