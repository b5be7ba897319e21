"""A chargeback as people of the platform and its seller see it, after a command and in a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import TypedDict

from refund.domain.payments.chargeback import Chargeback, ChargebackState, Representment
from refund.domain.payments.refund import Part, Refund
from refund.domain.payments.state import Payment
from shared.events.base import Instant
from shared.events.money import Money
from shared.events.open_enums import Open
from shared.events.outside.chargeback import RepresentmentEnd
from shared.events.outside.ids import path_of


class ChargebackRow(TypedDict):
    """A chargeback in a list: members of the chargeback, under the same names. `representment` is `due` while the bank
    is to be told of a refund about the same money, and `closed` once it is not any more.
    """

    id: str
    href: str
    order_id: str
    payment_id: str
    state: ChargebackState
    amount: Money
    reason_code: str | None
    opened_at: Instant
    resolved_at: Instant | None
    representment: str | None


class CrossedRefund(TypedDict):
    """What the payment gave back, or is to; `held` until the bank has decided, `crossed` where the bank is paying its
    money again.
    """

    refund_id: str
    href: str
    amount: Money
    issued_at: Instant | None
    provider_ref: str | None
    held: bool
    crossed: bool


class RepresentmentView(TypedDict):
    """A refund that the bank is to be told of, under this reference; `because` is why it is no more."""

    id: str
    refund_id: str
    amount: Money
    provider_ref: str
    due_at: Instant
    closed_at: Instant | None
    because: Open[RepresentmentEnd] | None
    ticket: str | None


class ChargebackView(ChargebackRow):
    """A chargeback. `version` is that of its order's payment; `paid` is what the buyer had of the bank, of which
    `twice` had gone by a refund before.
    """

    version: int
    paid: Money | None
    twice: Money | None
    refunds: Sequence[CrossedRefund]
    representments: Sequence[RepresentmentView]
    rules: Sequence[str]


def chargeback_view(payment: Payment, chargeback_id: str, version: int) -> ChargebackView:
    """The chargeback as it stands; `version` is the payment stream's."""
    one = payment.chargebacks[chargeback_id]
    opened, ended = one.opened, one.ended
    told = list(one.representments.values())
    return {
        "id": one.id,
        "href": path_to(one.id),
        "order_id": opened.order_id,
        "payment_id": one.payment_id,
        "version": version,
        "state": one.state,
        "amount": opened.amount,
        "reason_code": opened.reason_code,
        "opened_at": opened.opened_at,
        "resolved_at": ended.resolved_at if ended else None,
        "representment": ("due" if one.due else "closed") if told else None,
        "paid": ended.amount if ended else None,
        "twice": ended.twice if ended else None,
        "refunds": [_refund(one, refund, part) for refund, part in _parts(payment, one.payment_id)],
        "representments": [_representment(each) for each in told],
        "rules": ended.rules if ended else opened.rules,
    }


def chargeback_row(row: Mapping[str, Any]) -> ChargebackRow:
    """A row of the read model, as lists show it."""
    return {
        "id": row["chargeback_id"],
        "href": path_to(row["chargeback_id"]),
        "order_id": row["order_id"],
        "payment_id": row["payment_id"],
        "state": row["state"],
        "amount": Money(row["amount"], row["currency"], row["exponent"]),
        "reason_code": row["reason_code"],
        "opened_at": row["opened_at"],
        "resolved_at": row["resolved_at"],
        "representment": row["representment"],
    }


def path_to(chargeback_id: str) -> str:
    """Where the chargeback is."""
    return path_of("v1", "chargebacks", chargeback_id)


def _parts(payment: Payment, payment_id: str) -> Sequence[tuple[Refund, Part]]:
    return [
        (refund, part)
        for refund in payment.refunds.values()
        for part in refund.parts.values()
        if part.payment_id == payment_id
    ]


def _refund(one: Chargeback, refund: Refund, part: Part) -> CrossedRefund:
    return {
        "refund_id": refund.request.refund_id,
        "href": path_of("v1", "refunds", refund.request.refund_id),
        "amount": part.amount,
        "issued_at": part.issued_at,
        "provider_ref": part.provider_ref,
        "held": one.is_open and part.pay_at is not None or part.held_by is not None,
        "crossed": part.id in one.representments,
    }


def _representment(each: Representment) -> RepresentmentView:
    due, closed = each.due, each.closed
    return {
        "id": due.representment_id,
        "refund_id": due.refund_id,
        "amount": due.amount,
        "provider_ref": due.provider_ref,
        "due_at": due.due_at,
        "closed_at": closed.closed_at if closed else None,
        "because": closed.because if closed else None,
        "ticket": closed.ticket if closed else None,
    }
