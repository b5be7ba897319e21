"""A return's life as a fold: from the request to what the inspection found (docs/rules/states.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from shared.events.return_label import (
    ReturnAuthorized,
    ReturnDenied,
    ReturnEvent,
    ReturnInspected,
    ReturnLabelIssued,
    ReturnReceived,
    ReturnRequested,
    ReturnShipped,
)


class Phase(StrEnum):
    """Where the goods are."""

    REQUESTED = "requested"
    DENIED = "denied"
    AUTHORIZED = "authorized"
    LABEL_ISSUED = "label_issued"
    SELF_PAID = "self_paid"
    SHIPPED = "shipped"
    RECEIVED = "received"
    INSPECTED = "inspected"


@dataclass(frozen=True, slots=True)
class Return:
    """The fold of one return's stream."""

    phase: Phase = Phase.REQUESTED
    requested: ReturnRequested | None = None
    denied: ReturnDenied | None = None
    authorized: ReturnAuthorized | None = None
    label: ReturnLabelIssued | None = None
    shipped: ReturnShipped | None = None
    received: ReturnReceived | None = None
    inspected: ReturnInspected | None = None


def evolve(state: Return, event: ReturnEvent) -> Return:
    match event:
        case ReturnRequested():
            return replace(state, requested=event)
        case ReturnDenied():
            return replace(state, denied=event, phase=Phase.DENIED)
        case ReturnAuthorized():
            return replace(state, authorized=event, phase=Phase.AUTHORIZED)
        case ReturnLabelIssued():
            return replace(state, label=event, phase=Phase.LABEL_ISSUED if event.prepaid else Phase.SELF_PAID)
        case ReturnShipped():
            return replace(state, shipped=event, phase=Phase.SHIPPED)
        case ReturnReceived():
            return replace(state, received=event, phase=Phase.RECEIVED)
        case ReturnInspected():
            return replace(state, inspected=event, phase=Phase.INSPECTED)
    assert_never(event)
