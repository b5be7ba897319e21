"""What was taken of an order's payments, when it was paid and later, by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from dispute.domain.orders.line import Line
from shared.events.money import minor_by_line
from shared.events.order import OrderCaptured, OrderPayment, PaymentPart


@dataclass(frozen=True, slots=True)
class Taken:
    """Every capture: `first` with the payment of the order, `later` one by one, by id."""

    first: tuple[PaymentPart, ...] = ()
    later: tuple[OrderCaptured, ...] = ()

    def with_one(self, event: OrderCaptured) -> Self:
        """With one capture more."""
        return replace(self, later=(*self.later, event))

    def payment_id(self, payment: OrderPayment | None) -> str:
        """The payment that a refund of the order names: the first of which anything was taken."""
        first = payment.payment_id if payment else ""
        return next((one.payment_id for one in self._all), first)

    @property
    def by_id(self) -> Mapping[str, OrderCaptured]:
        """What was taken later, by the shop's id of it."""
        return {one.capture_id: one for one in self.later}

    def of(self, payment_id: str) -> Counter[str]:
        """What was taken of one payment, by line in minor units."""
        return minor_by_line(part for one in self._all if one.payment_id == payment_id for part in one.lines)

    @property
    def _all(self) -> Sequence[PaymentPart | OrderCaptured]:
        return (*self.first, *self.later)


def captured(lines: Mapping[str, Line], event: OrderCaptured) -> Mapping[str, Line]:
    """The lines with what was taken for them."""
    return {**lines, **{part.line_id: lines[part.line_id].captured(part.amount) for part in event.lines}}
