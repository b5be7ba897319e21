"""A return as a party sees it: the same renderer for a command's answer and for a query."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict

from return_label.domain.returns.labels.giving_back import guard_void
from return_label.domain.returns.labels.issuing import guard_request
from return_label.domain.returns.state import Return, ReturnState
from return_label.domain.returns.transit import guard_correction, guard_inspection, guard_receipt, guard_shipment
from return_label.domain.tracking.numbers import NumberCheck, number_check
from return_label.views.labels.shown import LabelDeniedView, LabelView, label_denied_view, label_view
from shared.actions import Action, Actions, Offer, rendered
from shared.events.base import Actor, Instant
from shared.events.dispute import Payer, Reason
from shared.events.open_enums import Open
from shared.events.return_label import InspectionFault, InspectionResult, ReturnKind
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


class InspectionView(TypedDict):
    """What was found; the inspector's words are text about people."""

    result: Open[InspectionResult]
    fault: Open[InspectionFault] | None
    note: TextLink | None
    rules: Sequence[str]


WAREHOUSE = "warehouse"
"""The name of the warehouse's address among the texts of a return."""


class ReturnView(Actions):
    """A return: where the goods are, each step of their way, and what the caller may do. `address_ref` names the
    seller's address among the dispute's texts, or the warehouse's, whose link is `warehouse` (K22).
    """

    id: str
    href: str
    order_id: str
    dispute_id: str | None
    version: int
    kind: Open[ReturnKind]
    state: ReturnState
    reason: Open[Reason]
    lines: Sequence[LineQuantity]
    buyer_id: str
    seller_id: str
    freight_payer: Open[Payer]
    address_ref: str
    warehouse: TextLink | None
    ship_by: Instant | None
    denied_because: str | None
    label: LabelView | None
    label_denied: LabelDeniedView | None
    shipment: ShipmentView | None
    receipt: ReceiptView | None
    inspection: InspectionView | None
    rules: Sequence[str]


def return_view(return_: Return, version: int, actor: Actor) -> ReturnView:
    """The return as the actor sees it; NotFound for a stranger."""
    return_.parties.guard(actor, "return")
    terms = return_.terms
    path = f"/v1/returns/{terms.return_id}"
    return {
        "id": terms.return_id,
        "href": path,
        "order_id": terms.order_id,
        "dispute_id": terms.dispute_id,
        "version": version,
        "kind": terms.kind,
        "state": return_.state,
        "reason": terms.reason,
        "lines": [{"line_id": line.line_id, "quantity": line.quantity} for line in terms.lines],
        "buyer_id": terms.buyer_id,
        "seller_id": terms.seller_id,
        "freight_payer": terms.freight_payer,
        "address_ref": terms.address_ref or WAREHOUSE,
        "warehouse": text_link(path, None if terms.address_ref else WAREHOUSE),
        "ship_by": return_.authorized.ship_by if return_.authorized else None,
        "denied_because": return_.denied.reason if return_.denied else None,
        "label": label_view(return_, path, actor),
        "label_denied": label_denied_view(return_),
        "shipment": _shipment(return_),
        "receipt": _receipt(return_),
        "inspection": _inspection(return_, path),
        "rules": terms.rules,
        **rendered(return_actions(return_, path, actor)),
    }


def return_actions(return_: Return, path: str, actor: Actor) -> Sequence[Action]:
    """Everything that can be done with a return and by whom, each with the guard of its command."""

    def ship() -> Offer:
        guard_shipment(return_, actor)
        return Offer(return_.authorized.ship_by if return_.authorized else None, mandatory=True)

    def correct() -> Offer:
        guard_correction(return_, actor)
        return Offer()

    def receive() -> Offer:
        guard_receipt(return_, actor)
        return Offer(return_.shipped.transit_alarm_at if return_.shipped else None, mandatory=True)

    def inspect() -> Offer:
        guard_inspection(return_, actor)
        return Offer(return_.received.inspect_by if return_.received else None, mandatory=True)

    def ask() -> Offer:
        guard_request(return_, actor)
        return Offer()

    def give_back() -> Offer:
        guard_void(return_, actor)
        return Offer()

    return (
        Action("ship", f"{path}/shipment", ship),
        Action("correct-tracking", f"{path}/shipment", correct),
        Action("receive", f"{path}/receipt", receive),
        Action("inspect", f"{path}/inspection", inspect),
        Action("request-label", f"{path}/label", ask),
        Action("void-label", f"{path}/void", give_back),
    )


def _shipment(return_: Return) -> ShipmentView | None:
    if not (shipped := return_.shipped):
        return None
    return {
        "tracking_number": shipped.tracking_number,
        "carrier": shipped.carrier,
        "number_check": number_check(shipped.tracking_number, shipped.carrier),
        "shipped_at": shipped.shipped_at,
        "transit_alarm_at": shipped.transit_alarm_at,
    }


def _receipt(return_: Return) -> ReceiptView | None:
    if not (received := return_.received):
        return None
    return {"received_at": received.received_at, "inspect_by": received.inspect_by}


def _inspection(return_: Return, path: str) -> InspectionView | None:
    if not (inspected := return_.inspected):
        return None
    note = text_link(path, inspected.note_ref)
    return {"result": inspected.result, "fault": inspected.fault, "note": note, "rules": inspected.rules}
