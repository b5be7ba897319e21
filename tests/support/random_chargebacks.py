"""Lives of an order whose buyer goes to the bank too: it takes money back, decides, and order and disputes hear of it
late, the disputes in any order.
"""

from __future__ import annotations

from collections import Counter, deque
from random import Random
from typing import Any

from shared.events.base import Command
from shared.events.dispute import RefundDue, RefundOutcome
from shared.events.money import Money
from shared.events.outside.chargeback import ChargebackResult, ExternalChargebackOpened, ExternalChargebackResolved
from tests.support.builders.bank import NOT_PAID, PAID, gives, takes_back, tell
from tests.support.builders.disputes import note_refund
from tests.support.random_life import ANSWERS, Life, Move


class Charged(Life):
    """At most three chargebacks; what the refund service would not pay any more is given up by people."""

    def __init__(self, dice: Random, address: str | None = None) -> None:
        self.untold: dict[str, deque[Command]] = {}
        self.chargebacks = 0
        super().__init__(dice, address)

    @property
    def open(self) -> list[str]:
        """The chargebacks that the bank has not decided."""
        return list(self.market.order.chargebacks.open)

    @property
    def waiting(self) -> list[str]:
        """The disputes that are to hear of something."""
        return [name for name, commands in self.untold.items() if commands]

    def _moves(self) -> list[Move]:
        may_open = self.market.order.registered and self.chargebacks < 3
        return [
            *super()._moves(),
            (2 if may_open else 0, self._bank_takes_back),
            (2 if self.open else 0, self._bank_decides),
            (6 if self.waiting else 0, self.tell_one),
        ]

    def _bank_takes_back(self) -> None:
        self.chargebacks += 1
        self._heard(takes_back(self.market.now, f"cb{self.chargebacks}"))

    def _bank_decides(self) -> None:
        """It gives back, or keeps some of what no seller has, and no refund has brought."""
        result = self.dice.choice([PAID, NOT_PAID])
        self.decide_chargeback(self.dice.choice(self.open), result)

    def decide_chargeback(self, chargeback_id: str, result: ChargebackResult) -> None:
        """All of what a line has left, or some of it."""
        left = {name: line.remainder.minor for name, line in self.market.order.lines.items()}
        kept = {name: self.dice.choice([minor, self.dice.randint(0, minor)]) for name, minor in left.items()}
        lines = {name: Money(minor, "USD") for name, minor in kept.items() if minor and result == PAID}
        result = result if lines else NOT_PAID
        self._heard(gives(result, self.market.now, chargeback_id, lines))

    def _heard(self, command: Command) -> None:
        for event in self.market.ask(command):
            if isinstance(event, ExternalChargebackOpened | ExternalChargebackResolved):
                for told in tell(event, self.market.now):
                    self.untold.setdefault(told.dispute_id, deque()).append(told)

    def tell_one(self) -> None:
        """A dispute hears what its order heard, in the order in which that did."""
        self.market.ask(self.untold[self.dice.choice(self.waiting)].popleft())

    def _refund(self) -> None:
        self.pay(self.dice.choice(self.market.unpaid()))

    def pay(self, due: RefundDue, *outcomes: RefundOutcome) -> Any:
        """The refund service pays what the bank has left, as far as nothing else has taken it; else people give up."""
        asked = Counter({part.line_id: part.amount.minor for part in due.lines})
        gone = self.market.refunded() + self.market.released() - self.market.reclaimed()
        lines = self.market.order.lines
        fits = all(
            not lines[name].charged_back or gone[name] + lines[name].charged_back.minor + minor <= lines[name].cap.minor
            for name, minor in asked.items()
        )
        drawn = self.dice.choice([RefundOutcome.ISSUED, *(outcomes or [RefundOutcome.ISSUED, *ANSWERS])])
        outcome = drawn if fits or drawn != RefundOutcome.ISSUED else RefundOutcome.ABANDONED
        return self.market.ask(note_refund(due, self.market.now, outcome))


class Prompt(Charged):
    """All disputes have heard before anything else happens."""

    def step(self) -> None:
        super().step()
        while self.waiting:
            self.tell_one()
