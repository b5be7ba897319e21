"""Claiming: a buyer says that goods are faulty, and every right against faults is asked (T41, K11)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Literal

from dispute.domain.areas import NOWHERE
from dispute.domain.commands import text_ref, texts_about
from dispute.domain.entitlements.entitlement import Judged, Question
from dispute.domain.entitlements.judging import best, judge_faults
from dispute.domain.evidence.keeping import KeepingEvidence, kept
from dispute.domain.evidence.state import Evidence
from dispute.domain.orders.line import Line
from dispute.domain.orders.pieces import named_pieces
from dispute.domain.orders.state import Order
from dispute.domain.rejections import AlreadyOpen, WarrantyNotApplicable
from dispute.domain.warranties.state import WarrantyClaim
from shared.events.base import Command, Event, Personal, StreamName
from shared.events.calendar import within_days
from shared.events.dispute import Reason
from shared.events.fields import EvidenceIds, Quantity, Text
from shared.events.ids import derived_id
from shared.events.open_enums import known
from shared.events.order import WarrantyNoted, WarrantyStep
from shared.events.outside.ids import Id
from shared.events.warranty import ClaimedRight, WarrantyClaimOpened, WarrantyResult
from shared.rejections import ValidationFailed, guard_text

Wanted = Literal[WarrantyResult.REPAIR, WarrantyResult.REPLACE]
OVER = (WarrantyStep.REFUSED, WarrantyStep.FULFILLED)
"""After these the same pieces may be claimed for again."""


class OpenWarrantyClaim(KeepingEvidence):
    """Which pieces are faulty, and how; without a quantity as many as the best right covers."""

    order_id: Id
    line_id: Id
    quantity: Quantity | None = None
    fault: Annotated[str, Text(2000)]
    wanted: Wanted | None = None
    evidence: EvidenceIds = ()

    @cached_property
    def streams(self) -> Sequence[StreamName]:
        claim = StreamName(f"warranty-{self.warranty_id}", self.order_id)
        return (claim, StreamName(f"order-{self.order_id}"), *self.named)

    @property
    def warranty_id(self) -> str:
        return derived_id("wty", self.order_id, self.command_id)

    @property
    def fault_ref(self) -> str:
        return text_ref(self, "fault")

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, fault=self.fault)


def open_claim(
    command: OpenWarrantyClaim, _: WarrantyClaim, order: Order, *evidence: Evidence
) -> tuple[Sequence[Event], ...]:
    """By the rights that run at this moment, whatever the assessment then takes; nothing of the money is held."""
    order.parties.guard(command.actor, "order", "buyer")
    line = guard_line(command, order)
    guard_text(fault=command.fault)
    question = Question(order, Reason.DEFECTIVE, command.at, NOWHERE)
    found = judge_faults(question, named_pieces(order, [(line.line_id, line.quantity)])[0])
    right, quantity = best_right(command, order, found)
    files = kept(command, evidence, "T41", warranty_id=command.warranty_id)
    opened = _opened(command, order, line, quantity, found, right)
    return [opened], [noted(opened, WarrantyStep.OPENED, command)], *files


def guard_line(command: OpenWarrantyClaim, order: Order) -> Line:
    """A line of the order, and no more of it than was ordered (S109)."""
    if not (line := order.lines.get(command.line_id)):
        raise ValidationFailed.at("/line_id", "unknown_line", "no line of this order", "S109")
    if command.quantity and command.quantity > line.quantity:
        raise ValidationFailed.at("/quantity", "too_many", "more than were ordered", "S109")
    return line


def best_right(command: OpenWarrantyClaim, order: Order, found: Sequence[Judged]) -> tuple[Judged, int]:
    """The best right that covers so many pieces, and how many are claimed for (K11)."""
    claimed = [note for note in order.warranties.values() if _goes_on(note) and note.line_id == command.line_id]
    waiting = sum(note.quantity for note in claimed)
    left = {one.entitlement.name: _covered(one) - waiting for one in found if one.is_granted}
    if not left:
        raise _not_applicable(found)
    if max(left.values()) < 1:
        raise AlreadyOpen("There is a claim for it already.", rules=("T41",), warranty_id=claimed[0].warranty_id)
    wanted = command.quantity or 1
    right = best(one for one in found if one.is_granted and left[one.entitlement.name] >= wanted)
    if right is None:
        raise ValidationFailed.at("/quantity", "too_many", "more than any right covers", "K11", "T41")
    return right, command.quantity or left[right.entitlement.name]


def noted(opened: WarrantyClaimOpened, step: WarrantyStep, command: Command) -> WarrantyNoted:
    """What the order keeps of the claim."""
    return WarrantyNoted(
        order_id=opened.order_id,
        warranty_id=opened.warranty_id,
        line_id=opened.line_id,
        quantity=opened.quantity,
        step=step,
        opened_at=opened.opened_at,
        noted_at=command.at,
        rules=("T41",),
    )


def _goes_on(note: WarrantyNoted) -> bool:
    return known(note.step) not in OVER


def _covered(one: Judged) -> int:
    return sum(quantity for _, quantity in one.pieces)


def _not_applicable(found: Sequence[Judged]) -> WarrantyNotApplicable:
    """Every right says why not, each by its own rules."""
    rights = [_claimed(one) for one in found]
    rules = ("K11", "T41", *(rule for right in rights for rule in right.rules))
    return WarrantyNotApplicable(
        "No right against faults covers this line now.",
        rules=tuple(dict.fromkeys(rules)),
        entitlements=[{"name": right.right, **right.model_dump(mode="json", exclude={"right"})} for right in rights],
    )


def _opened(
    command: OpenWarrantyClaim, order: Order, line: Line, quantity: int, found: Sequence[Judged], right: Judged
) -> WarrantyClaimOpened:
    assert order.terms and right.entitlement.name
    days, timezone = order.terms.warranty_review_days, order.terms.timezone
    return WarrantyClaimOpened(
        warranty_id=command.warranty_id,
        order_id=order.order_id,
        buyer_id=order.buyer_id,
        seller_id=line.seller_id,
        line_id=line.line_id,
        quantity=quantity,
        fault_ref=command.fault_ref,
        wanted=command.wanted,
        evidence=command.evidence,
        rights=tuple(_claimed(one) for one in found),
        best=right.entitlement.name,
        listing_warranty=line.listing.listing_warranty,
        opened_at=command.at,
        review_until=within_days(command.at, days, timezone),
        review_days=days,
        timezone=timezone,
        rules=tuple(dict.fromkeys(("T41", "K11", *right.entitlement.rules))),
    )


def _claimed(one: Judged) -> ClaimedRight:
    right, refusal = one.entitlement, one.refusal
    assert right.name
    return ClaimedRight(
        kind=right.kind,
        right=right.name,
        version=right.version,
        granted=one.is_granted,
        code=refusal.code if refusal else None,
        rules=(refusal.cited or right.rules) if refusal else right.rules,
        opens_at=one.opens_at,
        ends_at=one.ends_at,
        payer=right.payer,
        remedies=right.remedies,
    )
