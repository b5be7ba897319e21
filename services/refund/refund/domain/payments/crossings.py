"""Crossings: a refund and a chargeback about the same money. What the bank is to be told of each is due once (T34)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from refund.domain.payments.chargeback import Chargeback, lost
from refund.domain.payments.refund import Part
from refund.domain.payments.state import Payment
from shared.events.calendar import within_days
from shared.events.ids import derived_id
from shared.events.money import Money
from shared.events.outside.chargeback import RepresentmentDue

REPRESENTMENT_DAYS = 7
"""How long a bank waits at least for what speaks against a chargeback; banks differ, and no programme sets it."""


def crossed_by_opening(payment: Payment, opened: Chargeback, at: datetime) -> Sequence[RepresentmentDue]:
    """Refunds that went before it, as far as the bank would pay their money again: the last ones first."""
    over = _over(payment, opened.payment_id)
    due = []
    for part in sorted(_gone(payment, opened.payment_id), key=lambda part: part.issued_at or at, reverse=True):
        if over > 0:
            due.append(_due(payment, opened, part, min(over, part.amount.minor), at))
            over -= part.amount.minor
    return due


def crossed_by_refund(payment: Payment, part: Part, at: datetime) -> Sequence[RepresentmentDue]:
    """Chargebacks that are open while this part went, or that were lost and left too little for it: the provider was
    asked before we knew, or somebody has paid by hand.
    """
    open_ones = [one for one in payment.chargebacks.values() if one.is_open and one.payment_id == part.payment_id]
    if open_ones:
        return [_due(payment, one, part, part.amount.minor, at) for one in open_ones]
    over, was_lost = _over(payment, part.payment_id), lost(payment.chargebacks, part.payment_id)
    return [_due(payment, was_lost[-1], part, min(over, part.amount.minor), at)] if over > 0 and was_lost else []


def _over(payment: Payment, payment_id: str) -> int:
    """How much more than was captured is with the buyer, or will be if every open chargeback is lost."""
    taken = sum(one.taken for one in payment.chargebacks.values() if one.payment_id == payment_id)
    gone = sum(part.amount.minor for part in _gone(payment, payment_id))
    return taken + gone - payment.captures[payment_id].amount.minor


def _gone(payment: Payment, payment_id: str) -> Iterable[Part]:
    return [part for part in payment.parts if part.issued_at and part.payment_id == payment_id]


def _due(payment: Payment, one: Chargeback, part: Part, minor: int, at: datetime) -> RepresentmentDue:
    found = payment.find(part.id)
    assert found and part.provider_ref
    order_id = one.opened.order_id
    return RepresentmentDue(
        representment_id=derived_id("rep", order_id, one.id, part.id),
        chargeback_id=one.id,
        order_id=order_id,
        payment_id=part.payment_id,
        refund_id=found[0].request.refund_id,
        part_id=part.id,
        amount=Money(minor, part.amount.currency, part.amount.exponent),
        provider_ref=part.provider_ref,
        due_at=within_days(at, REPRESENTMENT_DAYS, "UTC"),
        rules=("S103", "T34"),
    )
