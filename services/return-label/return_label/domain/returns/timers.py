"""Timers of a return: which deadlines its events start and end, and which its state waits for (D9-D11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from return_label.domain.deadlines import DeadlineKind, cancellation_of, label_in
from return_label.domain.returns.state import UNSENT, Return, ReturnState
from shared.decider import Clear, Start
from shared.events import return_label as events
from shared.events.base import Event

KINDS = tuple(DeadlineKind)
"""Of a return's deadlines."""
OF_GOODS = tuple(kind for kind in KINDS if kind is not DeadlineKind.CANCELLATION)
"""Those that end with the return."""
PAUSED = (DeadlineKind.SHIPMENT, DeadlineKind.TRANSIT, DeadlineKind.INSPECTION)
"""What stands still while a bank decides (T34); a label is bought all the same."""
WAITS: Mapping[str, frozenset[ReturnState]] = {
    DeadlineKind.LABEL: frozenset({ReturnState.AUTHORIZED}),
    DeadlineKind.SHIPMENT: UNSENT,
    DeadlineKind.TRANSIT: frozenset({ReturnState.SHIPPED}),
    DeadlineKind.INSPECTION: frozenset({ReturnState.RECEIVED}),
}
"""By deadline: the states that wait for it."""


def deadlines(event: Event) -> Iterable[Start | Clear]:  # noqa: C901 - one arm an event
    """What each event starts and ends."""
    match event:
        case events.ReturnAuthorized():
            return (Start(DeadlineKind.SHIPMENT, event.ship_by),)
        case events.ReturnLabelOrdered():
            return (Start(DeadlineKind.LABEL, event.ordered_at),)
        case events.ReturnLabelIssued() | events.ReturnLabelDenied():
            return (Clear(DeadlineKind.LABEL),)
        case events.ReturnLabelCancellationOrdered(label_id=label_id):
            return (Start(cancellation_of(label_id), event.ordered_at),)
        case events.ReturnLabelCancelled(label_id=label_id) | events.ReturnLabelNotCancelled(label_id=label_id):
            return (Clear(cancellation_of(label_id)),)
        case events.ReturnShipped():
            return (
                Clear(DeadlineKind.LABEL),
                Clear(DeadlineKind.SHIPMENT),
                Start(DeadlineKind.TRANSIT, event.transit_alarm_at),
            )
        case events.ReturnTransitOverdue():
            return (Start(DeadlineKind.TRANSIT, event.transit_alarm_at),)
        case events.ReturnReceived():
            arrived = (Clear(DeadlineKind.LABEL), Clear(DeadlineKind.SHIPMENT), Clear(DeadlineKind.TRANSIT))
            return (*arrived, Start(DeadlineKind.INSPECTION, event.inspect_by))
        case events.ReturnHeld():
            return map(Clear, PAUSED)
        case _ if isinstance(event, ENDS):
            return map(Clear, OF_GOODS)
        case _:
            return ()


STARTS = (events.ReturnAuthorized, events.ReturnShipped, events.ReturnTransitOverdue, events.ReturnReceived)
"""The events that start a deadline."""
ENDS = (
    events.ReturnDenied,
    events.ReturnLabelVoided,
    events.ReturnLapsed,
    events.ReturnLost,
    events.ReturnInspected,
    events.InspectionTimedOut,
)
"""The events after which a return waits for nothing."""


def due(return_: Return, kind: str) -> datetime | None:
    """The instant of a deadline that the return still waits for."""
    if kind.startswith(DeadlineKind.CANCELLATION):
        last = return_.cancellations.get(label_in(kind))
        return last.ordered_at if isinstance(last, events.ReturnLabelCancellationOrdered) else None
    if return_.hold.open and kind in PAUSED:
        return None
    waits = return_.state in WAITS.get(kind, ()) and (kind != DeadlineKind.LABEL or return_.ordered is not None)
    return return_.due.get(kind) if waits else None
