"""View of where an order's refunds go, and whether the buyer may choose otherwise (S60)."""

from __future__ import annotations

from collections.abc import Callable

from typing_extensions import TypedDict

from refund.domain.payments.destination.choice import guard_bonus, guard_changeable
from refund.domain.payments.state import Payment
from shared.events.open_enums import Open
from shared.events.refund import Destination
from shared.rejections import Rejected


class BonusView(TypedDict):
    """Whether a bonus could be chosen now; `code` is the refusal's where not."""

    eligible: bool
    code: str | None


class DestinationView(TypedDict):
    """Where the money of an order goes, should it go back, and whether that can still be chosen."""

    order_id: str
    destination: Open[Destination]
    changeable: bool
    bonus: BonusView


def destination_view(payment: Payment, order_id: str) -> DestinationView:
    fixed, refusal = _refusal(guard_changeable, payment), _refusal(guard_bonus, payment)
    return {
        "order_id": order_id,
        "destination": payment.destination,
        "changeable": fixed is None,
        "bonus": {"eligible": not (fixed or refusal), "code": fixed or refusal},
    }


def _refusal(guard: Callable[[Payment], None], payment: Payment) -> str | None:
    try:
        guard(payment)
    except Rejected as refusal:
        return refusal.code
    return None
