"""Reports of sellers: a buyer says that one asked for money aside, or did what else no seller may (S8)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated

from dispute.domain.commands import text_ref, texts_about
from dispute.domain.evidence.keeping import KeepingEvidence, kept
from dispute.domain.evidence.state import Evidence
from dispute.domain.orders.state import Order
from shared.events.base import Event, Personal, StreamName
from shared.events.fields import EvidenceIds, Text
from shared.events.ids import derived_id
from shared.events.order import ReportKind, SellerReported
from shared.events.outside.ids import PartyId
from shared.rejections import ValidationFailed, guard_text


class ReportSeller(KeepingEvidence):
    """Names files that the buyer has sent for this order, if there are any, and the seller where there are several."""

    kind: ReportKind
    text: Annotated[str, Text(2000)]
    evidence: EvidenceIds = ()
    seller_id: PartyId | None = None

    @cached_property
    def streams(self) -> Sequence[StreamName]:
        return (*super().streams, *self.named)

    @property
    def report_id(self) -> str:
        return derived_id("rpt", self.order_id, self.command_id)

    @property
    def text_ref(self) -> str:
        return text_ref(self, "text")

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, text=self.text)


def report_seller(command: ReportSeller, order: Order, *evidence: Evidence) -> tuple[Sequence[Event], ...]:
    """It is recorded for people to look at, whoever the money was paid to; it opens and holds nothing."""
    order.parties.guard(command.actor, "order", "buyer")
    guard_text(text=command.text)
    files = kept(command, evidence, "S8", report_id=command.report_id)
    reported = SellerReported(
        order_id=order.order_id,
        report_id=command.report_id,
        seller_id=seller_of(command, order),
        kind=command.kind,
        text_ref=command.text_ref,
        evidence=command.evidence,
        reported_at=command.at,
        rules=("S8",),
    )
    return [reported], *files


def seller_of(command: ReportSeller, order: Order) -> str | None:
    """Who is named; the only one there is, where nobody is; of several nobody guesses (S8)."""
    sellers = {line.seller_id for line in order.lines.values()}
    if command.seller_id and command.seller_id not in sellers:
        raise ValidationFailed.at("/seller_id", "unknown_seller", "no seller of this order", "S8")
    return command.seller_id or (sellers.pop() if len(sellers) == 1 else None)
