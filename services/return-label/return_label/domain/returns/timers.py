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
PAUSED = tuple(kind for kind in OF_GOODS if kind is not DeadlineKind.LABEL)
"""What stands still while a bank decides (T34); a label is bought all the same."""
WAITS: Mapping[str, frozenset[ReturnState]] = {
    DeadlineKind.RESPONSE: frozenset({ReturnState.REQUESTED}),
    DeadlineKind.DISPUTE: frozenset({ReturnState.DENIED}),
    DeadlineKind.LABEL: frozenset({ReturnState.AUTHORIZED}),
    DeadlineKind.SHIPMENT: UNSENT,
    DeadlineKind.TRANSIT: frozenset({ReturnState.SHIPPED}),
    DeadlineKind.INSPECTION: frozenset({ReturnState.RECEIVED}),
}
"""By deadline: the states that wait for it."""
ENDS = (
    events.ReturnDisputed,
    events.ReturnDenialFinal,
    events.ReturnLabelVoided,
    events.ReturnLapsed,
    events.ReturnLost,
    events.ReturnInspected,
    events.InspectionTimedOut,
)
"""The events after which a return waits for nothing."""
BEGINS: Mapping[type[Event], tuple[DeadlineKind, str]] = {
    events.ReturnRequested: (DeadlineKind.RESPONSE, "respond_by"),
    events.ReturnDenied: (DeadlineKind.DISPUTE, "dispute_until"),
    events.ReturnAuthorized: (DeadlineKind.SHIPMENT, "ship_by"),
    events.ReturnLabelOrdered: (DeadlineKind.LABEL, "ordered_at"),
    events.ReturnShipped: (DeadlineKind.TRANSIT, "transit_alarm_at"),
    events.ReturnTransitOverdue: (DeadlineKind.TRANSIT, "transit_alarm_at"),
    events.ReturnReceived: (DeadlineKind.INSPECTION, "inspect_by"),
}
"""By event: the deadline that it starts, and the member with its instant."""
STARTS = tuple(BEGINS)
"""The events that start a deadline."""
CLEARS: Mapping[type[Event], tuple[DeadlineKind, ...]] = {
    events.ReturnDenied: (DeadlineKind.RESPONSE,),
    events.ReturnAuthorized: (DeadlineKind.RESPONSE,),
    events.ReturnLabelIssued: (DeadlineKind.LABEL,),
    events.ReturnLabelDenied: (DeadlineKind.LABEL,),
    events.ReturnShipped: (DeadlineKind.LABEL, DeadlineKind.SHIPMENT),
    events.ReturnReceived: (DeadlineKind.LABEL, DeadlineKind.SHIPMENT, DeadlineKind.TRANSIT),
    events.ReturnHeld: PAUSED,
    **dict.fromkeys(ENDS, OF_GOODS),
}
"""By event: the deadlines that it ends."""


def deadlines(event: Event) -> Iterable[Start | Clear]:
    """What each event ends and starts."""
    yield from map(Clear, CLEARS.get(type(event), ()))
    kind, member = BEGINS.get(type(event), ("", ""))
    if kind and (due_at := getattr(event, member)):
        yield Start(kind, due_at)
    match event:
        case events.ReturnLabelCancellationOrdered(label_id=label_id):
            yield Start(cancellation_of(label_id), event.ordered_at)
        case events.ReturnLabelCancelled(label_id=label_id) | events.ReturnLabelNotCancelled(label_id=label_id):
            yield Clear(cancellation_of(label_id))


def due(return_: Return, kind: str) -> datetime | None:
    """The instant of a deadline that the return still waits for."""
    if kind.startswith(DeadlineKind.CANCELLATION):
        last = return_.cancellations.get(label_in(kind))
        return last.ordered_at if isinstance(last, events.ReturnLabelCancellationOrdered) else None
    if return_.hold.open and kind in PAUSED:
        return None
    over: Mapping[str, bool] = {
        DeadlineKind.LABEL: return_.ordered is None,
        DeadlineKind.DISPUTE: return_.after_denial is not None,
    }
    waits = return_.state in WAITS.get(kind, ()) and not over.get(kind, False)
    return return_.due.get(kind) if waits else None
