"""Lives of an order whose programme is over soon and whose law runs on: disputes by law about what the seller was paid
for, again and again, beside those about what is held still.
"""

from __future__ import annotations

from random import Random
from typing import Any

from dispute.domain.disputes.form import FORM_TYPES, RequestedLine
from dispute.domain.orders.law import FAULTS
from dispute.domain.orders.line import Line
from dispute.domain.orders.payments.caps import reclaimable, refundable
from shared.events.dispute import Reason
from shared.events.money import Money
from tests.support.builders.disputes import open_dispute
from tests.support.builders.entitlements import terms_in
from tests.support.builders.evidence import upload, upload_id
from tests.support.builders.orders import BUYER, facts, order_line, register
from tests.support.random_life import Life

REASONS = sorted(FAULTS - {Reason.COUNTERFEIT})


class Lawful(Life):
    """An order of some lines that was received on 9 March: its programme ends on the 13th, and the seller is paid."""

    def __init__(self, dice: Random, address: str | None = None) -> None:
        self.sent = 0
        super().__init__(dice, address)

    def _register(self) -> None:
        dice = self.dice
        prices = [Money(dice.randint(1, 20), "USD").amount for _ in range(dice.randint(1, 2))]
        lines = [order_line(f"l{i}", price, dice.randint(1, 3)) for i, price in enumerate(prices)]
        two = dice.choice([(), (), (Money(dice.randint(0, 30), "USD"),)])
        bound = terms_in("DE").model_copy(update={"protection_days": 3, "two_person_amounts": two})
        told = facts(shipped="Mar 1", delivered="Mar 9")
        paid = {"amount": Money(dice.randint(1, 60), "USD")} if dice.randrange(2) else {}
        where: dict[str, Any] = {"return_address": self.address, "payment": paid}
        self.market.ask(register(*lines, terms=bound, facts=told, **where))

    def _free(self) -> list[str]:
        return [name for name, line in self.market.order.lines.items() if _most(line)]

    def _open(self) -> None:
        order = self.market.order
        lines = [order.lines[name] for name in self.dice.sample(self._free(), self.dice.randint(1, len(self._free())))]
        named = [(line, self.dice.randint(1, _most(line))) for line in lines]
        self.sent += 1
        self.market.ask(upload(self.market.now, n=self.sent))
        opened = self._ask(
            open_dispute,
            BUYER,
            n=self.opened,
            amount=self._part(sum(_cap(line, quantity).minor for line, quantity in named)),
            lines=tuple(RequestedLine(line_id=line.line_id, quantity=quantity) for line, quantity in named),
            reason=self._reason(),
            type=self.dice.choice(FORM_TYPES),
            evidence=(upload_id(n=self.sent),),
        )
        self.opened += bool(opened)

    def _reason(self) -> Reason:
        return self.dice.choice(list(Reason) if self._rarely() else REASONS)


def _most(line: Line) -> int:
    """How many of its pieces one dispute may be about."""
    return line.reach.quantity if line.reach.paid else 0 if line.settled else line.free


def _cap(line: Line, quantity: int) -> Money:
    return (reclaimable if line.reach.paid else refundable)(line, quantity)
