"""Line of an order: its cap, what was refunded and released of it, and what holds its money."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from shared.events import order as events
from shared.events.money import Money


@dataclass(frozen=True, slots=True)
class Line:
    """One order line: at most one dispute holds it; released and refunded together never exceed the cap.

    `holds` are those that are no dispute's: they keep the money, and lift by themselves.
    """

    line_id: str
    seller_id: str
    quantity: int
    cap: Money
    flags: tuple[str, ...]
    refunded: Money
    held_by: str | None = None
    holds: frozenset[str] = frozenset()
    agreed: bool = False
    released: bool = False
    disputed: bool = False
    reopens: str | None = None

    @property
    def remainder(self) -> Money:
        """What is neither refunded nor released."""
        return Money.zero(self.cap) if self.released else self.cap - self.refunded

    @property
    def settled(self) -> bool:
        """It was released or fully refunded; a gift, on which nothing was paid, was neither."""
        return self.released or bool(self.cap and not self.remainder)

    @property
    def done(self) -> bool:
        """Nothing is left to dispute, refund or release."""
        return not self.held and not self.remainder

    @property
    def held(self) -> bool:
        """Its money waits, for a dispute or something else."""
        return bool(self.held_by or self.holds)

    @classmethod
    def of(cls, line: events.OrderLine) -> Self:
        """The line as it was ordered."""
        return cls(line.line_id, line.seller_id, line.quantity, line.cap, line.flags, refunded=Money.zero(line.cap))

    def held_for(self, event: events.PaymentHeld) -> Self:
        """With one hold more."""
        if event.dispute_id:
            return replace(self, held_by=event.dispute_id, disputed=True)
        return replace(self, holds=self.holds | {event.hold})

    def lifted(self, event: events.PaymentHoldLifted) -> Self:
        """Without this hold; after a dispute it is agreed on, or may be disputed again."""
        if not event.dispute_id:
            return replace(self, holds=self.holds - {event.hold})
        reopens = event.dispute_id if event.because == events.HoldEnd.CANCELLED else None
        return replace(self, held_by=None, agreed=event.because == events.HoldEnd.AGREED, reopens=reopens)
