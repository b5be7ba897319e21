"""View of what sellers give of their own accord: for the buyer, the seller who gives it, and the platform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from typing_extensions import TypedDict

from dispute.domain.orders.payments.gifts import Replacement
from dispute.domain.orders.refund import Refund
from dispute.domain.orders.state import Order
from dispute.views.disputes.solutions import ReplacementView
from shared.events.base import Actor, Instant
from shared.events.dispute import RefundOutcome
from shared.events.money import Money
from shared.events.order import GoodwillGranted
from shared.events.outside.ids import path_of
from shared.views import LineAmountView, LineQuantity, TextLink, text_link

GoodwillState = Literal["promised", "paid", "failed", "sent", "received"]
STATES: dict[RefundOutcome | None, GoodwillState] = {
    RefundOutcome.ISSUED: "paid",
    RefundOutcome.ABANDONED: "failed",
}


class GoodwillView(TypedDict):
    """What a seller gives: `promised` until it is paid, `failed` once support gave it up (S20). What is of money that
    the seller was paid has a `clawback_id`, and a refund once that has settled; if it fails, so does this (K19). What
    was refused and is asked for again has another `refund_id`, and may be less; so may be what was paid, where several
    payments gave it. Of goods that are sent anew there are pieces instead of money, and the `replacement` once its
    parcel was told of (`sent`) or has come (`received`): nothing of the order rests on that.
    """

    id: str
    order_id: str
    type: Literal["refund_only", "replacement"]
    seller_id: str
    lines: Sequence[LineAmountView] | Sequence[LineQuantity]
    amount: Money | None
    state: GoodwillState
    refund_id: str | None
    clawback_id: str | None
    replacement: ReplacementView | None
    text: TextLink | None
    granted_at: Instant


def goodwill_views(order: Order, actor: Actor) -> list[GoodwillView]:
    """All that the actor may see: another seller's is none of a seller's business."""
    own_only = order.parties.acting(actor) == {"seller"}
    money = [goodwill_view(order, one) for one in order.goodwill]
    goods = [replacement_view(one) for one in order.gifts.replacements.values()]
    given = sorted([*money, *goods], key=lambda one: one["granted_at"])
    return [one for one in given if not own_only or one["seller_id"] == actor.id]


def goodwill_view(order: Order, granted: GoodwillGranted) -> GoodwillView:
    asked = [refund for refund in order.refunds.values() if refund.due.goodwill_id == granted.goodwill_id]
    last = asked[-1] if asked else None
    money = (last.paid or last.due) if last else granted
    lines: list[LineAmountView] = [{"line_id": part.line_id, "amount": part.amount} for part in money.lines]
    return {
        "id": granted.goodwill_id,
        "order_id": granted.order_id,
        "type": "refund_only",
        "seller_id": granted.seller_id,
        "lines": lines,
        "amount": money.amount,
        "state": _state(order, granted, last),
        "refund_id": last.due.refund_id if last else None,
        "clawback_id": granted.clawback_id,
        "replacement": None,
        "text": text_link(path_of("v1", "orders", granted.order_id), granted.text_ref),
        "granted_at": granted.granted_at,
    }


def replacement_view(given: Replacement) -> GoodwillView:
    granted, shipped, received = given.granted, given.shipped, given.received
    lines: list[LineQuantity] = [{"line_id": part.line_id, "quantity": part.quantity or 0} for part in granted.pieces]
    parcel: ReplacementView = {
        "tracking_number": shipped.tracking_number if shipped else None,
        "carrier": shipped.carrier if shipped else None,
        "shipped_at": shipped.shipped_at if shipped else None,
        "received_at": received.received_at if received else None,
    }
    return {
        "id": granted.goodwill_id,
        "order_id": granted.order_id,
        "type": "replacement",
        "seller_id": granted.seller_id,
        "lines": lines,
        "amount": None,
        "state": given.state,
        "refund_id": None,
        "clawback_id": None,
        "replacement": parcel if shipped or received else None,
        "text": text_link(path_of("v1", "orders", granted.order_id), granted.text_ref),
        "granted_at": granted.granted_at,
    }


def _state(order: Order, granted: GoodwillGranted, last: Refund | None) -> GoodwillState:
    if last:
        return STATES.get(RefundOutcome(last.outcome) if last.outcome else None, "promised")
    return "failed" if granted.clawback_id in order.gifts.ended else "promised"
