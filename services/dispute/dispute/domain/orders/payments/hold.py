"""Hold of a bank: which chargebacks an order or a dispute knows of, and what stands still meanwhile (T34, T35)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from dispute.domain.orders.line import Line
from dispute.domain.rejections import ExternalHold
from shared.events.deadlines import DeadlineMoved
from shared.events.outside.chargeback import (
    ChargebackResult,
    ExternalChargeback,
    ExternalChargebackOpened,
    ExternalChargebackResolved,
)


@dataclass(frozen=True, slots=True)
class Chargebacks:
    """Those that are `open`, as long as which nothing is paid out, falls due or is closed, `since` the first of them is
    known, and those that have `ended`.
    """

    open: Mapping[str, ExternalChargebackOpened] = field(default_factory=dict)
    ended: Mapping[str, ExternalChargebackResolved] = field(default_factory=dict)
    since: datetime | None = None

    @property
    def is_lost(self) -> bool:
        """The bank has paid the buyer in one of them."""
        return any(one.result == ChargebackResult.BUYER_PAID for one in self.ended.values())

    @property
    def refusal(self) -> ExternalHold:
        """G17: nobody decides about money that a bank decides about, as long as one is open."""
        return ExternalHold("A bank decides about the buyer's payment first.", chargeback_id=next(iter(self.open)))

    def after(self, event: ExternalChargeback) -> Self:
        """With what was told of one of them."""
        if isinstance(event, ExternalChargebackOpened):
            opened = {**self.open, event.chargeback_id: event}
            return replace(self, open=opened, since=self.since or event.noted_at)
        left = {name: one for name, one in self.open.items() if name != event.chargeback_id}
        ended = {**self.ended, event.chargeback_id: event}
        return replace(self, open=left, ended=ended, since=self.since if left else None)

    def heard_by(self, dispute_id: str, at: datetime) -> list[ExternalChargebackOpened]:
        """What a dispute of this order has not heard yet, and hears now."""
        said = {"dispute_id": dispute_id, "disputes": (), "returns": (), "noted_at": at}
        return [one.model_copy(update=said) for one in self.open.values()]

    def moved(self, standing: Mapping[str, datetime | None], until: datetime) -> list[DeadlineMoved]:
        """Each deadline that stood still since then, later by that time; also one that began meanwhile, which is more
        than it needs, and never less.
        """
        pause = max(until, self.since) - self.since if self.since else until - until
        return [
            DeadlineMoved(kind=kind, previous_due_at=due_at, due_at=due_at + pause, rules=("S103", "T35"))
            for kind, due_at in standing.items()
            if due_at
        ]


def bank_paid(lines: Mapping[str, Line], event: ExternalChargeback) -> Mapping[str, Line]:
    """The lines with what a bank has paid the buyer of them (T35)."""
    if isinstance(event, ExternalChargebackOpened):
        return lines
    paid = {
        part.line_id: replace(line, charged_back=line.charged_back + part.amount)
        for part in event.lines
        for line in [lines[part.line_id]]
    }
    return {**lines, **paid}
