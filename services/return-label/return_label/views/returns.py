"""What a party sees of a return: the same renderer for a command's answer and for a query."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from return_label.domain.handling import guard_inspection, guard_receipt, guard_shipment
from return_label.domain.parties import guard_party
from return_label.domain.rejections import Forbidden, Rejected
from return_label.domain.returns import Return
from shared.events.base import Actor, wire_time

Json = dict[str, Any]


def return_view(state: Return, version: int, actor: Actor) -> Json:
    """The return as the actor sees it; NotFound for a stranger."""
    facts = guard_party(state, actor)
    return {
        "id": facts.return_id,
        "order_id": facts.order_id,
        "dispute_id": facts.dispute_id,
        "version": version,
        "kind": facts.kind,
        "state": state.phase,
        "reason": facts.reason,
        "lines": [{"line_id": line.line_id, "quantity": line.quantity} for line in facts.lines],
        "buyer_id": facts.buyer_id,
        "seller_id": facts.seller_id,
        "freight_payer": facts.freight_payer,
        "address_ref": facts.address_ref,
        "ship_by": wire_time(state.authorized.ship_by) if state.authorized else None,
        "denied_because": state.denied.reason if state.denied else None,
        "label": _label(state),
        "shipment": _shipment(state),
        "receipt": _receipt(state),
        "inspection": _inspection(state),
        "rules": list(facts.rules),
        **_rendered(actions(state, facts.return_id), actor),
    }


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a party may do, if the guard does not refuse; `due_at` is when silence has consequences."""

    rel: str
    href: str
    guard: Callable[[Actor], None]
    due_at: datetime | None


def actions(state: Return, return_id: str) -> Iterable[Action]:
    """Everything that can be done with a return, each with the guard of its command."""
    path = f"/v1/returns/{return_id}"
    return (
        Action(
            "ship",
            f"{path}/shipment",
            lambda actor: guard_shipment(state, actor),
            state.authorized.ship_by if state.authorized else None,
        ),
        Action(
            "receive",
            f"{path}/receipt",
            lambda actor: guard_receipt(state, actor),
            state.shipped.transit_alarm_at if state.shipped else None,
        ),
        Action(
            "inspect",
            f"{path}/inspection",
            lambda actor: guard_inspection(state, actor),
            state.received.inspect_by if state.received else None,
        ),
    )


def _rendered(possible: Iterable[Action], actor: Actor) -> Json:
    """What is possible now, and what is not with the code that says why; what is not the actor's at all is left out."""
    available: list[Json] = []
    unavailable: list[Json] = []
    for action in possible:
        named = {"rel": action.rel, "method": "POST", "href": action.href}
        try:
            action.guard(actor)
        except Forbidden:
            continue
        except Rejected as refusal:
            unavailable.append({**named, "code": refusal.code, "rules": list(refusal.cited)})
        else:
            available.append(
                {**named, "due_at": wire_time(action.due_at) if action.due_at else None, "mandatory": True}
            )
    return {"available_actions": available, "unavailable_actions": unavailable}


def _label(state: Return) -> Json | None:
    if not (label := state.label):
        return None
    return {"id": label.label_id, "prepaid": label.prepaid, "payer": label.payer}


def _shipment(state: Return) -> Json | None:
    if not (shipped := state.shipped):
        return None
    return {
        "tracking_number": shipped.tracking_number,
        "carrier": shipped.carrier,
        "shipped_at": wire_time(shipped.shipped_at),
        "transit_alarm_at": wire_time(shipped.transit_alarm_at),
    }


def _receipt(state: Return) -> Json | None:
    if not (received := state.received):
        return None
    return {"received_at": wire_time(received.received_at), "inspect_by": wire_time(received.inspect_by)}


def _inspection(state: Return) -> Json | None:
    """What was found; the inspector's words are text about people, so the answer names where the parties read them."""
    if not (inspected := state.inspected):
        return None
    ref = inspected.note_ref
    note = {"ref": ref, "href": f"/v1/returns/{inspected.return_id}/texts/{ref}"} if ref else None
    return {"result": inspected.result, "fault": inspected.fault, "note": note, "rules": list(inspected.rules)}
