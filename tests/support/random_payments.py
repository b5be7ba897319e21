"""Lives of an order that several payments share, of which some is authorised and taken later, bit by bit."""

from __future__ import annotations

from typing import Any

from dispute.domain.disputes.cancelled_order import CancelOrder
from dispute.domain.orders.cancellation import disputes_of
from dispute.domain.orders.captures import CapturedPieces, RecordOrderCapture
from dispute.domain.orders.facts import FactType
from shared.events.ids import derived_uuid
from shared.events.money import Money
from shared.events.order import Tender
from tests.support.builders.orders import ORDER, SHOP, facts, on, order_line, record, register, terms
from tests.support.random_life import TOLD, Life, Move


class Shared(Life):
    """Two or three payments, of each of which all, some or nothing was taken when the order was paid."""

    def _register(self) -> None:
        dice = self.dice
        lines = [
            order_line(f"l{i}", Money(dice.randrange(20), "USD").amount, dice.randint(1, 3))
            for i in range(dice.randint(1, 3))
        ]
        amounts = [dice.randint(1, 40) for _ in range(dice.randint(2, 3))]
        tenders = tuple(self._tender(f"pay-{n}", minor) for n, minor in enumerate(amounts))
        payment: dict[str, Any] = {"payment_id": "pay-0", "amount": Money(sum(amounts), "USD"), "parts": tenders}
        promised = {"promised_by": on("Mar 5").date()} if dice.randrange(2) else {}
        told = facts(**dice.choice([*TOLD, {}, {}]))
        bound = {"seller_response_days": dice.randint(0, 5), "negotiation_days": dice.randint(0, 9)}
        self.market.ask(register(*lines, payment=payment, terms=terms(**bound), facts=told, **promised))

    def _tender(self, payment_id: str, minor: int) -> Tender:
        captured = self.dice.choice([0, minor, self.dice.randint(0, minor)])
        amounts = {"amount": Money(minor, "USD"), "captured": Money(captured, "USD")}
        return Tender(payment_id=payment_id, method="visa", **amounts)

    def _moves(self) -> list[Move]:
        return [*super()._moves(), (4, self._capture), (2 if self._rarely() else 0, self._call_off)]

    def _call_off(self) -> None:
        """The order is cancelled, where that may be."""
        told = record(FactType.CANCELLED, self.market.now, disputes=disputes_of(self.market.order))
        self.market.ask(CancelOrder(**dict(told)))

    def _capture(self) -> None:
        """Some of what is left, now and then too much, or what was told before."""
        dice, order = self.dice, self.market.order
        line = dice.choice(list(order.lines.values()))
        pieces = CapturedPieces(line_id=line.line_id, quantity=dice.choice([None, dice.randint(1, line.quantity)]))
        command = RecordOrderCapture(
            command_id=derived_uuid("capture", self.market.now),
            actor=SHOP,
            at=self.market.now,
            order_id=ORDER,
            capture_id=f"cap-{dice.randrange(30)}",
            payment_id=f"pay-{dice.randrange(3)}",
            amount=Money(dice.randint(1, 12), "USD"),
            captured_at=self.market.now,
            lines=dice.choice([(), (pieces,)]),
        )
        self.market.ask(command)
