"""Facts about a chargeback: a bank has opened it, and has decided it (T34, T35, S103).

A bank's word is a fact: refunds that went never refuse it, and told again it changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from refund.domain.commands import PaymentCommand
from refund.domain.payments.allocation import left_of
from refund.domain.payments.chargeback import Chargeback
from refund.domain.payments.chargebacks.resuming import resumed
from refund.domain.payments.crossings import crossed_by_opening
from refund.domain.payments.room import untaken
from refund.domain.payments.state import Payment, evolve
from refund.domain.rejections import ChargebackNotKnown, PaymentNotCaptured
from shared.events.base import Event
from shared.events.fields import ShortText, WireMoney
from shared.events.moments import Moment
from shared.events.money import Money, total
from shared.events.order import LineAmount
from shared.events.outside.chargeback import (
    ChargebackResult,
    RefundsFrozen,
    RefundsUnfrozen,
    RepresentmentClosed,
    RepresentmentEnd,
)
from shared.events.outside.ids import Id
from shared.events.refund import PaymentCaptured
from shared.parties import Parties
from shared.rejections import AmountExceedsCap, ValidationFailed, WrongPhase

RULES = ("S103", "T34")


class ChargebackCommand(PaymentCommand):
    """A command about one chargeback, by the bank's id of it."""

    chargeback_id: Id


class OpenChargeback(ChargebackCommand):
    """The buyer's bank takes an amount back; `payment_id` may be left out where the order has one payment."""

    amount: WireMoney
    payment_id: Id | None = None
    reason_code: ShortText | None = None
    opened_at: Moment


def open_chargeback(command: OpenChargeback, payment: Payment) -> Sequence[Event]:
    """Refunds of the order stand still; those that the bank does not know of are to be told to it."""
    if command.chargeback_id in payment.chargebacks:
        return []
    capture = _capture(command, payment)
    guard_happened("/opened_at", command.opened_at, command.at)
    _guard_amount(payment, capture, command.amount)
    Parties("refund", capture.buyer_id, {capture.seller_id}).guard_interest(command.actor)
    frozen = RefundsFrozen(
        chargeback_id=command.chargeback_id,
        order_id=command.order_id,
        payment_id=capture.payment_id,
        buyer_id=capture.buyer_id,
        seller_id=capture.seller_id,
        amount=command.amount,
        reason_code=command.reason_code,
        opened_at=command.opened_at,
        noted_at=command.at,
        rules=RULES,
    )
    return [frozen, *crossed_by_opening(evolve(payment, frozen), Chargeback(frozen), command.at)]


class ResolveChargeback(ChargebackCommand):
    """The bank has decided; `amount` is what the buyer was paid, all of it where it is left out."""

    result: ChargebackResult
    amount: WireMoney | None = None
    resolved_at: Moment


def resolve_chargeback(command: ResolveChargeback, payment: Payment) -> Sequence[Event]:
    """What waits goes on, within what is left; what the bank was to be told is over."""
    one = known(payment, command.chargeback_id)
    one.parties.guard_interest(command.actor)
    guard_happened("/resolved_at", command.resolved_at, command.at)
    if one.ended:
        if one.ended.result == command.result:
            return []
        raise WrongPhase("The bank has decided it otherwise.", state=one.state, rules=("T35",))
    unfrozen = _unfrozen(command, payment, one)
    ends = _told(command, one)
    since = evolve(payment, unfrozen)
    return [unfrozen, *ends, *resumed(command, since)]


def known(payment: Payment, chargeback_id: str) -> Chargeback:
    """The chargeback; who tells of its end before its beginning is asked to tell it again."""
    if not (one := payment.chargebacks.get(chargeback_id)):
        raise ChargebackNotKnown("No such chargeback was opened on this order's payment.")
    return one


def guard_happened(pointer: str, at: datetime, now: datetime) -> None:
    """What a bank tells has happened."""
    if at > now:
        raise ValidationFailed.at(pointer, "in_the_future", "it has not happened yet", "S103")


def _capture(command: OpenChargeback, payment: Payment) -> PaymentCaptured:
    if not payment.captures:
        raise PaymentNotCaptured("No capture of the order's payment is recorded yet.")
    if command.payment_id is None and len(payment.captures) > 1:
        raise ValidationFailed.at("/payment_id", "required", "the order has several payments: which one?", "S103")
    name = command.payment_id or next(iter(payment.captures))
    if not (capture := payment.captures.get(name)):
        raise ValidationFailed.at("/payment_id", "unknown_payment", "no payment of this order", "S103")
    return capture


def _guard_amount(payment: Payment, capture: PaymentCaptured, amount: Money) -> None:
    """No more than was captured, beside what other chargebacks of the payment have."""
    if not amount.same_currency(capture.amount):
        raise ValidationFailed.at("/amount/currency", "wrong_currency", "not the payment's", "S103")
    if not amount:
        raise ValidationFailed.at("/amount", "nothing_asked", "a chargeback takes something back", "S103")
    taken = [one.taken for one in payment.chargebacks.values() if one.payment_id == capture.payment_id]
    if sum(taken) + amount.minor > capture.amount.minor:
        raise AmountExceedsCap("More than was captured.", rules=("S103",), cap=_in_words(capture.amount))


def _unfrozen(command: ResolveChargeback, payment: Payment, one: Chargeback) -> RefundsUnfrozen:
    contested = one.opened.amount
    paid = _paid(command, contested)
    lines = _of_lines(payment, payment.captures[one.payment_id], paid)
    told = total([Money.zero(contested), *(line.amount for line in lines)])
    return RefundsUnfrozen(
        chargeback_id=one.id,
        order_id=command.order_id,
        payment_id=one.payment_id,
        result=command.result,
        contested=contested,
        amount=paid,
        lines=lines,
        twice=paid - told,
        resolved_at=command.resolved_at,
        noted_at=command.at,
        rules=("S103", "T35"),
    )


def _paid(command: ResolveChargeback, contested: Money) -> Money:
    if command.result == ChargebackResult.BUYER_NOT_PAID:
        return Money.zero(contested)
    paid = command.amount if command.amount is not None else contested
    if not paid.same_currency(contested):
        raise ValidationFailed.at("/amount/currency", "wrong_currency", "not the chargeback's", "S103")
    if not paid or contested < paid:
        raise AmountExceedsCap("The buyer gets some of what was taken back.", cap=_in_words(contested))
    return paid


def _of_lines(payment: Payment, capture: PaymentCaptured, paid: Money) -> tuple[LineAmount, ...]:
    """The bank knows no lines. What it paid is of each in proportion to what no refund waits for, and where that is not
    enough to what no refund has taken; above that it is of none.
    """
    free, there = left_of(payment, capture).of_line, untaken(payment, capture)
    first = _shares(paid.minor, free)
    rest = _shares(paid.minor - sum(first.values()), {name: minor - first[name] for name, minor in there.items()})
    return tuple(
        LineAmount(line_id=name, amount=Money(minor, paid.currency, paid.exponent))
        for name in there
        if (minor := first[name] + rest[name])
    )


def _shares(minor: int, rests: Mapping[str, int]) -> Mapping[str, int]:
    """So much of it as there is, in proportion."""
    there = min(minor, sum(rests.values()))
    shares = Money(there, "", 0).split(list(rests.values())) if there else [Money(0, "", 0) for _ in rests]
    return {name: share.minor for name, share in zip(rests, shares, strict=True)}


def _told(command: ResolveChargeback, one: Chargeback) -> Sequence[RepresentmentClosed]:
    because = RepresentmentEnd(command.result.value)
    return [closed(due, because, left, command.at) for left, due in zip(_down_from(one), one.due, strict=True)]


def _down_from(one: Chargeback) -> Sequence[int]:
    return range(len(one.due) - 1, -1, -1)


def closed(due: Any, because: RepresentmentEnd, left: int, at: datetime, **by: str) -> RepresentmentClosed:
    """Nobody has to tell the bank of this refund any more."""
    return RepresentmentClosed(
        representment_id=due.representment_id,
        chargeback_id=due.chargeback_id,
        order_id=due.order_id,
        refund_id=due.refund_id,
        because=because,
        left=left,
        closed_at=at,
        rules=("S103", "T34" if because == RepresentmentEnd.SENT else "T35"),
        **by,
    )


def _in_words(amount: Money) -> dict[str, str]:
    return {"amount": amount.amount, "currency": amount.currency}
