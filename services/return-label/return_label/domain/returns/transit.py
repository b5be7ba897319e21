"""Goods on their way back: shipped, received, inspected (T23, T25-T27)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from return_label.domain.commands import LabelCommand, ReturnCommand
from return_label.domain.deadlines import DeadlineKind, inspection_due, transit_alarm_due
from return_label.domain.returns.correction import corrected, is_known
from return_label.domain.returns.state import UNSENT, Return, ReturnState
from return_label.domain.tracking.numbers import tracking
from shared.decider import ConsideredCommand
from shared.events.base import Actor, Event, Personal
from shared.events.fields import Text
from shared.events.ids import derived_id_beside
from shared.events.outside.words import Name, TrackingNumber
from shared.events.return_label import (
    InspectionFault,
    InspectionResult,
    ReturnInspected,
    ReturnReceived,
    ReturnShipped,
)
from shared.rejections import DeadlinePassed, ValidationFailed, WrongPhase

SHIPPERS = ("buyer", "service", "support")
RECEIVERS = ("warehouse", "seller", "service")
INSPECTORS = ("warehouse", "seller")


class MarkReturnShipped(LabelCommand):
    """The parcel is on its way, under the carrier's number; or a number that was mistyped is replaced by this one."""

    tracking_number: TrackingNumber
    carrier: Name | None = None
    replaces: TrackingNumber | None = None


def guard_shipment(return_: Return, actor: Actor, at: datetime) -> None:
    """G8 of sending the goods: in time, whether or not the timer has looked yet (D9)."""
    return_.parties.guard(actor, "return", *SHIPPERS)
    WrongPhase.unless_in("return", return_.state, *UNSENT)
    DeadlinePassed.unless_before(return_.due.get(DeadlineKind.SHIPMENT), at)


def mark_shipped(command: MarkReturnShipped, return_: Return) -> Sequence[Event]:
    """The parcel's number makes a repeat recognisable; another number is another parcel, and there is one a return
    (S78), unless it says which one it replaces.
    """
    return_.parties.guard(command.actor, "return", *SHIPPERS)
    right = tracking(command.tracking_number, command.carrier)
    if return_.shipped and is_known(return_.shipped, right):
        return []
    if command.replaces:
        guard_correction(return_, command.actor)
        return corrected(return_, command.replaces, right, command.at)
    guard_shipment(return_, command.actor, command.at)
    return [
        ReturnShipped(
            **return_.event_fields,
            tracking_number=right.number,
            carrier=right.carrier,
            shipped_at=command.at,
            transit_alarm_at=transit_alarm_due(return_.terms, command.at),
            rules=("S81", "T23", "D10"),
        )
    ]


def guard_correction(return_: Return, actor: Actor) -> None:
    """G8 of another tracking number: what has arrived needs none."""
    return_.parties.guard(actor, "return", *SHIPPERS)
    WrongPhase.unless_in("return", return_.state, ReturnState.SHIPPED)


class MarkReturnReceived(ReturnCommand):
    """The goods arrived, announced or not: what is there was sent."""


def guard_receipt(return_: Return, actor: Actor, at: datetime) -> None:
    """G8 of the goods' arrival; what nobody announced has come in time, else the return has lapsed (D9)."""
    return_.parties.guard(actor, "return", *RECEIVERS)
    WrongPhase.unless_in("return", return_.state, ReturnState.SHIPPED, *UNSENT)
    if return_.state in UNSENT:
        DeadlinePassed.unless_before(return_.due.get(DeadlineKind.SHIPMENT), at)


def mark_received(command: MarkReturnReceived, return_: Return) -> Sequence[Event]:
    """The inspection has some business days from the arrival (D11)."""
    return_.parties.guard(command.actor, "return", *RECEIVERS)
    if return_.received:
        return []
    guard_receipt(return_, command.actor, command.at)
    inspect_by = inspection_due(return_.terms, command.at)
    return [
        ReturnReceived(
            **return_.event_fields, received_at=command.at, inspect_by=inspect_by, rules=("S82", "T25", "D11")
        )
    ]


class InspectReturn(ReturnCommand, ConsideredCommand):
    """What the inspection found; the note is text about people and never part of an event."""

    result: InspectionResult
    fault: InspectionFault | None = None
    note: Annotated[str, Text(2000)] | None = None

    @property
    def note_ref(self) -> str | None:
        return derived_id_beside(self.streams[0].name, "txt", self.command_id, "inspection_note") if self.note else None

    @property
    def personal(self) -> Sequence[Personal]:
        if not self.note or not self.note_ref:
            return ()
        return (Personal(self.note_ref, self.actor.id, "inspection_note", self.note),)


def guard_inspection(return_: Return, actor: Actor, at: datetime) -> None:
    """G8 of the inspection: in time, else the goods count as passed (D11)."""
    return_.parties.guard(actor, "return", *INSPECTORS)
    WrongPhase.unless_in("return", return_.state, ReturnState.RECEIVED)
    DeadlinePassed.unless_before(return_.due.get(DeadlineKind.INSPECTION), at)


def inspect(command: InspectReturn, return_: Return) -> Sequence[Event]:
    """What was found decides about the money; whoever finds a fault names it (S82, T26, T27)."""
    return_.parties.guard(command.actor, "return", *INSPECTORS)
    _guard_fault(command)
    if return_.inspected and (return_.inspected.result, return_.inspected.fault) == (command.result, command.fault):
        return []
    guard_inspection(return_, command.actor, command.at)
    if command.result is InspectionResult.PASSED:
        command.guard_considered()
    return [
        ReturnInspected(
            **return_.event_fields,
            result=command.result,
            fault=command.fault,
            note_ref=command.note_ref,
            rules=("S82", "T26") if command.result is InspectionResult.PASSED else ("S82", "T27"),
        )
    ]


def _guard_fault(command: InspectReturn) -> None:
    if command.result is InspectionResult.FAILED and not command.fault:
        raise ValidationFailed.at("/fault", "missing", "goods that fail the inspection have a fault", "T27")
    if command.result is InspectionResult.PASSED and command.fault:
        raise ValidationFailed.at("/fault", "not_expected", "goods that pass the inspection have no fault", "T26")
