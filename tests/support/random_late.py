"""Lives of an order whose notes on refunds come late, with the instant of what they tell."""

from __future__ import annotations

from datetime import timedelta

from dispute.domain.disputes.form import RequestedLine
from dispute.domain.goodwill import GrantGoodwill
from shared.events.dispute import RefundOutcome
from shared.events.ids import derived_uuid
from tests.support.builders.disputes import note_refund
from tests.support.builders.orders import ORDER, SELLER
from tests.support.random_life import Life, Move

LATE = (0, 1, 5, 24)
"""Hours that a note is behind what it tells."""


class Late(Life):
    """A seller gives all that is left, and support gives it up while the order's time runs out."""

    def _moves(self) -> list[Move]:
        owed = self.market.unpaid() + self.market.refused()
        given = [(4, self._give_all), (4 if owed else 0, self._given_up)]
        return [*super()._moves(), *given, (9 if self.market.due() else 0, self._timer)]

    def _give_all(self) -> None:
        for line in self.market.order.releasable:
            self.gifts += 1
            gift = {"lines": (RequestedLine(line_id=line.line_id, quantity=line.quantity),), "amount": line.releasable}
            said = {"command_id": derived_uuid("give", self.gifts), "actor": SELLER, "at": self.market.now}
            self.market.ask(GrantGoodwill(order_id=ORDER, type="refund_only", **said, **gift))

    def _given_up(self) -> None:
        """Everything that was asked for."""
        at = self.market.now - timedelta(hours=self.dice.choice(LATE))
        for due in self.market.unpaid() + self.market.refused():
            self.market.ask(note_refund(due, at, RefundOutcome.ABANDONED))
