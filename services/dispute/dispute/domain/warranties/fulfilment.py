"""Fulfilment: the seller repairs or replaces what a claim is about, or support sees to it (T41)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from dispute.domain.commands import text_ref, texts_about
from dispute.domain.orders.state import Order
from dispute.domain.warranties.assessment import WarrantyCommand
from dispute.domain.warranties.claiming import noted
from dispute.domain.warranties.state import ClaimState, WarrantyClaim
from shared.events.base import Actor, Event, Personal
from shared.events.fields import Text
from shared.events.order import WarrantyStep
from shared.events.outside.words import Name, TrackingNumber
from shared.events.warranty import WarrantyFulfilled
from shared.rejections import ValidationFailed, WrongPhase, guard_text


class FulfilWarranty(WarrantyCommand):
    """By a parcel, or in words: where it was repaired, by whom, what was given in its place."""

    tracking_number: TrackingNumber | None = None
    carrier: Name | None = None
    note: Annotated[str, Text(500)] | None = None

    @property
    def note_ref(self) -> str | None:
        return text_ref(self, "note") if self.note else None

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, note=self.note)


def fulfil(command: FulfilWarranty, claim: WarrantyClaim, _: Order) -> tuple[list[Event], list[Event]]:
    """The claim is over; what breaks again is claimed for again, while a right runs."""
    guard_fulfilling(claim, command.actor)
    guard_text(note=command.note)
    if not (command.tracking_number or command.note):
        raise ValidationFailed.at("", "nothing_said", "a parcel's number, or a note", "T41")
    fulfilled = WarrantyFulfilled(
        warranty_id=command.warranty_id,
        order_id=claim.opened.order_id,
        by="seller" if "seller" in claim.parties.acting(command.actor) else "support",
        tracking_number=command.tracking_number,
        carrier=command.carrier,
        note_ref=command.note_ref,
        fulfilled_at=command.at,
        rules=("T41",),
    )
    return [fulfilled], [noted(claim.opened, WarrantyStep.FULFILLED, command)]


def guard_fulfilling(claim: WarrantyClaim, actor: Actor) -> None:
    """By its seller or support, once it is to be repaired or replaced."""
    claim.parties.guard(actor, "warranty claim", "seller", "support")
    WrongPhase.unless_in("claim", claim.state, ClaimState.ASSESSED)
