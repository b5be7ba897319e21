"""Cancellation of a label at its carrier: what it has answered, once, and what people make of a label that it has not
taken back (S76, K24).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from return_label.domain.commands import ReturnCommand
from return_label.domain.returns.state import Cancellation, Return
from shared.events.base import SYSTEM, Actor, Event
from shared.events.ids import derived_uuid
from shared.events.outside.ids import Id
from shared.events.outside.words import TrackingNumber
from shared.events.return_label import (
    ReturnLabelCancellationOrdered,
    ReturnLabelCancelled,
    ReturnLabelNotCancelled,
)
from shared.rejections import NotFound, WrongPhase

SETTLERS = ("support",)
"""Who deals with the carrier about a label that it has not taken back."""
RULES = ("S76", "K24")


class NotTaken(StrEnum):
    """Why a carrier has not taken a label back."""

    REFUSED = "carrier_refused"
    """It says no, as something has travelled with it, or it is too late."""
    UNANSWERED = "carrier_unanswered"
    """Nobody knows."""


class CancellationAnswer(ReturnCommand):
    """An answer to the cancellation of a label."""

    label_id: str
    ordered_at: datetime

    @classmethod
    def of(cls, ordered: ReturnLabelCancellationOrdered, at: datetime, **answer: object) -> Self:
        """The answer to this very order: support may order it once more."""
        about = {"return_id": ordered.return_id, "label_id": ordered.label_id, "ordered_at": ordered.ordered_at}
        command_id = derived_uuid(cls.__name__, *about.values())
        return cls.model_validate({"command_id": command_id, "actor": SYSTEM, "at": at, **about, **answer})

    def asked(self, return_: Return) -> ReturnLabelCancellationOrdered | None:
        """What it answers, while that is waited for."""
        last = return_.cancellations.get(self.label_id)
        return last if isinstance(last, ReturnLabelCancellationOrdered) and last.ordered_at == self.ordered_at else None


class RecordCancelled(CancellationAnswer):
    """Nothing travels with the label, and it costs nothing; without a number it was never sold."""

    tracking_number: TrackingNumber | None = None


class RecordNotCancelled(CancellationAnswer):
    """The label stays sold, as far as anybody knows."""

    code: NotTaken


class SettleCancellation(ReturnCommand):
    """Support's word on a label that was not taken back: the carrier is asked once more, or support has `settled` it
    with the carrier.
    """

    label_id: Id
    settled: bool = False


def cancelled(command: RecordCancelled, return_: Return) -> Sequence[Event]:
    """The carrier has taken it back."""
    ordered = command.asked(return_)
    number = {"tracking_number": command.tracking_number}
    return [ReturnLabelCancelled(**_same(ordered) | number, rules=RULES)] if ordered else []


def not_cancelled(command: RecordNotCancelled, return_: Return) -> Sequence[Event]:
    """The carrier has not, and it is for people now."""
    ordered = command.asked(return_)
    return [ReturnLabelNotCancelled(**_same(ordered), code=command.code, rules=RULES)] if ordered else []


def guard_settling(return_: Return, actor: Actor) -> None:
    """G8 of a label that was not taken back."""
    return_.parties.guard(actor, "return", *SETTLERS)
    if not any(isinstance(last, ReturnLabelNotCancelled) for last in return_.cancellations.values()):
        raise WrongPhase("No label of this return was not taken back.", state=return_.state)


def settle(command: SettleCancellation, return_: Return) -> Sequence[Event]:
    """Once: what is asked already, or settled, stays so."""
    return_.parties.guard(command.actor, "return", *SETTLERS)
    last = return_.cancellations.get(command.label_id)
    if last is None:
        raise NotFound("No such label of this return is to be taken back.")
    if not isinstance(last, ReturnLabelNotCancelled):
        return []
    if command.settled:
        return [ReturnLabelCancelled(**_same(last), rules=RULES)]
    return [ReturnLabelCancellationOrdered(**_same(last), ordered_at=command.at, rules=RULES)]


def _same(word: Cancellation) -> dict[str, Any]:
    """What every word about one label's cancellation repeats."""
    return word.model_dump(include=set(ReturnLabelCancelled.model_fields) - {"rules"})
