"""A return as a party sees it: the same renderer for a command's answer and for a query."""

from __future__ import annotations

from collections.abc import Sequence

from return_label.domain.returns.state import Return
from return_label.domain.returns.transit import guard_inspection, guard_receipt, guard_shipment
from shared.actions import Action, Json, rendered
from shared.events.base import Actor, wire_time


def return_view(return_: Return, version: int, actor: Actor) -> Json:
    """The return as the actor sees it; NotFound for a stranger."""
    return_.parties.guard(actor, "return")
    terms = return_.terms
    return {
        "id": terms.return_id,
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
        "address_ref": terms.address_ref,
        "ship_by": wire_time(return_.authorized.ship_by) if return_.authorized else None,
        "denied_because": return_.denied.reason if return_.denied else None,
        "label": _label(return_),
        "shipment": _shipment(return_),
        "receipt": _receipt(return_),
        "inspection": _inspection(return_),
        "rules": list(terms.rules),
        **rendered(return_actions(return_, actor)),
    }


def return_actions(return_: Return, actor: Actor) -> Sequence[Action]:
    """Everything that can be done with a return, each with the guard of its command."""
    path = f"/v1/returns/{return_.terms.return_id}"
    ship_by = return_.authorized.ship_by if return_.authorized else None
    receive_by = return_.shipped.transit_alarm_at if return_.shipped else None
    inspect_by = return_.received.inspect_by if return_.received else None
    return (
        Action("ship", f"{path}/shipment", lambda: guard_shipment(return_, actor), ship_by, mandatory=True),
        Action("receive", f"{path}/receipt", lambda: guard_receipt(return_, actor), receive_by, mandatory=True),
        Action("inspect", f"{path}/inspection", lambda: guard_inspection(return_, actor), inspect_by, mandatory=True),
    )


def _label(return_: Return) -> Json | None:
    if not (label := return_.label):
        return None
    return {"id": label.label_id, "prepaid": label.prepaid, "payer": label.payer}


def _shipment(return_: Return) -> Json | None:
    if not (shipped := return_.shipped):
        return None
    return {
        "tracking_number": shipped.tracking_number,
        "carrier": shipped.carrier,
        "shipped_at": wire_time(shipped.shipped_at),
        "transit_alarm_at": wire_time(shipped.transit_alarm_at),
    }


def _receipt(return_: Return) -> Json | None:
    if not (received := return_.received):
        return None
    return {"received_at": wire_time(received.received_at), "inspect_by": wire_time(received.inspect_by)}


def _inspection(return_: Return) -> Json | None:
    """What was found; the inspector's words are text about people, so the answer names where the parties read them."""
    if not (inspected := return_.inspected):
        return None
    ref = inspected.note_ref
    note = {"ref": ref, "href": f"/v1/returns/{inspected.return_id}/texts/{ref}"} if ref else None
    return {"result": inspected.result, "fault": inspected.fault, "note": note, "rules": list(inspected.rules)}
