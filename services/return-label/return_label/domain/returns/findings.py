"""Findings: what whoever has the goods says of them, and what that has to name to be one (S82, T27)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from return_label.domain.commands import ReturnCommand
from shared.decider import ConsideredCommand
from shared.events.base import Message, Personal
from shared.events.fields import EvidenceIds, Quantity, Text
from shared.events.ids import derived_id_beside
from shared.events.inspection import InspectionFault, InspectionResult
from shared.events.outside.ids import Id
from shared.events.slot import PREFIXES, slot_of_id, slot_of_stream
from shared.rejections import ValidationFailed

PASS, FAIL = InspectionResult.PASSED, InspectionResult.FAILED
MOST_ITEMS = 20
"""Of evidence for one return: as many as a party has of a dispute (G12)."""


class InspectedLine(Message):
    """What was found of a line; without a quantity of all its pieces that nobody has looked at yet."""

    line_id: Id
    quantity: Quantity | None = None
    result: InspectionResult
    fault: InspectionFault | None = None


class InspectReturn(ReturnCommand, ConsideredCommand):
    """What the inspection found: of some `lines`, or one `result` for all that is left. The note is text about people
    and never part of an event; `evidence` are items that the inspector has sent for the order.
    """

    result: InspectionResult | None = None
    fault: InspectionFault | None = None
    lines: Annotated[tuple[InspectedLine, ...], Field(min_length=1, max_length=100)] | None = None
    note: Annotated[str, Text(2000)] | None = None
    evidence: EvidenceIds = ()

    @property
    def note_ref(self) -> str | None:
        return derived_id_beside(self.streams[0].name, "txt", self.command_id, "inspection_note") if self.note else None

    @property
    def personal(self) -> Sequence[Personal]:
        if not self.note or not self.note_ref:
            return ()
        return (Personal(self.note_ref, self.actor.id, "inspection_note", self.note),)

    @property
    def fails(self) -> bool:
        """Whether any piece does."""
        return FAIL in (self.result, *(line.result for line in self.lines or ()))


def guard_words(command: InspectReturn) -> None:
    """One result for all or one for each line; a fail has a fault, and a note or evidence (T27)."""
    if command.lines and (command.result or command.fault):
        raise ValidationFailed.at("/lines", "not_expected", "there is one result for all, or one for each line", "T26")
    if not command.lines and not command.result:
        raise ValidationFailed.at("/result", "missing", "an inspection has a result, or one for each line", "T26")
    for place, line in enumerate(command.lines or ()):
        _guard_fault(f"/lines/{place}/fault", line.result, line.fault)
    if command.result:
        _guard_fault("/fault", command.result, command.fault)
    if command.fails and not (command.note or command.evidence):
        raise ValidationFailed.at("/note", "missing", "goods that fail have a note, or evidence", "T27")


def guard_evidence(command: InspectReturn, before: Sequence[str]) -> None:
    """Each item is named once, and may be one of the order: the dispute service, which keeps them, knows the rest."""
    slot, prefix = slot_of_stream(command.streams[0].name), PREFIXES["evidence"]
    for place, name in enumerate(command.evidence):
        if name in (*before, *command.evidence[:place]):
            raise ValidationFailed.at(f"/evidence/{place}", "repeated", "named twice", "S30")
        if slot_of_id(prefix, name) != slot:
            raise ValidationFailed.at(f"/evidence/{place}", "unknown_evidence", "no such upload", "S30")
    if len(before) + len(command.evidence) > MOST_ITEMS:
        raise ValidationFailed.at("/evidence", "too_many", f"a return has at most {MOST_ITEMS} items", "G12")


def _guard_fault(pointer: str, result: InspectionResult, fault: InspectionFault | None) -> None:
    if result is FAIL and not fault:
        raise ValidationFailed.at(pointer, "missing", "goods that fail the inspection have a fault", "T27")
    if result is PASS and fault:
        raise ValidationFailed.at(pointer, "not_expected", "goods that pass the inspection have no fault", "T26")
