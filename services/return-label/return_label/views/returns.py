"""A return as a party sees it: the same renderer for a command's answer and for a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from typing_extensions import TypedDict

from return_label.domain.deadlines import DeadlineKind
from return_label.domain.returns.inspection import left, shown_before
from return_label.domain.returns.state import Return
from return_label.domain.returns.timers import due
from return_label.views.actions import return_actions
from return_label.views.labels.shown import (
    CancellationView,
    LabelDeniedView,
    LabelView,
    cancellation_views,
    label_denied_view,
    label_view,
)
from return_label.views.rows import ReturnRow
from shared.actions import Actions, rendered
from shared.events.base import Actor, Instant
from shared.events.inspection import InspectedPieces, InspectionFault, InspectionResult, ReturnPiecesInspected
from shared.events.open_enums import Open
from shared.tracking.numbers import NumberCheck, number_check
from shared.views import LineQuantity, TextLink, text_link


class ShipmentView(TypedDict):
    """The parcel on its way, and what was checked of its number. Where nothing came by `transit_alarm_at`, somebody
    looks for it.
    """

    tracking_number: str
    carrier: str | None
    number_check: NumberCheck
    shipped_at: Instant
    transit_alarm_at: Instant


class ReceiptView(TypedDict):
    """The parcel's arrival, and until when it is inspected."""

    received_at: Instant
    inspect_by: Instant


class InspectedView(TypedDict):
    """What was found of so many pieces of a line; the inspector's words are text about people, and `evidence` are items
    of the order.
    """

    line_id: str
    quantity: int
    result: Open[InspectionResult]
    fault: Open[InspectionFault] | None
    note: TextLink | None
    evidence: Sequence[str]


class InspectionView(TypedDict):
    """What was found in the end, or that nobody has looked in time; no result as long as there is a `rest`. `lines` has
    what was said of single pieces; the inspector's words are text about people, and `evidence` are items of the order.
    """

    result: Open[InspectionResult] | Literal["timed_out"] | None
    fault: Open[InspectionFault] | None
    note: TextLink | None
    evidence: Sequence[str]
    lines: Sequence[InspectedView]
    rest: Sequence[LineQuantity]
    rules: Sequence[str]


class DeadlineView(TypedDict):
    """A deadline that runs."""

    kind: str
    due_at: Instant
    rules: Sequence[str]


RULES: Mapping[DeadlineKind, Sequence[str]] = {
    DeadlineKind.RESPONSE: ("D1", "T27x"),
    DeadlineKind.DISPUTE: ("D2", "T27x"),
    DeadlineKind.SHIPMENT: ("D9", "T24"),
    DeadlineKind.TRANSIT: ("D10", "T44"),
    DeadlineKind.INSPECTION: ("D11", "T28"),
}
"""By deadline: its rule, and what happens then."""
WAREHOUSE = "warehouse"
"""The name of the warehouse's address among the texts of a return."""


class ReturnView(ReturnRow, Actions):
    """A return: where the goods are, each step of their way, and what the caller may do. `address_ref` names the
    seller's address among the dispute's texts, or the warehouse's, whose link is `warehouse`, and whose subject is
    `warehouse_id` (K22); `told_address` is the one that the seller told with its answer. It
    is handed in at one of the `points`, where there is a list (S87). A denial by the seller has its
    words as `denial`; until the deadline `return_dispute` its order offers a dispute about it, which is then
    `dispute_id` (T27x).
    """

    lines: Sequence[LineQuantity]
    address_ref: str
    warehouse: TextLink | None
    warehouse_id: str | None
    points: Sequence[str]
    told_address: TextLink | None
    instructions: Sequence[str]
    denied_because: str | None
    denial: TextLink | None
    label: LabelView | None
    label_denied: LabelDeniedView | None
    label_cancellations: Sequence[CancellationView]
    shipment: ShipmentView | None
    receipt: ReceiptView | None
    inspection: InspectionView | None
    lost_at: Instant | None
    deadlines: Sequence[DeadlineView]
    external_hold: bool
    rules: Sequence[str]


def return_view(return_: Return, version: int, actor: Actor, at: datetime) -> ReturnView:
    """The return as the actor sees it; NotFound for a stranger."""
    return_.parties.guard(actor, "return")
    terms = return_.terms
    path = f"/v1/returns/{terms.return_id}"
    denied = return_.denied
    return {
        "id": terms.return_id,
        "href": path,
        "order_id": terms.order_id,
        "dispute_id": return_.dispute_id,
        "version": version,
        "kind": terms.kind,
        "state": return_.state,
        "reason": terms.reason,
        "lines": [{"line_id": line.line_id, "quantity": line.quantity} for line in terms.lines],
        "buyer_id": terms.buyer_id,
        "seller_id": terms.seller_id,
        "freight_payer": terms.freight_payer,
        "address_ref": return_.address_ref or WAREHOUSE,
        "warehouse": text_link(path, None if return_.address_ref else WAREHOUSE),
        "warehouse_id": None if return_.address_ref else terms.warehouse_id,
        "points": terms.points,
        "told_address": text_link(path, return_.told_address_ref),
        "ship_by": return_.due.get(DeadlineKind.SHIPMENT),
        "instructions": return_.authorized.instructions if return_.authorized else (),
        "denied_because": denied.reason if denied else None,
        "denial": text_link(path, denied.reason_ref) if denied else None,
        "label": label_view(return_, path, actor),
        "label_denied": label_denied_view(return_),
        "label_cancellations": cancellation_views(return_),
        "shipment": _shipment(return_),
        "receipt": _receipt(return_),
        "inspection": _inspection(return_, path),
        "lost_at": return_.lost.lost_at if return_.lost else None,
        "deadlines": [
            {"kind": kind, "due_at": due_at, "rules": RULES[kind]} for kind in RULES if (due_at := due(return_, kind))
        ],
        "external_hold": bool(return_.hold.open),
        "rules": terms.rules,
        **rendered(return_actions(return_, path, actor, at)),
    }


def _shipment(return_: Return) -> ShipmentView | None:
    if not (shipped := return_.shipped):
        return None
    return {
        "tracking_number": shipped.tracking_number,
        "carrier": shipped.carrier,
        "number_check": number_check(shipped.tracking_number, shipped.carrier),
        "shipped_at": shipped.shipped_at,
        "transit_alarm_at": return_.due[DeadlineKind.TRANSIT],
    }


def _receipt(return_: Return) -> ReceiptView | None:
    if not (received := return_.received):
        return None
    return {"received_at": received.received_at, "inspect_by": return_.due[DeadlineKind.INSPECTION]}


def _inspection(return_: Return, path: str) -> InspectionView | None:
    if not (return_.timed_out or return_.inspected or return_.examined):
        return None
    found, steps = return_.inspected, return_.examined
    ended = return_.timed_out or found
    result: Open[InspectionResult] | Literal["timed_out"] | None = found.result if found else None
    if return_.timed_out:
        result = "timed_out"
    return {
        "result": result,
        "fault": found.fault if found else None,
        "note": text_link(path, found.note_ref) if found else None,
        "evidence": found.evidence if found else shown_before(return_),
        "lines": [_inspected(one, step, path) for step in steps for one in step.lines],
        "rest": [] if ended else [{"line_id": name, "quantity": count} for name, count in left(return_).items()],
        "rules": (ended or steps[-1]).rules,
    }


def _inspected(one: InspectedPieces, step: ReturnPiecesInspected, path: str) -> InspectedView:
    note = text_link(path, step.note_ref)
    said = {"line_id": one.line_id, "quantity": one.quantity, "result": one.result, "fault": one.fault}
    return {**said, "note": note, "evidence": step.evidence}  # type: ignore[typeddict-item]
