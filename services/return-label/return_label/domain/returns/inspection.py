"""Inspection: what whoever has the goods finds, of all of them or piece by piece (S82, T26, T27)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from return_label.domain.commands import ReturnCommand
from return_label.domain.deadlines import DeadlineKind
from return_label.domain.returns.receivers import guard_receiver
from return_label.domain.returns.state import Return, ReturnState
from shared.decider import ConsideredCommand
from shared.events.base import Actor, Event, Message, Personal
from shared.events.fields import Quantity, Text
from shared.events.ids import derived_id_beside
from shared.events.inspection import InspectedPieces, InspectionFault, InspectionResult, ReturnPiecesInspected
from shared.events.outside.ids import Id
from shared.events.return_label import ReturnInspected
from shared.rejections import DeadlinePassed, ValidationFailed, WrongPhase

INSPECTORS = ("warehouse", "seller")
PASS, FAIL = InspectionResult.PASSED, InspectionResult.FAILED


class InspectedLine(Message):
    """What was found of a line; without a quantity of all its pieces that nobody has looked at yet."""

    line_id: Id
    quantity: Quantity | None = None
    result: InspectionResult
    fault: InspectionFault | None = None


class InspectReturn(ReturnCommand, ConsideredCommand):
    """What the inspection found: of some `lines`, or one `result` for all that is left. The note is text about people
    and never part of an event.
    """

    result: InspectionResult | None = None
    fault: InspectionFault | None = None
    lines: Annotated[tuple[InspectedLine, ...], Field(min_length=1, max_length=100)] | None = None
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
    """G8 of the inspection: by who has the goods, and in time, else they count as passed (D11)."""
    guard_receiver(return_, actor)
    WrongPhase.unless_in("return", return_.state, ReturnState.RECEIVED)
    DeadlinePassed.unless_before(return_.due.get(DeadlineKind.INSPECTION), at)


def inspect(command: InspectReturn, return_: Return) -> Sequence[Event]:
    """What was found decides about the money once every piece was looked at; whoever finds a fault names it."""
    guard_receiver(return_, command.actor)
    _guard_words(command)
    found = return_.inspected
    if found and not command.lines and (found.result, found.fault) == (command.result, command.fault):
        return []
    guard_inspection(return_, command.actor, command.at)
    if not command.lines and not return_.examined:
        assert command.result
        return [_ended(command, return_, command.result, command.fault, command.note_ref)]
    pieces = _pieces(command, return_)
    looked_at = [*examined(return_), *pieces]
    step = ReturnPiecesInspected(
        **return_.event_fields, lines=pieces, note_ref=command.note_ref, rules=("S82", "K10", "D11")
    )
    command.guard_considered()
    if sum(one.quantity for one in looked_at) < sum(line.quantity for line in return_.terms.lines):
        return [step]
    failed = next((one for one in looked_at if one.result == FAIL), None)
    return [step, _ended(command, return_, FAIL if failed else PASS, failed.fault if failed else None, None)]


def examined(return_: Return) -> Sequence[InspectedPieces]:
    """The pieces that somebody has looked at, in that order."""
    return [one for step in return_.examined for one in step.lines]


def left(return_: Return) -> Mapping[str, int]:
    """By line: the pieces that nobody has looked at yet."""
    ordered = Counter({line.line_id: line.quantity for line in return_.terms.lines})
    for one in examined(return_):
        ordered[one.line_id] -= one.quantity
    return {line_id: quantity for line_id, quantity in ordered.items() if quantity > 0}


def failed_piece(return_: Return) -> InspectedPieces | None:
    """The first of the pieces that did not pass."""
    return next((one for one in examined(return_) if one.result == FAIL), None)


def _ended(
    command: InspectReturn, return_: Return, result: InspectionResult, fault: str | None, note_ref: str | None
) -> Event:
    if result is PASS:
        command.guard_considered()
    rules = ("S82", "T26") if result is PASS else ("S82", "T27")
    return ReturnInspected(**return_.event_fields, result=result, fault=fault, note_ref=note_ref, rules=rules)


def _pieces(command: InspectReturn, return_: Return) -> tuple[InspectedPieces, ...]:
    """The pieces that are named, as far as there are so many left; or all that is left."""
    rest, found = Counter(left(return_)), []
    if not command.lines:
        said = {"result": command.result, "fault": command.fault}
        return tuple(InspectedPieces(line_id=name, quantity=count, **said) for name, count in rest.items())
    for place, line in enumerate(command.lines):
        count = line.quantity or rest[line.line_id]
        if not 0 < count <= rest[line.line_id]:
            told = f"of this line {rest[line.line_id]} pieces are left to be inspected"
            raise ValidationFailed.at(f"/lines/{place}", "pieces_not_left", told, "S109")
        rest[line.line_id] -= count
        found.append(InspectedPieces(line_id=line.line_id, quantity=count, result=line.result, fault=line.fault))
    return tuple(found)


def _guard_words(command: InspectReturn) -> None:
    if command.lines and (command.result or command.fault):
        raise ValidationFailed.at("/lines", "not_expected", "there is one result for all, or one for each line", "T26")
    if not command.lines and not command.result:
        raise ValidationFailed.at("/result", "missing", "an inspection has a result, or one for each line", "T26")
    for place, line in enumerate(command.lines or ()):
        _guard_fault(f"/lines/{place}/fault", line.result, line.fault)
    if command.result:
        _guard_fault("/fault", command.result, command.fault)


def _guard_fault(pointer: str, result: InspectionResult, fault: InspectionFault | None) -> None:
    if result is FAIL and not fault:
        raise ValidationFailed.at(pointer, "missing", "goods that fail the inspection have a fault", "T27")
    if result is PASS and fault:
        raise ValidationFailed.at(pointer, "not_expected", "goods that pass the inspection have no fault", "T26")
