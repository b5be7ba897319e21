"""Assessment: the case team finds what is to be done about a claim, or that nothing is; what if it is late (D14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from dispute.domain.commands import text_ref, texts_about
from dispute.domain.deadlines import ExpireDeadline
from dispute.domain.entitlements.entitlement import guard_unsettled
from dispute.domain.orders.state import Order
from dispute.domain.warranties.claiming import noted
from dispute.domain.warranties.state import ClaimState, WarrantyClaim
from shared.events.base import Actor, Command, Event, Personal, StreamName, StreamOfKey
from shared.events.calendar import within_days
from shared.events.fields import ShortText, Text
from shared.events.order import Remedy, WarrantyStep
from shared.events.warranty import ClaimedRight, WarrantyAssessed, WarrantyResult, WarrantyReviewOverdue
from shared.rejections import ValidationFailed, WrongPhase, guard_text
from shared.rules.book import RULES

REMEDY: Mapping[WarrantyResult, Remedy] = {
    WarrantyResult.REPAIR: Remedy.REPAIR,
    WarrantyResult.REPLACE: Remedy.REPLACEMENT,
}
"""What a right has to give for a result; a refusal needs none."""


class WarrantyCommand(Command):
    """A command on one claim and on its order."""

    warranty_id: str

    @property
    def streams(self) -> Sequence[StreamName | StreamOfKey]:
        return (StreamName(f"warranty-{self.warranty_id}"), StreamOfKey("order"))


class AssessWarranty(WarrantyCommand):
    result: WarrantyResult
    rules: Annotated[tuple[ShortText, ...], Field(min_length=1, max_length=20)]
    text: Annotated[str, Text(4000)]

    @property
    def text_ref(self) -> str:
        return text_ref(self, "text")

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, text=self.text)


def assess(command: AssessWarranty, claim: WarrantyClaim, order: Order) -> tuple[list[Event], list[Event]]:
    """By a right that ran when the claim was opened, which is cited beside the rules that the case team names; refused,
    the claim is over, and another one may be made.
    """
    guard_assessing(claim, command.actor)
    guard_text(text=command.text)
    guard_cited(command.rules)
    right = guard_right(command, claim, order)
    assessed = WarrantyAssessed(
        warranty_id=command.warranty_id,
        order_id=claim.opened.order_id,
        result=command.result,
        right=right.right if right else None,
        text_ref=command.text_ref,
        assessed_by=command.actor.id,
        assessed_at=command.at,
        rules=tuple(dict.fromkeys(("T41", *(right.rules if right else ()), *command.rules))),
    )
    return [assessed], [noted(claim.opened, WarrantyStep(command.result), command)]


def guard_assessing(claim: WarrantyClaim, actor: Actor) -> None:
    """Once, by somebody of the case team who is neither buyer nor seller (G15)."""
    claim.parties.guard(actor, "warranty claim", "case_team")
    WrongPhase.unless_in("claim", claim.state, ClaimState.OPENED)


def guard_cited(rules: Sequence[str]) -> None:
    """G13: all that it cites exist."""
    for place, rule in enumerate(rules):
        if rule not in RULES:
            raise ValidationFailed.at(f"/rules/{place}", "unknown_rule", "no such rule", "G13")


def guard_right(command: AssessWarranty, claim: WarrantyClaim, order: Order) -> ClaimedRight | None:
    """The right that gives it; a line that was paid back, or is in dispute, gets no goods besides its money (I1)."""
    if command.result is WarrantyResult.REFUSED:
        return None
    guard_unsettled(order, order.lines[claim.opened.line_id])
    if not (right := claim.right_to(REMEDY[command.result])):
        raise ValidationFailed.at("/result", "not_granted", "no right of this claim gives that", "K11")
    return right


def review_overdue(command: ExpireDeadline, claim: WarrantyClaim) -> list[Event]:
    """D14: an alarm, by which nothing is decided and no right is lost; then the days run anew."""
    opened = claim.opened
    return [
        WarrantyReviewOverdue(
            warranty_id=opened.warranty_id,
            due_at=command.due_at,
            review_until=within_days(command.at, opened.review_days, opened.timezone),
            rules=("T41", "D14"),
        )
    ]
