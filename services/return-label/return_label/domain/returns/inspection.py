"""Inspection: what whoever has the goods finds, of all of them or piece by piece (S82, T26, T27)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from return_label.domain.deadlines import DeadlineKind
from return_label.domain.returns.findings import FAIL, PASS, InspectReturn, guard_evidence, guard_words
from return_label.domain.returns.receivers import guard_receiver
from return_label.domain.returns.state import Return, ReturnState
from shared.events.base import Actor, Event
from shared.events.inspection import InspectedPieces, ReturnPiecesInspected
from shared.events.return_label import ReturnInspected
from shared.rejections import DeadlinePassed, ValidationFailed, WrongPhase

INSPECTORS = ("warehouse", "seller")


def guard_inspection(return_: Return, actor: Actor, at: datetime) -> None:
    """G8 of the inspection: by who has the goods, and in time, else they count as passed (D11)."""
    guard_receiver(return_, actor)
    WrongPhase.unless_in("return", return_.state, ReturnState.RECEIVED)
    DeadlinePassed.unless_before(return_.until(DeadlineKind.INSPECTION), at)


def inspect(command: InspectReturn, return_: Return) -> Sequence[Event]:
    """What was found decides about the money once every piece was looked at; whoever finds a fault names it."""
    guard_receiver(return_, command.actor)
    guard_words(command)
    guard_evidence(command, shown_before(return_))
    if _is_said(command, return_):
        return []
    guard_inspection(return_, command.actor, command.at)
    if not command.lines and not return_.examined:
        assert command.result
        whole = {"result": command.result, "fault": command.fault, "note_ref": command.note_ref}
        return [_ended(command, return_, **whole, evidence=command.evidence)]
    pieces = _pieces(command, return_)
    looked_at = (*examined(return_), *pieces)
    step = ReturnPiecesInspected(
        **return_.event_fields,
        lines=pieces,
        note_ref=command.note_ref,
        evidence=command.evidence,
        rules=("S82", "K10", "D11"),
    )
    command.guard_considered()
    if sum(one.quantity for one in looked_at) < sum(line.quantity for line in return_.terms.lines):
        return [step]
    failed = next((one for one in looked_at if one.result == FAIL), None)
    found = {"result": FAIL if failed else PASS, "fault": failed.fault if failed else None, "note_ref": None}
    shown = (*shown_before(return_), *command.evidence)
    return [step, _ended(command, return_, **found, pieces=looked_at, evidence=shown)]


def _is_said(command: InspectReturn, return_: Return) -> bool:
    """This is what was found of all of them, told again."""
    found = return_.inspected
    return bool(found and not command.lines and (found.result, found.fault) == (command.result, command.fault))


def examined(return_: Return) -> Sequence[InspectedPieces]:
    """The pieces that somebody has looked at, in that order."""
    return [one for step in return_.examined for one in step.lines]


def left(return_: Return) -> Mapping[str, int]:
    """By line: the pieces that nobody has looked at yet."""
    ordered = Counter({line.line_id: line.quantity for line in return_.terms.lines})
    for one in examined(return_):
        ordered[one.line_id] -= one.quantity
    return {line_id: quantity for line_id, quantity in ordered.items() if quantity > 0}


def shown_before(return_: Return) -> tuple[str, ...]:
    """The items that the steps of the inspection have named."""
    return tuple(item for step in return_.examined for item in step.evidence)


def failed_piece(return_: Return) -> InspectedPieces | None:
    """The first of the pieces that did not pass."""
    return next((one for one in examined(return_) if one.result == FAIL), None)


def _ended(command: InspectReturn, return_: Return, **found: Any) -> Event:
    passed = found["result"] is PASS
    if passed:
        command.guard_considered()
    return ReturnInspected(**return_.event_fields, **found, rules=("S82", "T26") if passed else ("S82", "T27"))


def rest_passes(return_: Return) -> tuple[InspectedPieces, ...]:
    """All pieces, of which those that nobody has looked at pass (T28)."""
    rest = left(return_).items()
    passed = [InspectedPieces(line_id=name, quantity=count, result=PASS, fault=None) for name, count in rest]
    return (*examined(return_), *passed)


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
