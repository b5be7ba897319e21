"""Repayment: goods come after the refund, and the buyer may pay back what both parties agree on (T36, S65, K23).

Nothing here moves money, and nobody has to agree: the refund stays the buyer's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from dispute.domain.commands import DisputeCommand, text_ref, texts_about
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.progress import not_refunded, refunded
from dispute.domain.disputes.state import Dispute
from dispute.domain.orders.instants import is_before_order
from shared.events.base import Actor, Event, Personal
from shared.events.fields import Text, WireMoney
from shared.events.mediation.clawbacks import ClawbackSettled
from shared.events.mediation.repayments import LateArrivalReported, RepaymentAgreed, RepaymentReceived, RepaymentWay
from shared.events.moments import Moment
from shared.events.money import Money
from shared.events.order import Pieces
from shared.events.outside.ids import Id
from shared.rejections import AmountExceedsCap, Forbidden, NotFound, ValidationFailed, WrongPhase, guard_text

OTHER = {"buyer": "seller", "seller": "buyer"}


class ArrivalCommand(DisputeCommand):
    """Goods have come after all; without lines all that were disputed."""

    arrived_at: Moment
    lines: Annotated[tuple[RequestedLine, ...], Field(max_length=100)] = ()
    text: Annotated[str, Text(2000)] | None = None

    @property
    def text_ref(self) -> str | None:
        return text_ref(self, "text") if self.text else None

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, text=self.text)


class ReportLateArrival(ArrivalCommand):
    """The buyer tells of it."""


class NoteLateArrival(ArrivalCommand):
    """A carrier's word, told by a service."""


class AgreeRepayment(DisputeCommand):
    """A party's word on how much the buyer pays back, and how."""

    amount: WireMoney
    way: RepaymentWay


class ReceiveRepayment(DisputeCommand):
    """The seller has it, now or since the instant that is named."""

    received_at: Moment | None = None
    reference: Id | None = None


@dataclass(frozen=True, slots=True)
class Repayment:
    """What came of goods that came late: how it was told, the parties' words, and that the seller has the money."""

    arrivals: Sequence[LateArrivalReported] = ()
    words: Sequence[RepaymentAgreed] = ()
    received: RepaymentReceived | None = None

    @property
    def last(self) -> RepaymentAgreed | None:
        return self.words[-1] if self.words else None

    @property
    def agreed_by(self) -> Sequence[str]:
        """Whose last word is the same as the last one of all."""
        last_words = {word.by: word for word in self.words}
        return [by for by, word in last_words.items() if self.last and _same(word, self.last)]

    @property
    def agreed(self) -> RepaymentAgreed | None:
        """The word with which both have said the same."""
        return self.last if len(self.agreed_by) == len(OTHER) else None


def repayment_of(dispute: Dispute) -> Repayment:
    """What the dispute knows of it."""
    told = dispute.after_close
    received = [event for event in told if isinstance(event, RepaymentReceived)]
    return Repayment(
        [event for event in told if isinstance(event, LateArrivalReported)],
        [event for event in told if isinstance(event, RepaymentAgreed)],
        received[0] if received else None,
    )


def report_late_arrival(command: ReportLateArrival, dispute: Dispute) -> list[Event]:
    """The buyer's word; the seller is told, and nothing else changes."""
    guard_report(dispute, command.actor)
    return _arrived(command, dispute, "buyer", ("seller",))


def note_late_arrival(command: NoteLateArrival, dispute: Dispute) -> list[Event]:
    """A carrier's word: both are told."""
    if "service" not in command.actor.roles:
        raise Forbidden("This is for the service.")
    if dispute.state is None:
        raise NotFound("There is no such dispute.")
    _guard_refunded(dispute)
    return _arrived(command, dispute, "service", ("buyer", "seller"))


def agree_repayment(command: AgreeRepayment, dispute: Dispute) -> list[Event]:
    """No more than went back to the buyer; the same word again says nothing new."""
    guard_agreement(dispute, command.actor)
    by = dispute.parties.side_of(command.actor)
    _guard_amount(command, dispute)
    word = RepaymentAgreed(
        dispute_id=command.dispute_id,
        by=by,
        told=OTHER[by],
        amount=command.amount,
        way=command.way,
        agreed_at=command.at,
        rules=("S65", "T36", "K23"),
    )
    own = next((each for each in reversed(repayment_of(dispute).words) if each.by == by), None)
    return [] if own and _same(own, word) else [word]


def receive_repayment(command: ReceiveRepayment, dispute: Dispute) -> list[Event]:
    """The seller's word that it has come; once, and of what both have agreed on."""
    agreed = guard_receipt(dispute, command.actor)
    received_at = command.received_at or command.at
    if received_at > command.at:
        raise ValidationFailed.at("/received_at", "in_the_future", "it has not come yet", "S65")
    if is_before_order(received_at, agreed.agreed_at):
        raise ValidationFailed.at("/received_at", "before_agreed", "more than a day before it was agreed", "S65")
    return [
        RepaymentReceived(
            dispute_id=command.dispute_id,
            amount=agreed.amount,
            way=agreed.way,
            reference=command.reference,
            received_at=received_at,
            noted_at=command.at,
            rules=("S65", "T36", "K23"),
        )
    ]


def guard_report(dispute: Dispute, actor: Actor) -> None:
    """The buyer's, once money went back."""
    dispute.parties.guard(actor, "dispute", "buyer")
    _guard_refunded(dispute)


def guard_agreement(dispute: Dispute, actor: Actor) -> None:
    """Either party's, once goods came late, and as long as it is not agreed."""
    dispute.parties.guard(actor, "dispute", *OTHER)
    _guard_refunded(dispute)
    repayment = repayment_of(dispute)
    if not repayment.arrivals:
        raise WrongPhase("Nobody has told that goods came after the refund.", state=dispute.state, rules=("S65",))
    if repayment.agreed:
        raise WrongPhase("Both have agreed on a repayment.", state=dispute.state, rules=("S65",))
    if not _left(dispute):
        raise WrongPhase("Nothing of the refund is left to the buyer.", state=dispute.state, rules=("S65", "K19"))


def guard_receipt(dispute: Dispute, actor: Actor) -> RepaymentAgreed:
    """The seller's, of what is agreed and has not come."""
    dispute.parties.guard(actor, "dispute", "seller")
    _guard_refunded(dispute)
    repayment = repayment_of(dispute)
    if not repayment.agreed or repayment.received:
        why = "It has come already." if repayment.received else "No repayment is agreed."
        raise WrongPhase(why, state=dispute.state, rules=("S65",))
    return repayment.agreed


def _guard_refunded(dispute: Dispute) -> None:
    if refusal := not_refunded(dispute.refunds, dispute.state):
        raise refusal


def _arrived(command: ArrivalCommand, dispute: Dispute, by: str, told: tuple[str, ...]) -> list[Event]:
    guard_text(text=command.text)
    if command.arrived_at > command.at:
        raise ValidationFailed.at("/arrived_at", "in_the_future", "it has not come yet", "S65")
    paid_at = min(asked.paid.noted_at for asked in dispute.refunds.values() if asked.paid)
    if is_before_order(command.arrived_at, paid_at):
        raise ValidationFailed.at("/arrived_at", "before_refund", "more than a day before the refund", "S65")
    lines = _pieces(command, dispute)
    event = LateArrivalReported(
        dispute_id=command.dispute_id,
        by=by,
        told=told,
        arrived_at=command.arrived_at,
        lines=lines,
        text_ref=command.text_ref,
        reported_at=command.at,
        rules=("S65", "T36"),
    )
    known = {(each.by, each.arrived_at, each.lines) for each in repayment_of(dispute).arrivals}
    return [] if (by, command.arrived_at, lines) in known else [event]


def _pieces(command: ArrivalCommand, dispute: Dispute) -> tuple[Pieces, ...]:
    most = {line.line_id: line.quantity for line in dispute.opened.lines}
    for i, part in enumerate(command.lines):
        if part.line_id not in most:
            raise ValidationFailed.at(f"/lines/{i}/line_id", "unknown_line", "no line of the dispute", "S109")
        if part.line_id in {other.line_id for other in command.lines[:i]}:
            raise ValidationFailed.at(f"/lines/{i}/line_id", "repeated", "named twice", "S109")
        if part.quantity > most[part.line_id]:
            raise ValidationFailed.at(f"/lines/{i}/quantity", "too_many", "more than were disputed", "S109")
    return tuple(Pieces(line_id=part.line_id, quantity=part.quantity) for part in command.lines)


def _guard_amount(command: AgreeRepayment, dispute: Dispute) -> None:
    cap = _left(dispute)
    if not command.amount.same_currency(cap):
        raise ValidationFailed.at("/amount/currency", "wrong_currency", "not the refund's", "S65")
    if not command.amount:
        raise ValidationFailed.at("/amount/amount", "not_positive", "the amount is more than nothing", "S65")
    if cap < command.amount:
        left = {"amount": cap.amount, "currency": cap.currency}
        raise AmountExceedsCap("More than went back to the buyer.", rules=("S65",), cap=left)


def _left(dispute: Dispute) -> Money:
    """What went back to the buyer, and did not come back of it."""
    paid = refunded(dispute.refunds)
    assert paid
    over = sum(end.amount.minor for end in dispute.case.clawbacks.over("buyer") if isinstance(end, ClawbackSettled))
    return Money(paid.minor - over, paid.currency, paid.exponent)


def _same(one: RepaymentAgreed, other: RepaymentAgreed) -> bool:
    return (one.amount, one.way) == (other.amount, other.way)
