"""Response of a seller to what it offered to take back: the goods may go, or the buyer may dispute that not (T27x)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from return_label.domain.commands import ReturnCommand
from return_label.domain.deadlines import DeadlineKind, dispute_due
from return_label.domain.returns.labels.issuing import self_paid
from return_label.domain.returns.request import authorized
from return_label.domain.returns.state import Return, ReturnState
from shared.events.base import Actor, Event, Personal
from shared.events.dispute import ReturnKind
from shared.events.fields import Text
from shared.events.ids import derived_id_beside
from shared.events.open_enums import known
from shared.events.return_label import Denial, ReturnDenied, ReturnDisputed
from shared.rejections import DeadlinePassed, ValidationFailed, WrongPhase, guard_text

RESPONDER = "seller"


class ReturnDecision(StrEnum):
    """The seller's word."""

    ACCEPT = "accept"
    REFUSE = "refuse"


class RespondToReturn(ReturnCommand):
    """The seller takes the goods back, at an address that may be told now, or not, and says why. Both are text about
    people and never part of an event.
    """

    decision: ReturnDecision
    reason: Annotated[str, Text(2000)] | None = None
    address: Annotated[str, Text(500)] | None = None

    @property
    def reason_ref(self) -> str | None:
        return self._ref("denial") if self.reason else None

    @property
    def address_ref(self) -> str | None:
        return self._ref("return_address") if self.address else None

    @property
    def personal(self) -> Sequence[Personal]:
        said = ((self.reason_ref, "denial", self.reason), (self.address_ref, "return_address", self.address))
        return tuple(Personal(ref, self.actor.id, kind, text) for ref, kind, text in said if ref and text)

    def _ref(self, kind: str) -> str:
        return derived_id_beside(self.streams[0].name, "txt", self.command_id, kind)


def guard_response(return_: Return, actor: Actor, at: datetime) -> None:
    """G8 of the answer: by its seller, once, and in time, else it counts as none (D1)."""
    return_.parties.guard(actor, "return", RESPONDER)
    WrongPhase.unless_in("return", return_.state, ReturnState.REQUESTED)
    DeadlinePassed.unless_before(return_.until(DeadlineKind.RESPONSE), at)


def respond(command: RespondToReturn, return_: Return) -> Sequence[Event]:
    """Accepted it is a return as any other, at the buyer's freight (K26); refused it may be disputed for some days."""
    guard_response(return_, command.actor, command.at)
    _guard_words(command, return_)
    terms = return_.terms
    if command.decision is ReturnDecision.REFUSE:
        return [denied(return_, Denial.REFUSED, command.at, command.reason_ref)]
    assert terms.ship_days is not None
    address_ref = command.address_ref or terms.address_ref
    return [authorized(terms, terms.ship_days, command.at, address_ref), self_paid(terms)]


def denied(return_: Return, because: Denial, at: datetime, reason_ref: str | None = None) -> ReturnDenied:
    """The seller's no, or silence, and until when it may be disputed."""
    rules = ("S13", "T27x") if because is Denial.REFUSED else ("S13", "T27x", "D1")
    until = dispute_due(return_.terms, at)
    return ReturnDenied(**return_.event_fields, reason=because, reason_ref=reason_ref, dispute_until=until, rules=rules)


def _guard_words(command: RespondToReturn, return_: Return) -> None:
    refuses = command.decision is ReturnDecision.REFUSE
    if refuses and not command.reason:
        raise ValidationFailed.at("/reason", "missing", "whoever refuses says why", "S13")
    if command.reason and not refuses:
        raise ValidationFailed.at("/reason", "not_expected", "whoever accepts has nothing to give reasons for", "S13")
    if command.address and refuses:
        raise ValidationFailed.at("/address", "not_expected", "nothing is sent there", "K22")
    if command.address and known(return_.terms.kind) is ReturnKind.DOMESTIC:
        told = "it goes to the address in the buyer's country that the order knows"
        raise ValidationFailed.at("/address", "not_expected", told, "S84", "K22")
    guard_text(reason=command.reason)


class NoteDispute(ReturnCommand):
    """The buyer has disputed the denial: the dispute service says so."""

    dispute_id: str


def note_dispute(command: NoteDispute, return_: Return) -> Sequence[Event]:
    """What a dispute decides waits for nothing here; a timer that was faster has lost nothing on the order."""
    if return_.state is not ReturnState.DENIED or return_.after_denial:
        return []
    terms = return_.terms
    return [
        ReturnDisputed(
            return_id=terms.return_id, dispute_id=command.dispute_id, order_id=terms.order_id, rules=("T27x",)
        )
    ]
