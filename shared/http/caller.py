"""Caller of a route: identity, roles, Idempotency-Key and If-Match of a request, as one dependency.

    async def accept(dispute_id: str, caller: Annotated[CommandContext, command("buyer")]) -> Response: ...

Refusals come in this order: 404 of an address or an id that nobody has, 405, 401, 429, 403, 422 of the path, 413 and
408 of the body, 415, 400 malformed, 400 idempotency_key_required, 428, 422 of everything else, 404 of an id without a
slot.
Whose resource it is, the domain and the views decide.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import State

from shared.decider import ConsideredCommand
from shared.events.base import Actor, Command
from shared.events.envelope import Cause
from shared.eventstore.command_handling import Guard, Outcome, handle, prepare, streams_to_load, unguarded
from shared.eventstore.conditions import Conditions
from shared.eventstore.store import ForetellingStore
from shared.faults import Faults
from shared.http.admission.quotas import Kind, Share
from shared.http.auth import ROLES
from shared.http.dry_run.foretelling import Foretold
from shared.http.problems import Refusal, invalid
from shared.http.request.command_id import RequestIdentity, idempotency_key
from shared.http.request.if_match import seen_versions, unwanted_versions
from shared.http.request_context import AppContext, RequestContext
from shared.observability.tracing import random_bytes, traceparent_of

C = TypeVar("C", bound=Command)
IfMatch = Literal["required", "for_money", "optional"]


@dataclass(slots=True)
class QueryContext:
    """Who asks a query, and when for the domain. `state` holds what the app was started with: its store, its pool."""

    actor: Actor
    at: datetime
    request_id: str
    traceparent: str
    state: State


@dataclass(slots=True)
class CommandContext(QueryContext):
    """Who sends a command. `seen` are the versions that If-Match names; `request_hash` tells one body from another
    under the same key, if there is one.
    """

    command_id: UUID
    request_hash: str
    seen: Container[int] | None
    has_key: bool
    dry_run: bool = False
    unwanted: Container[int] = ()
    """The versions that If-None-Match names, none of which may be there (RFC 9110, 13.1.2)."""

    def command(self, kind: type[C], body: BaseModel | None = None, **ids: Any) -> C:
        """The command that is asked for: which, who and when, the body's fields, and the ids of the path; 422 where it
        does not fit.
        """
        fields = body.__dict__ if body is not None else {}
        if issubclass(kind, ConsideredCommand):
            ids |= {"has_key": self.has_key, "has_seen": self.seen is not None}
        try:
            return kind(**{**fields, **ids, "command_id": self.command_id, "actor": self.actor, "at": self.at})
        except ValidationError as error:
            raise invalid(error) from None

    async def handle(
        self,
        command: Command,
        guard: Guard = unguarded,
        unwanted: Container[int] | None = None,
        shown: Sequence[str] = (),
    ) -> Outcome:
        """Carries the command out on the app's store, by its decider; raises what it or the guard rejects or an I/O
        error, and in a dry run Foretold where it would append. `unwanted` are versions in the place of those that
        If-None-Match names: none, where the guard judges these. `shown` are streams that the answer shows besides.
        """
        conditions = Conditions(self.seen, self.unwanted if unwanted is None else unwanted)
        cause = Cause.of(command, request_hash=self.request_hash, traceparent=self.traceparent)
        if self.dry_run:
            raise await self._foretold(command, cause, conditions, guard)
        return await handle(self.state.store, self.state.decider, command, cause, conditions, guard, shown)

    async def _foretold(self, command: Command, cause: Cause, conditions: Conditions, guard: Guard) -> Foretold:
        store: ForetellingStore = self.state.store
        decider = self.state.decider
        loaded = await store.load(*streams_to_load(command))
        prepared = await prepare(loaded, decider, command, cause, conditions, guard)
        if isinstance(prepared, Outcome):
            return Foretold(self.state.foretelling.view(None, decider, self.actor))
        if writes := prepared.writes:
            store.encoded(writes, cause)
        return Foretold(self.state.foretelling.view(prepared, decider, self.actor))


@dataclass(frozen=True, slots=True)
class RouteAccess:
    """What a route asks of its callers. No roles: any token will do."""

    roles: frozenset[str]
    is_command: bool
    key_required: bool = False
    if_match: IfMatch = "optional"
    quota: Kind = "reads"

    async def admit(self, context: RequestContext, app: AppContext) -> Actor:
        """The caller's identity; 401 without a token, 429 above the quota, 403 without one of the roles."""
        actor = await self._identify(context, app)
        _charge(app.quotas.count(self.quota, actor), context)
        if self.roles and self.roles.isdisjoint(actor.roles):
            raise Refusal("forbidden", f"This is for {', '.join(sorted(self.roles))}.")
        return actor

    async def _identify(self, context: RequestContext, app: AppContext) -> Actor:
        try:
            context.actor = await app.tokens.actor(context.headers.get(b"authorization"))
        except Refusal:
            charge_stranger(context, app)
            raise
        return context.actor

    async def __call__(self, request: Request) -> QueryContext:
        """The caller of a route that FastAPI itself serves (a form, a stream); its body is not part of the request's
        hash.
        """
        context, app = request.scope["context"], request.scope["app"]
        actor = context.actor or await self.admit(context, app)
        if not self.is_command:
            return query_context(actor, context, app)
        key, seen, faults = self.conditions(context.headers)
        if faults:
            raise Refusal("validation_failed", errors=faults)
        return command_context(actor, context, app, RequestIdentity(request.method, request.scope["path"]), key, seen)

    def conditions(self, headers: Mapping[bytes, bytes]) -> tuple[str | None, Container[int] | None, Faults]:
        """The Idempotency-Key, the versions seen, and what is wrong with either; 400 and 428 where a required one is
        missing.
        """
        key, wrong_key = idempotency_key(headers, self.key_required)
        seen, wrong_match = seen_versions(headers, self.if_match == "required")
        return key, seen, [*wrong_key, *wrong_match]


def charge_stranger(context: RequestContext, app: AppContext) -> None:
    """Counts a request without a token; 429 where its address has nothing left."""
    _charge(app.quotas.count_stranger(context.peer, context.text(b"x-forwarded-for")), context)


def _charge(share: Share | None, context: RequestContext) -> None:
    context.share = share
    if share and share.left < 0:
        quota = share.quota
        detail = f"{quota.most} {quota.name} in {quota.seconds} s are all."
        raise Refusal("rate_limited", detail, headers={"Retry-After": str(share.wait)})


def command(*roles: str, key_required: bool = False, if_match: IfMatch = "optional", quota: Kind = "commands") -> Any:
    """The caller of a command, who holds one of the roles."""
    return Depends(RouteAccess(_known(roles), True, key_required, if_match, quota))


def query(*roles: str) -> Any:
    """The viewer of a query, who holds one of the roles; none named: anybody with a token."""
    return Depends(RouteAccess(_known(roles), False))


def query_context(actor: Actor, context: RequestContext, app: AppContext) -> QueryContext:
    """The viewer of this request, now."""
    return QueryContext(
        actor, app.clock.now(), context.request_id, traceparent_of(context.text(b"traceparent")), app.state
    )


def command_context(
    actor: Actor,
    context: RequestContext,
    app: AppContext,
    identity: RequestIdentity,
    key: str | None,
    seen: Container[int] | None,
    dry_run: bool = False,
) -> CommandContext:
    """The caller of this request, now."""
    # Without a key nothing can be a repeat, so the id may be random: here and nowhere below.
    command_id = (
        identity.command_id(app.tokens.issuer, actor.id, key) if key else UUID(bytes=random_bytes(16), version=4)
    )
    context.command_id = command_id
    return CommandContext(
        actor,
        app.clock.now(),
        context.request_id,
        traceparent_of(context.text(b"traceparent")),
        app.state,
        command_id,
        identity.digest,
        seen,
        key is not None,
        dry_run,
        unwanted_versions(context.headers),
    )


def _known(roles: Sequence[str]) -> frozenset[str]:
    if unknown := set(roles) - ROLES:
        raise ValueError(f"no such role: {', '.join(sorted(unknown))}")
    return frozenset(roles)
