"""Reports of sellers: a buyer says that one asked for money aside, or did what else no seller may (S8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated

from dispute.domain.commands import OrderCommand, guard_text, text_ref, texts_about
from dispute.domain.evidence.naming import named_streams
from dispute.domain.evidence.state import Evidence, EvidenceState
from dispute.domain.orders.state import Order
from shared.events.base import Event, Personal, StreamName
from shared.events.evidence import EvidenceAdded
from shared.events.fields import EvidenceIds, Text
from shared.events.ids import derived_id
from shared.events.order import ReportKind, SellerReported
from shared.events.outside.ids import PartyId
from shared.rejections import ValidationFailed


class ReportSeller(OrderCommand):
    """Names files that the buyer has sent for this order, if there are any, and the seller where there are several."""

    kind: ReportKind
    text: Annotated[str, Text(2000)]
    evidence: EvidenceIds = ()
    seller_id: PartyId | None = None

    @cached_property
    def streams(self) -> Sequence[StreamName]:
        return (*super().streams, *named_streams(self.evidence, f"order-{self.order_id}"))

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
    streams = named_streams(command.evidence, f"order-{order.order_id}")
    items = {stream.name.removeprefix("evidence-"): item for stream, item in zip(streams, evidence, strict=True)}
    guard_named(command, items)
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
    return [reported], *(_kept(command, item) for item in items.values())


def seller_of(command: ReportSeller, order: Order) -> str | None:
    """Who is named; the only one there is, where nobody is; of several nobody guesses (S8)."""
    sellers = {line.seller_id for line in order.lines.values()}
    if command.seller_id and command.seller_id not in sellers:
        raise ValidationFailed.at("/seller_id", "unknown_seller", "no seller of this order", "S8")
    return command.seller_id or (sellers.pop() if len(sellers) == 1 else None)


def guard_named(command: ReportSeller, items: Mapping[str, Evidence]) -> None:
    """Each once, the buyer's own, of this order, and still there (S30)."""
    for place, name in enumerate(command.evidence):
        if name in command.evidence[:place]:
            raise ValidationFailed.at(f"/evidence/{place}", "repeated", "named twice", "S30")
        if (item := items.get(name)) is None or not _stands(command, item):
            raise ValidationFailed.at(f"/evidence/{place}", "unknown_evidence", "no such upload", "S30")


def _stands(command: ReportSeller, item: Evidence) -> bool:
    if not item.is_of(command.actor) or item.uploaded.order_id != command.order_id:
        return False
    waits = item.state == EvidenceState.UNATTACHED and command.at < item.uploaded.expires_at
    return waits or item.state == EvidenceState.ATTACHED


def _kept(command: ReportSeller, item: Evidence) -> list[Event]:
    """What no form had named yet is the report's, so that it does not run out."""
    if item.state != EvidenceState.UNATTACHED:
        return []
    return [
        EvidenceAdded(dispute_id=None, report_id=command.report_id, item=item.item, added_at=command.at, rules=("S8",))
    ]
