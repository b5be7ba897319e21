"""View of an order's refunds: every one, when the bank credits it, and up to which event of each topic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from typing_extensions import TypedDict

from dispute.domain.orders.payments.bank import AS_IT_WENT
from dispute.domain.orders.state import Order
from shared.events.base import Actor, Instant
from shared.events.dispute import RefundNoted, RefundOutcome
from shared.events.logs import DISPUTE, REFUND, RETURN_LABEL
from shared.events.money import Money, total
from shared.events.open_enums import Open

Row = Mapping[str, Any]
WENT = (RefundOutcome.ISSUED, RefundOutcome.ISSUED_AGAIN, *AS_IT_WENT)


class CreditWindow(TypedDict):
    """When the bank credits: from the end of the first business day that counts, before the end of the last (S58)."""

    from_at: Instant
    until_at: Instant


class OrderRefund(TypedDict):
    """A refund of the order, as this service has heard of it; that of a cancellation may have no dispute. `amount` is
    what was paid; what is `in_doubt` was given up, and is kept until support has found out whether it was paid.
    """

    id: str
    dispute_id: str | None
    outcome: Open[RefundOutcome] | None
    amount: Money | None
    expected_credit: CreditWindow | None
    in_doubt: Money | None


def order_refunds(disputes: Sequence[Row], order: Order, actor: Actor) -> list[OrderRefund]:
    """Those of its disputes, and those that it asked for itself (S64, S66); a seller sees what is the seller's own."""
    asked = [_asked(row["refund_id"], row["dispute_id"]) for row in disputes if row["refund_id"]]
    own = [_asked(name, None) for name, refund in order.refunds.items() if _sees(order, actor, [refund.due.seller_id])]
    heard = [_heard(note) for note in order.notes.values() if _sees(order, actor, _sellers(order, note))]
    return list({refund["id"]: refund for refund in (*asked, *own, *heard)}.values())


def last_events(row: Row, disputes: Sequence[Row], order: Order) -> Mapping[str, str | None]:
    """By topic the last event that the order's status includes."""
    stood = [(row["position"], f"order-{order.order_id}/{row['version']}")]
    stood += [(each["position"], f"dispute-{each['dispute_id']}/{each['version']}") for each in disputes]
    returned = [(each["position"], each["return_event"]) for each in disputes if each["return_event"]]
    returned += [(row["position"], one.noted.source_event) for one in order.returns.values() if one.noted]
    heard = [note.source_event for note in order.notes.values()]
    return {
        DISPUTE.topic: max(stood)[1],
        REFUND.topic: heard[-1] if heard else None,
        RETURN_LABEL.topic: max(returned)[1] if returned else None,
    }


def _asked(refund_id: str, dispute_id: str | None) -> OrderRefund:
    return {
        "id": refund_id,
        "dispute_id": dispute_id,
        "outcome": None,
        "amount": None,
        "expected_credit": None,
        "in_doubt": None,
    }


def _heard(note: RefundNoted) -> OrderRefund:
    return {
        "id": note.refund_id,
        "dispute_id": note.dispute_id,
        "outcome": note.outcome,
        "amount": note.amount if note.outcome in WENT else None,
        "expected_credit": _window(note),
        "in_doubt": total([part.amount for part in note.in_doubt]) if note.in_doubt else None,
    }


def _window(note: RefundNoted) -> CreditWindow | None:
    if not note.expected_from or not note.expected_until:
        return None
    return {"from_at": note.expected_from, "until_at": note.expected_until}


def _sellers(order: Order, note: RefundNoted) -> Iterable[str | None]:
    return {order.lines[part.line_id].seller_id for part in note.lines if part.line_id in order.lines}


def _sees(order: Order, actor: Actor, sellers: Iterable[str | None]) -> bool:
    return order.parties.acting(actor) != {"seller"} or actor.id in sellers
