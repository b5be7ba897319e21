"""Ruling: what the case team finds, and what such a finding has to say to be one (G9, G13)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from dispute.domain.commands import DisputeAndOrderCommand, text_ref, texts_about
from dispute.domain.disputes.agreement.passed import guard_passed_lines
from dispute.domain.disputes.difference import asked_for
from dispute.domain.disputes.form import guard_returnable
from dispute.domain.disputes.settlement import goods_gone
from dispute.domain.disputes.state import Dispute
from dispute.domain.orders.pieces import disputed_pieces
from dispute.domain.orders.state import Order
from dispute.domain.rejections import UnexplainedDecision
from shared.events.base import Message, Personal
from shared.events.dispute import SENT_AGAIN, DisputedLine, Payer, SolutionType
from shared.events.fields import ShortText, Text, WireMoney
from shared.events.mediation import Outcome, Ruling, Weighed
from shared.events.money import Money, total
from shared.events.order import LineAmount
from shared.events.outside.ids import Id
from shared.rejections import AmountExceedsCap, ValidationFailed, guard_text
from shared.rules.book import RULES

Weight = Annotated[int, Field(ge=0, le=3, strict=True)]
"""0 not considered, 1 discounted, 2 relied on, 3 decisive."""
RuleIds = Annotated[tuple[ShortText, ...], Field(max_length=20)]
Weights = Annotated[dict[ShortText, Weight], Field(max_length=100)]


class RuledLine(Message):
    """How much of a disputed line goes back; nothing is an answer too."""

    line_id: Id
    amount: WireMoney


RuledLines = Annotated[tuple[RuledLine, ...], Field(max_length=100)]
RulingText = Annotated[str, Text(4000)]
Address = Annotated[str, Text(500)]


class Found(Message):
    """What is found, in the words of who decides; `rules`, `weights` and `text` always."""

    outcome: Outcome | None = None
    type: SolutionType | None = None
    lines: RuledLines = ()
    freight_payer: Payer | None = None
    address: Address | None = None
    rules: RuleIds = ()
    weights: Weights = {}
    text: RulingText


class RulingCommand(DisputeAndOrderCommand, Found):
    """Base of the commands that decide."""

    @property
    def text_ref(self) -> str:
        return text_ref(self, "text")

    @property
    def address_ref(self) -> str | None:
        return text_ref(self, "address") if self.address else None

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, text=self.text, address=self.address)


def ruled(found: RulingCommand, dispute: Dispute, order: Order) -> Ruling:
    """The ruling; refused where it does not fit the dispute, pays too much, or explains too little."""
    lines = guard_lines(found.lines, dispute.opened.lines)
    amount = total([part.amount for part in lines])
    guard_caps(lines, dispute.opened.lines)
    guard_passed_lines(lines, dispute)
    guard_outcome(found, amount, dispute)
    guard_goods(found, dispute, order)
    guard_explained(found, dispute)
    assert found.outcome
    return Ruling(
        outcome=found.outcome,
        type=found.type,
        lines=lines,
        amount=amount,
        freight_payer=freight_payer(found.type, found.freight_payer),
        address_ref=found.address_ref,
        weights=weighed(found.weights),
        text_ref=found.text_ref,
    )


def weighed(weights: Weights) -> tuple[Weighed, ...]:
    """The weights as they are recorded."""
    return tuple(Weighed(evidence_id=item, weight=weight) for item, weight in weights.items())


def freight_payer(kind: SolutionType | None, named: Payer | None) -> Payer | None:
    """Who pays the freight of a return: who is named, else the seller, since the reason is a fault (K26)."""
    return (named or Payer.SELLER) if kind == SolutionType.RETURN_AND_REFUND else None


def guard_lines(found: Sequence[RuledLine], disputed: Sequence[DisputedLine]) -> tuple[LineAmount, ...]:
    """All the disputed lines and no other, in the order's currency; without any, nothing on each."""
    amounts: dict[str, Money] = {}
    known = {line.line_id: line.cap for line in disputed}
    for i, part in enumerate(found):
        if part.line_id not in known:
            raise ValidationFailed.at(f"/lines/{i}/line_id", "unknown_line", "no disputed line", "S109")
        if part.line_id in amounts:
            raise ValidationFailed.at(f"/lines/{i}/line_id", "repeated", "named twice", "S109")
        if not part.amount.same_currency(known[part.line_id]):
            raise ValidationFailed.at(f"/lines/{i}/amount/currency", "wrong_currency", "not the order's", "S45")
        amounts[part.line_id] = part.amount
    if found and (left := [name for name in known if name not in amounts]):
        raise ValidationFailed.at("/lines", "missing", f"every disputed line has its amount: {', '.join(left)}", "T15")
    return tuple(LineAmount(line_id=name, amount=amounts.get(name, Money.zero(cap))) for name, cap in known.items())


def guard_outcome(found: Found, amount: Money, dispute: Dispute) -> None:
    """The word and the amounts say the same: nothing for the seller's favour (S12), less than was asked for a split;
    what is sent again is for the buyer's.
    """
    assert dispute.request
    asked, again = dispute.request.amount, found.type in SENT_AGAIN
    if again and amount:
        raise ValidationFailed.at("/lines", "not_expected", "what is sent again moves no money", "S86")
    fits = {
        Outcome.SELLER_FAVOUR: not amount and found.type is None,
        Outcome.BUYER_FAVOUR: bool(amount) or again,
        Outcome.SPLIT: bool(amount) and amount < asked,
    }
    if not found.outcome or not fits[found.outcome]:
        raise ValidationFailed.at("/outcome", "outcome_differs", f"this is not {found.outcome}", "T15", "S51")
    if amount and not found.type:
        raise ValidationFailed.at("/type", "missing", "money alone, or goods first", "T15")


def guard_goods(found: Found, dispute: Dispute, order: Order) -> None:
    """G7: what never came, or was to go back already, cannot go back; nor is money that went asked for anew by it."""
    if not found.type:
        return
    if found.type == SolutionType.RETURN_AND_REFUND and goods_gone(dispute):
        raise ValidationFailed.at("/type", "nothing_to_return", _why_gone(dispute), "G7")
    guard_returnable(disputed_pieces(order, dispute.opened.dispute_id), dispute.reason, found.type)


def _why_gone(dispute: Dispute) -> str:
    if dispute.return_id:
        return "a return was asked for already"
    if asked_for(dispute):
        return "the money went without the goods"
    return "the money was asked for without the goods, and refused or given up"


def guard_caps(lines: Sequence[LineAmount], disputed: Sequence[DisputedLine]) -> None:
    """G9: of each line at most its cap."""
    for part, line in zip(lines, disputed, strict=True):
        if line.cap < part.amount:
            cap = {"amount": line.cap.amount, "currency": line.cap.currency}
            raise AmountExceedsCap("More than can be refunded on this line.", line_id=part.line_id, cap=cap)


def guard_explained(found: Found, dispute: Dispute) -> None:
    """G13, I10: it cites a rule at least, all that it cites exist, and every item of evidence has a weight."""
    guard_text(text=found.text)
    for i, rule in enumerate(found.rules):
        if rule not in RULES:
            raise ValidationFailed.at(f"/rules/{i}", "unknown_rule", "no such rule", "G13")
    items = dispute.evidence.to_weigh
    if foreign := sorted(found.weights.keys() - items):
        raise ValidationFailed.at(f"/weights/{foreign[0]}", "unknown_evidence", "no evidence of this dispute", "G13")
    missing = [*([] if found.rules else ["rules"]), *sorted(items - found.weights.keys())]
    if missing:
        raise UnexplainedDecision("A decision says by which rules, and what each item weighed.", missing=missing)
