"""View of a refund's parts: what each payment gives, and where that money is (ADR 44)."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict

from refund.domain.payments.refund import Part, RefundState
from shared.events.base import Actor, Instant
from shared.events.money import Money
from shared.events.order import LineAmount
from shared.events.refund import PaymentCaptured
from shared.views import LineAmountView


class PartView(TypedDict):
    """What one payment gives of a refund, by the `method` that it was paid with; `key` is what the provider is asked
    under at the next try, or was at the last. While it is in doubt what went, `provider_ref` is what the provider calls
    its payment, and `differs` names what in its answer is other than asked. `settled_at` is when the bank confirmed it.
    `paid_twice` is what the provider calls its payment of what was paid by hand: support sees that.
    """

    id: str
    payment_id: str
    method: str | None
    amount: Money
    lines: Sequence[LineAmountView]
    state: RefundState
    key: str
    failures: int
    retry_at: Instant | None
    provider_ref: str | None
    differs: Sequence[str]
    manual: bool
    issued_at: Instant | None
    settled_at: Instant | None
    paid_twice: str | None


def part_view(part: Part, captured: PaymentCaptured | None, actor: Actor) -> PartView:
    """The part, of what was captured of its payment."""
    doubt = part.doubt if not part.issued_at else None
    return {
        "id": part.id,
        "payment_id": part.payment_id,
        "method": captured.method if captured else None,
        "amount": part.amount,
        "lines": line_views(part.lines),
        "state": part.state,
        "key": f"{part.id}/{part.failures}",
        "failures": part.failures,
        "retry_at": part.pay_at if part.state is RefundState.FAILED else None,
        "provider_ref": doubt.provider_ref if doubt else part.provider_ref,
        "differs": doubt.differs if doubt else (),
        "manual": part.manual,
        "issued_at": part.issued_at,
        "settled_at": part.settled_at,
        "paid_twice": part.paid_twice if "support" in actor.roles else None,
    }


def line_views(lines: Sequence[LineAmount]) -> Sequence[LineAmountView]:
    return [{"line_id": line.line_id, "amount": line.amount} for line in lines]
