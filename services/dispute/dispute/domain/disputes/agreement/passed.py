"""Passed pieces of a dispute: their money has gone, and nobody settles or rules on less of it (T27)."""

from __future__ import annotations

from dispute.domain.disputes.difference import Parts, passed
from dispute.domain.disputes.state import Dispute
from shared.events.money import Money
from shared.rejections import ValidationFailed

_TOLD = "pieces passed the inspection and were paid for: at least {} goes back"


def guard_passed_lines(lines: Parts, dispute: Dispute) -> None:
    """Of each line at least what its pieces that passed were paid."""
    gone = passed(dispute)
    for place, part in enumerate(lines):
        if part.amount.minor < (least := gone.get(part.line_id, 0)):
            told = _TOLD.format(_words(least, part.amount))
            raise ValidationFailed.at(f"/lines/{place}/amount", "passed_inspection", told, "T27", "S82")


def guard_passed_amount(amount: Money, dispute: Dispute, pointer: str) -> None:
    """The same of a solution, which is one amount for all lines."""
    if amount.minor < (least := sum(passed(dispute).values())):
        told = _TOLD.format(_words(least, amount))
        raise ValidationFailed.at(pointer, "passed_inspection", told, "T27", "S82")


def _words(minor: int, like: Money) -> str:
    least = Money(minor, like.currency, like.exponent)
    return f"{least.amount} {least.currency}"
