"""The three services on real databases, without processes and without Kafka: commands, what the policies make of their
events, the read models, and a provider that books what it pays.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from dispute import policies as dispute_policies
from dispute.read_models import dispute_history, disputes, order_status, return_reasons, warranties
from ops.deciders import DECIDERS
from refund import effects
from refund import policies as refund_policies
from refund.domain.payments.outcomes import RecordDeclined, RecordIssued
from refund.domain.payments.settlement.window import CloseWindow
from refund.read_models import refunds
from return_label import policies as return_policies
from return_label.read_models import returns
from shared.decider import ExpireDeadline
from shared.events import codec
from shared.events.base import SYSTEM, Command, wire_time
from shared.events.dispute import Decision, ReturnDue, SolutionType
from shared.events.envelope import Cause, Recorded
from shared.events.ids import derived_uuid
from shared.eventstore.command_handling import handle
from shared.eventstore.connections import open_pool
from shared.eventstore.store import PostgresEventStore, open_store
from tests.support.builders import returns as goods
from tests.support.builders.disputes import accept, counter, dispute_stream, modify, open_dispute, respond, say
from tests.support.builders.orders import ORDER_STREAM, expire_order, on, order_line, record, register

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

REACTIONS: Mapping[str, Sequence[tuple[str, Callable[[Recorded[Any]], Any]]]] = {
    "dispute": (
        ("refund", refund_policies.react),
        ("return_label", return_policies.react),
        ("dispute", dispute_policies.notify),
    ),
    "refund": (("dispute", dispute_policies.react), ("refund", refund_policies.notify)),
    "return_label": (("dispute", dispute_policies.react), ("return_label", return_policies.notify)),
}
"""By service: who reacts to its events, and how."""
PROJECTIONS = {
    "dispute": (order_status, disputes, dispute_history, return_reasons, warranties),
    "refund": (refunds,),
    "return_label": (returns,),
}
SETTLE = "select kind, due_at from deadlines where kind like 'bank_settlement:%' order by due_at, kind"
PAY = "select kind, due_at from deadlines where kind like 'pay:%' order by due_at, kind"


@dataclass(slots=True)
class AuditedServices:
    """The services' stores by name; `movements` are the provider's books, `declines` how often it refuses first, and
    `deaf_to` the event that no policy hears.
    """

    dsns: Mapping[str, str]
    stores: dict[str, PostgresEventStore] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    movements: list[dict[str, Any]] = field(default_factory=list)
    declines: int = 0
    pays: bool = True
    deaf_to: str = ""

    async def tell(self, service: str, *commands: Command) -> None:
        """Carries out the commands, and all that follows from them."""
        for command in commands:
            await handle(self.stores[service], DECIDERS[service], command, Cause.of(command))
            await self.settle(command.at)

    async def settle(self, now: datetime) -> None:
        """Policies, read models and the provider, until nothing is left to do."""
        while any([await self._follow(service) for service in self.stores]) or await self._pay(now):
            pass

    async def last(self, stream: str, kind: type[Any]) -> Any:
        """The stream's last event of a kind."""
        service = {"payment": "refund", "return": "return_label"}.get(stream.partition("-")[0], "dispute")
        (events,) = await self.stores[service].load(stream)
        return next(recorded.event for recorded in reversed(events) if isinstance(recorded.event, kind))

    async def _follow(self, service: str) -> bool:
        rows = await self.stores[service].read_all(self.seen.get(service, 0), 1000)
        for stored in rows:
            recorded = codec.recorded(stored)
            self.seen[service] = recorded.position
            async with self.pools[service].acquire() as connection:
                for projection in PROJECTIONS[service]:
                    await projection.project(connection, recorded)
            for other, react in REACTIONS[service]:
                for sent in react(recorded) if type(recorded.event).__name__ != self.deaf_to else ():
                    cause = Cause.of(sent.command, causation=recorded.id)
                    await handle(self.stores[other], DECIDERS[other], sent.command, cause)
        return bool(rows)

    async def _pay(self, now: datetime) -> bool:
        if not self.pays:
            return False
        store = self.stores["refund"]
        due = [row for row in await self.pools["refund"].fetch(PAY) if row["due_at"] <= now + timedelta(minutes=5)]
        for row in due:
            (events,) = await store.load("payment-o1")
            state = DECIDERS["refund"].fold("payment-o1", (recorded.event for recorded in events))
            call = effects.wanted(state, row["kind"])
            assert call
            at = max(now, row["due_at"])
            answer: Command = RecordIssued.of(call.order_id, call.refund_id, call.attempt, "psp_1", at)
            if self.declines:
                self.declines -= 1
                answer = RecordDeclined.of(call.order_id, call.refund_id, call.attempt, "account_invalid", at)
            else:
                self.movements.append(movement("refund", call.amount.amount, call.refund_id, call.payment_id))
            await handle(store, DECIDERS["refund"], answer, Cause.of(answer))
        return bool(due)


def movement(
    kind: str, amount: str, refund_id: str | None = None, payment: str = "pay-1", **more: Any
) -> dict[str, Any]:
    """A line of the provider's books."""
    plain = {"kind": kind, "order_id": "o1", "payment_id": payment, "refund_id": refund_id, "destination": None}
    return {**plain, "amount": {"amount": amount, "currency": "USD"}, **more}


@asynccontextmanager
async def open_services(migrated: Callable[[str], Awaitable[str]]) -> AsyncIterator[AuditedServices]:
    """Three fresh databases, and the books of a provider that has taken the order's 80.00."""
    services = AuditedServices({service: await migrated(service) for service in DECIDERS})
    async with AsyncExitStack() as stack:
        for service, dsn in services.dsns.items():
            store = open_store(dsn, deadlines=DECIDERS[service].deadlines)
            services.stores[service] = await stack.enter_async_context(store)
            services.pools[service] = await stack.enter_async_context(open_pool(dsn))
        services.movements.append(movement("capture", "80.00"))
        yield services


async def live(services: AuditedServices) -> None:
    """An order of two lines: one is negotiated, with a message, and refunded at the second try, the other comes back
    and is refunded.
    """
    services.declines = 1
    two = (order_line("l1", "50.00"), order_line("l2", "30.00"))
    await services.tell("dispute", register(*two), record("shipped", on("Mar 1")), open_dispute(on("Mar 12")))
    await services.tell("dispute", counter(on("Mar 13")), say(on("Mar 14")), modify(on("Mar 14"), amount="40.00"))
    await services.tell("dispute", counter(on("Mar 15"), "35.00"), accept(on("Mar 16")))
    line = open_dispute(on("Mar 17")).lines[0].model_copy(update={"line_id": "l2"})
    back: dict[str, Any] = {"lines": (line,), "type": SolutionType.RETURN_AND_REFUND, "amount": "20.00"}
    await services.tell("dispute", open_dispute(on("Mar 17"), n=2, **back), respond(Decision.ACCEPT, on("Mar 18"), n=2))
    return_id = (await services.last(dispute_stream(2), ReturnDue)).return_id
    if services.deaf_to == "ReturnDue":
        return
    for step in (goods.ship, goods.receive, goods.inspect):
        await services.tell("return_label", moved(step(), return_id))


async def expire(services: AuditedServices) -> None:
    """The protection ends; what is left goes to the seller at once, or an hour later."""
    for kind in ("protection_end", "release"):
        due_at = await services.pools["dispute"].fetchval(
            "select due_at from deadlines where stream = $1 and kind = $2", ORDER_STREAM, kind
        )
        if due_at:
            await services.tell("dispute", expire_order(kind, due_at))


async def credit(services: AuditedServices) -> None:
    """The bank's windows end, and all that was paid is credited by then."""
    for row in await services.pools["refund"].fetch(SETTLE):
        refund_id = row["kind"].partition(":")[2]
        due_at, credited = row["due_at"], frozenset({refund_id})
        await services.tell("refund", CloseWindow.of("o1", refund_id, due_at, credited, {}, due_at))


def moved(command: Any, return_id: str) -> Any:
    """A step of the goods, by the parties of this order."""
    buyer = command.actor.model_copy(update={"id": "buyer-1"}) if "buyer" in command.actor.roles else command.actor
    return command.model_copy(update={"return_id": return_id, "actor": buyer, "at": on("Mar 20")})


def timer(stream: str, kind: str, due_at: datetime) -> ExpireDeadline:
    """A stream's timer asks at its instant."""
    command_id = derived_uuid(stream, kind, wire_time(due_at))
    return ExpireDeadline(
        command_id=command_id, actor=SYSTEM, at=due_at, stream=stream, key="o1", kind=kind, due_at=due_at
    )
