"""Instructions for a return: what the buyer is to do with the goods, each with a rule that wants it (S80)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from return_label.domain.label_quotas.limits import NO_REASON
from shared.events.dispute import ReturnKind


class Instruction(StrEnum):
    """What the buyer is to do; clients say it in the buyer's language."""

    ALL_PARTS = "all_parts"
    """Everything that belongs to the item goes back: what is missing is a fault (T27)."""
    UNUSED = "unused"
    """Neither worn nor washed, damaged or used (S67, S68, S28)."""
    ORIGINAL_PACKAGING = "original_packaging"
    """In its own packaging (S67, S28)."""
    SEALS_INTACT = "seals_intact"
    """With its seals, tags and labels (S67, S28)."""
    PRINT_LABEL = "print_label"
    """With the prepaid label, all in one parcel (S75, S78)."""
    OWN_CARRIER = "own_carrier"
    """By a carrier of the buyer's choice, whom the buyer pays (S83)."""
    TELL_NUMBER = "tell_number"
    """The parcel's number is told once it is sent (S81)."""


def instructions(kind: ReturnKind, *, prepaid: bool) -> Sequence[Instruction]:
    """What this return asks of its buyer; the law, and goods with a fault, ask for no untouched item (S94, K10)."""
    untouched = (Instruction.UNUSED, Instruction.ORIGINAL_PACKAGING, Instruction.SEALS_INTACT)
    way = (Instruction.PRINT_LABEL,) if prepaid else (Instruction.OWN_CARRIER, Instruction.TELL_NUMBER)
    return (Instruction.ALL_PARTS, *(untouched if kind in NO_REASON else ()), *way)
