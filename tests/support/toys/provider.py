"""Toy payment provider: a gateway that fails on demand and remembers what it paid, and a decider of its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.deadlines.effect import Effect
from shared.decider import Decider
from shared.events.base import SYSTEM, Command, Event, StreamName
from shared.events.ids import derived_uuid
from shared.events.order import OrderCarrierLost
from shared.resilience import crash_points
from tests.support.toys.marks import DECIDER

AFTER_GATEWAY = crash_points.register(
    "test.after_gateway", "tests/support/toys/provider.py: the gateway has answered, nothing is recorded"
)


@dataclass
class Bank:
    """A gateway that keeps a book by idempotency key, and misbehaves on demand."""

    faults: list[str] = field(default_factory=list)
    book: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    journal: Path | None = None
    gate: asyncio.Event | None = None
    under_way: int = 0
    most: int = 0

    async def pay(self, key: str) -> str:
        self.calls += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            return await self._pay(key, self.faults.pop(0) if self.faults else "")
        finally:
            self.under_way -= 1

    async def _pay(self, key: str, fault: str) -> str:
        if fault == "before":
            raise ConnectionResetError
        await (self.gate.wait() if self.gate else asyncio.sleep(0))
        self.book.setdefault(key, 1)
        if self.journal:
            with self.journal.open("a") as journal:
                journal.write(f"{key}\n")
        if fault == "after":
            raise TimeoutError
        if fault == "silent":
            await asyncio.get_running_loop().create_future()
        return "paid"


class Paid(Command):
    """The gateway's answer."""

    refund: str
    answer: str

    @property
    def streams(self) -> Sequence[StreamName]:
        return [StreamName(f"order-{self.refund}")]


def note(command: Command, state: Sequence[Event]) -> Any:
    if isinstance(command, Paid):
        return (
            []
            if command.answer == "nothing"
            else [OrderCarrierLost(order_id=f"pay:{command.refund}", lost_at=command.at)]
        )
    return DECIDER.decide(command, tuple(state))


PAYING = Decider(DECIDER.streams, note)


def paying(bank: Bank, answer: str | None = None) -> dict[str, Effect[Any, Any, Any]]:
    def wanted(state: Sequence[Event], kind: str) -> str | None:
        paid = any(isinstance(event, OrderCarrierLost) for event in state)
        withdrawn = any(getattr(event, "status", "") == "withdrawn" for event in state)
        return None if paid or withdrawn else kind.partition(":")[2]

    def outcome(refund: str, said: str, now: datetime) -> Command:
        return Paid(command_id=derived_uuid(refund, said), actor=SYSTEM, at=now, refund=refund, answer=answer or said)

    return {"pay": Effect(wanted, bank.pay, outcome, AFTER_GATEWAY)}
