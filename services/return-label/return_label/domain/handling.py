"""What happens to the goods on their way back: shipped, received, inspected (T23, T25-T27)."""

from __future__ import annotations

from collections.abc import Sequence

from return_label.domain.commands import InspectReturn, MarkReturnReceived, MarkReturnShipped
from return_label.domain.parties import guard_party
from return_label.domain.rejections import ValidationFailed, WrongPhase
from return_label.domain.returns import Phase, Return
from shared.events.base import Actor, Event
from shared.events.calendar import within_business_days, within_days
from shared.events.return_label import InspectionResult, ReturnInspected, ReturnReceived, ReturnShipped

SHIPPERS = ("buyer", "service", "support")
RECEIVERS = ("warehouse", "seller", "service")
INSPECTORS = ("warehouse", "seller")


def guard_shipment(state: Return, actor: Actor) -> None:
    """G8 of sending the goods. Late is not refused while no timer ends a return: the money would wait for ever (D9)."""
    guard_party(state, actor, *SHIPPERS)
    _guard_phase(state, Phase.AUTHORIZED, Phase.LABEL_ISSUED, Phase.SELF_PAID)


def guard_receipt(state: Return, actor: Actor) -> None:
    """G8 of the goods' arrival."""
    guard_party(state, actor, *RECEIVERS)
    _guard_phase(state, Phase.SHIPPED)


def guard_inspection(state: Return, actor: Actor) -> None:
    """G8 of the inspection."""
    guard_party(state, actor, *INSPECTORS)
    _guard_phase(state, Phase.RECEIVED)


def mark_shipped(command: MarkReturnShipped, state: Return) -> Sequence[Event]:
    """The parcel's number makes a repeat recognisable; another number is another parcel, and there is one a return
    (S78).
    """
    facts = guard_party(state, command.actor, *SHIPPERS)
    if state.shipped and state.shipped.tracking_number == command.tracking_number:
        return []
    guard_shipment(state, command.actor)
    shipped = ReturnShipped(
        return_id=facts.return_id,
        dispute_id=facts.dispute_id,
        order_id=facts.order_id,
        tracking_number=command.tracking_number,
        carrier=command.carrier,
        shipped_at=command.at,
        transit_alarm_at=within_days(command.at, facts.transit_alarm_days, facts.timezone),
        rules=("S81", "T23", "D10"),
    )
    return [shipped]


def mark_received(command: MarkReturnReceived, state: Return) -> Sequence[Event]:
    """The goods arrived; the inspection has some business days (D11)."""
    facts = guard_party(state, command.actor, *RECEIVERS)
    if state.received:
        return []
    guard_receipt(state, command.actor)
    received = ReturnReceived(
        return_id=facts.return_id,
        dispute_id=facts.dispute_id,
        order_id=facts.order_id,
        received_at=command.at,
        inspect_by=within_business_days(command.at, facts.inspect_bd, facts.timezone),
        rules=("S82", "T25", "D11"),
    )
    return [received]


def inspect(command: InspectReturn, state: Return) -> Sequence[Event]:
    """What was found decides about the money; whoever finds a fault names it (S82, T26, T27)."""
    facts = guard_party(state, command.actor, *INSPECTORS)
    _guard_fault(command)
    if state.inspected and (state.inspected.result, state.inspected.fault) == (command.result, command.fault):
        return []
    guard_inspection(state, command.actor)
    inspected = ReturnInspected(
        return_id=facts.return_id,
        dispute_id=facts.dispute_id,
        order_id=facts.order_id,
        result=command.result,
        fault=command.fault,
        note_ref=command.note_ref,
        rules=("S82", "T26") if command.result is InspectionResult.PASSED else ("S82", "T27"),
    )
    return [inspected]


def _guard_fault(command: InspectReturn) -> None:
    if command.result is InspectionResult.FAILED and not command.fault:
        raise ValidationFailed.at("/fault", "missing", "goods that fail the inspection have a fault", "T27")
    if command.result is InspectionResult.PASSED and command.fault:
        raise ValidationFailed.at("/fault", "not_expected", "goods that pass the inspection have no fault", "T26")


def _guard_phase(state: Return, *phases: Phase) -> None:
    if state.phase not in phases:
        raise WrongPhase(f"Not while the return is {state.phase}.", phase=state.phase)
