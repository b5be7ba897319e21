"""The refund service in a test's hands: its HTTP side, its log, and where wanted the provider and the due loop that
asks it.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from refund import effects
from refund.api import chargebacks as chargebacks_api
from refund.api import destinations as destinations_api
from refund.api import refunds as refunds_api
from refund.api import webhooks as webhooks_api
from refund.app import FORETELLING
from refund.domain.decider import decider
from refund.domain.payments.refund import Refund
from refund.domain.payments.state import Payment
from refund.gateways.guard import Guarded
from refund.gateways.sandbox import sandbox_gateway
from refund.read_models import refunds
from refund.webhooks.plugins import receiver_of
from shared.deadlines.due_loop import DueLoop
from shared.decider import ExpireDeadline
from shared.events import codec
from shared.events.base import Command
from shared.eventstore.lease_session import Leases
from shared.process.settings import Settings
from tests.support.servers.sandbox import Served, sandbox
from tests.support.servers.service import ServedService, serving
from tests.support.servers.stack import eventually
from tests.support.toys.marks import running

TIMEOUT = 1.0
AT_HEAD = """
insert into checkpoints (subscription, topic, partition, log_id, position)
select 'relay', 'refund.events', -1, log_id, (select max(position) from events) from log
on conflict (subscription, topic, partition) do update set position = excluded.position
"""
"""What a relay writes that has published everything, though to no partition that a projection would have to follow."""


@dataclass
class RefundService:
    """The service's HTTP side, and its log as policies and the projection see it."""

    served: ServedService

    async def ask(self, *commands: Command) -> None:
        """What policies do; afterwards the read model knows it."""
        await self.served.decide(*commands)
        await self.project()

    async def project(self) -> None:
        """The projection from the log, as a subscription would run it; afterwards it is known to be at the head."""
        async with self.served.pool.acquire() as connection:
            for stored in await self.served.store.read_all(0, 1000):
                await refunds.project(connection, codec.recorded(stored))
            await connection.execute(AT_HEAD)

    async def payment(self) -> Payment:
        (history,) = await self.served.store.load("payment-o1")
        state: Payment = decider.fold("payment-o1", (recorded.event for recorded in history))
        return state

    async def refund(self, refund_id: str = "rfd_9a31") -> Refund:
        return (await self.payment()).refunds[refund_id]

    async def types(self) -> Sequence[str]:
        (history,) = await self.served.store.load("payment-o1")
        return [type(recorded.event).__name__ for recorded in history]


@dataclass
class Paying(RefundService):
    """The same with the provider, and the due loop that asks it."""

    psp: Served
    loop: DueLoop

    async def is_quiet(self) -> bool:
        return await self.loop.quiet() is None

    async def at_rest(self) -> None:
        """Nothing is due at the clock's now, and nothing in hand."""
        await eventually(self.is_quiet)

    async def move(self, span: timedelta) -> None:
        self.served.clock.move(self.served.clock.now() + span)
        self.loop.wake()
        await self.at_rest()

    async def paid(self) -> list[tuple[str, str]]:
        """Refunds in the provider's books: key and amount."""
        lines = await self.psp.ledger(order_id="o1")
        return [(line["idempotency_key"], line["amount"]["amount"]) for line in lines if line["kind"] == "refund"]

    async def bank(self, refund_id: str, result: str) -> None:
        """The buyer's bank credits the money of a refund, or sends it back."""
        answered = await self.psp.post(f"/psp/refunds/{refund_id}/result", {"result": result})
        assert (answered.status, answered.body["bank"]) == (200, result)

    async def break_next(self, fault: str, **more: Any) -> None:
        assert (await self.psp.post("/faults", {"on": "refund", "fault": fault, **more})).status == 201


@contextlib.asynccontextmanager
async def serving_refunds(dsn: str) -> AsyncIterator[RefundService]:
    """The service over its database."""
    webhooks = receiver_of(Settings().webhooks)
    async with serving(
        "refund",
        refunds_api.router,
        decider,
        dsn,
        FORETELLING,
        chargebacks_api.router,
        destinations_api.router,
        webhooks_api.router,
        webhooks=webhooks,
    ) as served:
        yield RefundService(served)


@contextlib.asynccontextmanager
async def serving_payments(dsn: str, provider: str) -> AsyncIterator[Paying]:
    """The same with its due loop, and a provider whose database is `provider` and who has captured 100.00 for the
    order.
    """
    async with (
        serving_refunds(dsn) as service,
        sandbox(provider, hears=service.served.served.address) as psp,
        sandbox_gateway(psp.address, TIMEOUT) as gateway,
    ):
        served = service.served
        calls = effects.effects_of(Guarded(gateway, TIMEOUT), effects.age_in_log(served.pool))
        loop = DueLoop(served.store, decider, served.pool, Leases(dsn), served.clock, ExpireDeadline, calls)
        await psp.capture("o1", "100.00")
        async with running(loop):
            yield Paying(served, psp, loop)
