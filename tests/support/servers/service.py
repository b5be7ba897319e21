"""One service's HTTP application over its own database, served on a socket, with tokens for whoever asks and a clock
set by hand.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shared.decider import Decider, Send
from shared.events.base import Actor, Command, wire_time
from shared.events.envelope import Cause, Recorded
from shared.events.notification import NotificationRequested
from shared.eventstore.command_handling import Outcome, handle
from shared.eventstore.connections import open_pool
from shared.eventstore.store import PostgresEventStore, open_store
from shared.http import notifications
from shared.http.app import App, Parts, create_app
from shared.http.dry_run.foretelling import Foretelling
from shared.http.routing import Router
from shared.process.settings import Settings
from tests.support.servers.sandbox import Answered, Served, served
from tests.support.toys.marks import HandClock
from tests.support.toys.notes import Issuer, running_issuer

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool


@dataclass
class StandingClock(HandClock):
    """A clock for an app: it stands, and is known."""

    at: datetime = datetime(2026, 3, 2, 10, tzinfo=UTC)
    known: bool = True


@dataclass
class ServedService:
    """The service as parties meet it, and its log as the system writes it."""

    served: Served
    issuer: Issuer
    store: PostgresEventStore
    pool: Pool
    clock: StandingClock
    decider: Decider

    async def get(self, path: str, actor: Actor, **query: Any) -> Answered:
        return await self.served.ask("GET", path, params=query, headers=self._bearer(actor))

    async def post(self, path: str, actor: Actor, body: Any = None, *, key: str = "", seen: str = "") -> Answered:
        """A command; `key` is its Idempotency-Key, `seen` the ETag that it agrees to."""
        conditions = {"Idempotency-Key": key, "If-Match": seen}
        headers = self._bearer(actor) | {name: value for name, value in conditions.items() if value}
        return await self.served.ask("POST", path, headers=headers, **({} if body is None else {"json": body}))

    async def put(self, path: str, actor: Actor, body: Any) -> Answered:
        return await self.served.ask("PUT", path, headers=self._bearer(actor), json=body)

    async def delete(self, path: str, actor: Actor, **query: Any) -> Answered:
        return await self.served.ask("DELETE", path, params=query, headers=self._bearer(actor))

    async def decide(self, *commands: Command) -> Sequence[Outcome]:
        """What policies, timers and effects do, one after the other."""
        return [await handle(self.store, self.decider, command, Cause.of(command)) for command in commands]

    async def told(self, stream: str, last: int, notify: Callable[[Recorded[Any]], Iterable[Send]]) -> list[Any]:
        """What the policy asks for on the last events of a stream, as a dry run says it."""
        (history,) = await self.store.load(stream)
        asked = [send.command for recorded in history[-last:] for send in notify(recorded)]
        every = [event for outcome in await self.decide(*asked) for event in outcome.events]
        return [
            {"kind": event.kind, "recipient": event.recipient, "due_at": event.due_at and wire_time(event.due_at)}
            for event in every
            if isinstance(event, NotificationRequested)
        ]

    def _bearer(self, actor: Actor) -> dict[str, str]:
        # Not the issuer's own default, which makes a buyer of somebody without a role.
        return {"Authorization": f"Bearer {self.issuer.token(actor.id, *(sorted(actor.roles) or ('none',)))}"}


@contextlib.asynccontextmanager
async def serving(
    service: str, router: Router, decider: Decider, dsn: str, foretelling: Foretelling, *more: Router, **state: Any
) -> AsyncIterator[ServedService]:
    """The service's routes over the database at `dsn`; `state` is what its app keeps beside the log."""
    clock = StandingClock()
    async with (
        running_issuer() as issuer,
        open_store(dsn, deadlines=decider.deadlines) as store,
        open_pool(dsn) as pool,
    ):
        settings = Settings(oidc_issuer=issuer.address, oidc_jwks=f"{issuer.address}/jwks")

        def build(_: str) -> App:
            parts: Parts = {"store": contextlib.nullcontext(store), "pool": contextlib.nullcontext(pool)}
            app = create_app(service, [router, notifications.router, *more], parts, settings, clock=clock)
            app.state.decider, app.state.foretelling = decider, foretelling
            for name, part in state.items():
                setattr(app.state, name, part)
            return app

        async with served(build) as running:
            yield ServedService(running, issuer, store, pool, clock, decider)
