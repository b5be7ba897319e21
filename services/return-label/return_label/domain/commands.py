"""What this service can be asked to do: everything concerns one return."""

from __future__ import annotations

from collections.abc import Sequence

from shared.events.base import Command, Personal, StreamName, derived_id_beside
from shared.events.dispute import Payer, Reason, ReturnLine
from shared.events.return_label import InspectionFault, InspectionResult, ReturnKind


class ReturnCommand(Command):
    """A command that decides on one return."""

    return_id: str

    @property
    def streams(self) -> Sequence[StreamName]:
        return (StreamName(f"return-{self.return_id}"),)


class RequestReturn(ReturnCommand):
    """Goods are to go back; days are calendar days, `_bd` business days; `rules` are those that make it due."""

    kind: ReturnKind
    order_id: str
    dispute_id: str | None
    buyer_id: str
    seller_id: str
    lines: tuple[ReturnLine, ...]
    reason: Reason
    freight_payer: Payer
    address_ref: str | None
    ship_days: int
    transit_alarm_days: int
    inspect_bd: int
    timezone: str
    rules: tuple[str, ...]

    @property
    def streams(self) -> Sequence[StreamName]:
        return (StreamName(f"return-{self.return_id}", self.order_id),)


class MarkReturnShipped(ReturnCommand):
    tracking_number: str
    carrier: str | None = None


class MarkReturnReceived(ReturnCommand):
    pass


class InspectReturn(ReturnCommand):
    """What the inspection found; the note is text about people and never part of an event."""

    result: InspectionResult
    fault: InspectionFault | None = None
    note: str | None = None

    @property
    def note_ref(self) -> str | None:
        return derived_id_beside(self.streams[0].name, "txt", self.command_id, "inspection_note") if self.note else None

    @property
    def personal(self) -> Sequence[Personal]:
        return (
            (Personal(self.note_ref, self.actor.id, "inspection_note", self.note),)
            if self.note and self.note_ref
            else ()
        )
