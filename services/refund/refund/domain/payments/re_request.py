"""Re-request: two persons of support ask for the money of a refund that was refused again, within the cap (T30a).

Whether it is still owed its dispute or its order says: it asks by a `RefundDue` of its own, or withdraws what is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from refund.domain.commands import RefundCommand
from refund.domain.payments.allocation import allocated
from refund.domain.payments.proposals import Why, guard_support, proposed, reason_ref, reason_text
from refund.domain.payments.refund import Refund, RefundState
from refund.domain.payments.state import Payment
from shared.events.base import Actor, Event, Message, Personal
from shared.events.fields import WireMoney
from shared.events.ids import derived_id
from shared.events.mediation.proposals import ProposalKind, ProposalMade, RefundEnding
from shared.events.money import Money, total
from shared.events.order import LineAmount
from shared.events.outside.ids import Id
from shared.events.refund import NOT_DUE, RefundRefused, RefundReRequested
from shared.rejections import AmountExceedsCap, ValidationFailed, WrongPhase

LATER_PAID = ("amount_exceeds_cap", "unknown_payment")
"""The reasons of a refusal that may be gone later: less is asked for, other money came free, a payment is captured."""


class AskedLine(Message):
    """How much of a line is asked for again."""

    line_id: Id
    amount: WireMoney


class ReRequestRefund(RefundCommand, Why):
    """Somebody of support wants it asked for again: these lines of it, or without any all of it."""

    lines: Annotated[tuple[AskedLine, ...], Field(min_length=1, max_length=100)] | None = None

    @property
    def personal(self) -> Sequence[Personal]:
        return reason_text(self, self.reason)


def guard_re_request(payment: Payment, refund_id: str, actor: Actor) -> Refund:
    """Once for each refusal, as long as its dispute has not asked anew itself, and something is left under the cap."""
    refund = guard_support(payment, refund_id, actor, RefundState.REFUSED)
    refund.guard_unanswered()
    if refund.reason_refused not in LATER_PAID:
        raise WrongPhase("It would be refused again.", state=refund.state, rules=("T30a",))
    if _asked_anew(payment, refund):
        raise WrongPhase("Its dispute has asked for its money anew.", state=refund.state, rules=("T30a",))
    if not any(_fits(payment, refund, [_least(part)]) for part in refund.request.lines if part.amount):
        raise AmountExceedsCap("Nothing is left of its lines.", rules=("G9", "T30a"))
    return refund


def re_request_refund(command: ReRequestRefund, payment: Payment) -> Sequence[Event]:
    """It waits for a second person."""
    refund = guard_re_request(payment, command.refund_id, command.actor)
    lines = _lines(command, refund)
    _guard_cap(payment, refund, lines)
    ending = RefundEnding(ticket=command.ticket, reason_ref=reason_ref(command), lines=lines)
    return [proposed(command, refund, None, ProposalKind.RE_REQUEST, ("T30a",), ending)]


def re_requested(command: RefundCommand, payment: Payment, made: ProposalMade) -> Sequence[Event]:
    """By both of them, as far as it still is within the cap."""
    assert made.ending and made.ending.lines
    refund, lines = payment.refund(command.refund_id), made.ending.lines
    _guard_cap(payment, refund, lines)
    asked = {"lines": lines, "amount": total([part.amount for part in lines])}
    return [
        RefundReRequested(
            **refund.event_fields | asked,
            replaced_by=derived_id("rfd", command.order_id, command.command_id),
            ticket=made.ending.ticket,
            reason_ref=made.ending.reason_ref,
            decided_by=made.by,
            agreed_by=command.actor.id,
            re_requested_at=command.at,
            rules=made.rules,
        )
    ]


class RefuseReRequest(RefundCommand):
    """Nothing waits any more for what was asked for again as this refund, in the place of the one that it `replaces`;
    `rules` say why.
    """

    replaces: str
    rules: tuple[str, ...]


def refuse_re_request(command: RefuseReRequest, payment: Payment) -> Sequence[Event]:
    """It ends as it began: nothing is paid."""
    before = payment.refunds.get(command.replaces)
    if command.refund_id in payment.refunds or not before or not before.again:
        return []
    return [
        RefundRefused(
            refund_id=command.refund_id,
            order_id=command.order_id,
            dispute_id=before.again.dispute_id,
            lines=before.again.lines,
            amount=before.again.amount,
            reason=NOT_DUE,
            requested_at=before.again.re_requested_at,
            seller_id=before.seller_id,
            return_id=before.request.return_id,
            replaces=command.replaces,
            goodwill_id=before.request.goodwill_id,
            rules=command.rules,
        )
    ]


def _asked_anew(payment: Payment, refund: Refund) -> bool:
    """Whether its dispute has asked for money later: that counts without what was refused before."""
    names = [name for name, one in payment.refunds.items() if one.request.dispute_id == refund.request.dispute_id]
    return refund.request.dispute_id is not None and names[-1] != refund.request.refund_id


def _lines(command: ReRequestRefund, refund: Refund) -> tuple[LineAmount, ...]:
    """Of each line at most what was refused."""
    if command.lines is None:
        return refund.request.lines
    refused, seen = {part.line_id: part.amount for part in refund.request.lines}, set[str]()
    for i, part in enumerate(command.lines):
        if part.line_id not in refused:
            raise ValidationFailed.at(f"/lines/{i}/line_id", "unknown_line", "no line of this refund", "T30a")
        if part.line_id in seen:
            raise ValidationFailed.at(f"/lines/{i}/line_id", "repeated", "named twice", "S109")
        seen.add(part.line_id)
        _guard_amount(i, part.amount, refused[part.line_id])
    return tuple(LineAmount(line_id=part.line_id, amount=part.amount) for part in command.lines)


def _guard_amount(i: int, amount: Money, refused: Money) -> None:
    if not amount.same_currency(refused):
        raise ValidationFailed.at(f"/lines/{i}/amount/currency", "wrong_currency", "not the order's", "S45")
    if not amount:
        raise ValidationFailed.at(f"/lines/{i}/amount", "nothing_asked", "there is nothing to ask for", "T30a")
    if refused < amount:
        cap = {"amount": refused.amount, "currency": refused.currency}
        raise AmountExceedsCap("More than was asked for before.", rules=("T30a",), cap=cap)


def _guard_cap(payment: Payment, refund: Refund, lines: Sequence[LineAmount]) -> None:
    if not _fits(payment, refund, lines):
        raise AmountExceedsCap("More than is left under the cap.", rules=("G9", "T30a"))


def _fits(payment: Payment, refund: Refund, lines: Sequence[LineAmount]) -> bool:
    return bool(allocated(payment, refund.request.refund_id, lines))


def _least(part: LineAmount) -> LineAmount:
    """The smallest amount of the line that there is."""
    return LineAmount(line_id=part.line_id, amount=Money(1, part.amount.currency, part.amount.exponent))
