"""Goods on their way back: shipped and received (T23, T25)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from return_label.domain.commands import LabelCommand, ReturnCommand
from return_label.domain.deadlines import DeadlineKind, inspection_due, transit_alarm_due
from return_label.domain.returns.correction import corrected, is_known
from return_label.domain.returns.receivers import CARRIER, guard_receiver
from return_label.domain.returns.state import UNSENT, Return, ReturnState
from shared.events.base import Actor, Event
from shared.events.outside.words import Name, TrackingNumber
from shared.events.return_label import ReturnReceived, ReturnShipped
from shared.rejections import DeadlinePassed, WrongPhase
from shared.tracking.numbers import tracking

SHIPPERS = ("buyer", "service", "support")
RECEIVERS = ("warehouse", "seller", "service")


class MarkReturnShipped(LabelCommand):
    """The parcel is on its way, under the carrier's number; or a number that was mistyped is replaced by this one."""

    tracking_number: TrackingNumber
    carrier: Name | None = None
    replaces: TrackingNumber | None = None


def guard_shipment(return_: Return, actor: Actor, at: datetime) -> None:
    """G8 of sending the goods: in time, whether or not the timer has looked yet (D9)."""
    return_.parties.guard(actor, "return", *SHIPPERS)
    WrongPhase.unless_in("return", return_.state, *UNSENT)
    DeadlinePassed.unless_before(return_.until(DeadlineKind.SHIPMENT), at)


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
    """G8 of the goods' arrival, told by who has them or by the carrier; what nobody announced has come in time, else
    the return has lapsed (D9).
    """
    guard_receiver(return_, actor, CARRIER)
    WrongPhase.unless_in("return", return_.state, ReturnState.SHIPPED, *UNSENT)
    if return_.state in UNSENT:
        DeadlinePassed.unless_before(return_.until(DeadlineKind.SHIPMENT), at)


def mark_received(command: MarkReturnReceived, return_: Return) -> Sequence[Event]:
    """The inspection has some business days from the arrival (D11)."""
    guard_receiver(return_, command.actor, CARRIER)
    if return_.received:
        return []
    guard_receipt(return_, command.actor, command.at)
    inspect_by = inspection_due(return_.terms, command.at)
    return [
        ReturnReceived(
            **return_.event_fields, received_at=command.at, inspect_by=inspect_by, rules=("S82", "T25", "D11")
        )
    ]
