"""Calls of the story that several chapters make: an order is placed, a dispute opened, answered, and refunded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ops.client import Call
from ops.story.orders import Json, Order, dollars
from ops.story.parties import SHOP
from ops.story.steps import Step

DISPUTE, RETURN = "/v1/disputes/{dispute}", "/v1/returns/{return}"
CLOCK_LIMIT = 900.0
"""Seconds for a move of the clock, which answers when everything that falls due is done."""


def placed(order: Order) -> tuple[Step, ...]:
    """The buyer pays, and the shop registers the order."""
    paid = f"the payment provider takes {order.paid} USD for {order.id}"
    return (
        Step(paid, order.capture, status=201),
        Step(f"the shop registers {order.id}", order.registration, SHOP, 201),
    )


def opened(sentence: str, buyer: str, form: Json) -> Step:
    """The buyer opens a dispute, whose id and version later steps use."""
    return Step(
        sentence,
        Call("dispute", "POST", "/v1/disputes", form, key=f"story/{{run}}/{form['order_id']}"),
        buyer,
        201,
        {"state": "awaiting_seller", "label": "Dispute in Progress", "reason": form["reason"]},
        {"dispute": "id", "opened": "ETag", "due": "deadlines.seller_response.due_at"},
        opens_dispute=True,
    )


def refunded(buyer: str, amount: str, reached: str) -> tuple[Step, ...]:
    """The dispute closes with a refund, and the refund service says the same."""
    closed = {
        "state": "closed",
        "label": "Dispute Finished",
        "result.reason": "refunded",
        "result.reached_type": reached,
        "result.amount.amount": amount,
    }
    issued = {"state": "issued", "amount.amount": amount}
    return (
        Step(
            f"{amount} go back and the dispute closes",
            get("dispute", DISPUTE),
            buyer,
            expected=closed,
            save={"refund": "refunds.0.id"},
            repeats=True,
        ),
        Step(
            "the refund service says the same",
            get("refund", "/v1/refunds/{refund}"),
            buyer,
            expected=issued,
            repeats=True,
        ),
    )


def get(service: str, path: str) -> Call:
    return Call(service, "GET", path)


def respond(body: Json, etag: str) -> Call:
    """The seller's answer to the version of the dispute that was saved under the name."""
    return Call("dispute", "POST", f"{DISPUTE}/response", body, etag=etag)


def form(order: Order, reason: str, kind: str, amount: str, description: str, evidence: Sequence[str] = ()) -> Json:
    """The form of a dispute over the order's first line."""
    wanted: dict[str, Any] = {"reason": reason, "type": kind, "amount": dollars(amount), "description": description}
    shown: Json = {"evidence": list(evidence)} if evidence else {}
    lines = [{"line_id": "1", "quantity": 1}]
    return {"order_id": order.id, "lines": lines, **wanted, **shown, "contacted_seller": True}


def counter_offer(amount: str) -> Json:
    return {
        "decision": "counter",
        "solution": {"type": "refund_only", "amount": dollars(amount)},
        "reason": "It was sent on time.",
    }


def move_clock(sentence: str, to: str) -> Step:
    return Step(sentence, Call("sandbox", "POST", "/clock", {"now": to}, limit=CLOCK_LIMIT))


def offered(amount: str) -> Json:
    return {"state": "awaiting_buyer", "solution.amount.amount": amount}
