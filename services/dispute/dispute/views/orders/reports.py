"""View of a buyer's reports of a seller: for who reported and for the platform's people."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict

from dispute.domain.orders.state import Order
from shared.events.base import Actor, Instant
from shared.events.open_enums import Open
from shared.events.order import ReportKind, SellerReported
from shared.events.outside.ids import path_of
from shared.views import TextLink, text_link


class ReportView(TypedDict):
    """What a seller is reported for; which one is null where the order has several and the buyer named none."""

    id: str
    order_id: str
    seller_id: str | None
    kind: Open[ReportKind]
    text: TextLink | None
    evidence: Sequence[str]
    reported_at: Instant


def report_views(order: Order, actor: Actor) -> list[ReportView]:
    """All that the actor may see: none for a seller."""
    return [report_view(report) for report in order.reports] if sees_reports(order, actor) else []


def sees_reports(order: Order, actor: Actor) -> bool:
    """The buyer, and those of the platform's people who judge."""
    return bool(order.parties.acting(actor) & {"buyer", "case_team", "support"})


def report_view(report: SellerReported) -> ReportView:
    return {
        "id": report.report_id,
        "order_id": report.order_id,
        "seller_id": report.seller_id,
        "kind": report.kind,
        "text": text_link(path_of("v1", "orders", report.order_id), report.text_ref),
        "evidence": report.evidence,
        "reported_at": report.reported_at,
    }
