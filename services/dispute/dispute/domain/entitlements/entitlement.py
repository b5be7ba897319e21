"""Entitlement: one right that may or may not be had, how it is judged, and what came of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispute.domain.areas import Places
from dispute.domain.orders.line import Line
from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.orders.pieces import NamedPieces
from dispute.domain.orders.state import Order
from dispute.domain.rejections import AlreadyOpen, OrderAlreadyCompleted, TooEarly
from shared.events.base import wire_time
from shared.events.dispute import Payer, Reason
from shared.events.order import Remedy, Terms
from shared.rejections import Rejected


class EntitlementKind(StrEnum):
    """What gives the right."""

    PROGRAMME = "programme"
    FREE_RETURN = "free_return"
    EXTRA_RETURN = "extra_return"
    DOMESTIC_RETURN = "domestic_return"
    CANCELLATION = "cancellation"
    WARRANTY = "warranty"
    STATUTORY = "statutory"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: of which order, for which reason if any, when, and where services are offered then."""

    order: Order
    reason: Reason | None
    now: datetime
    places: Places

    @property
    def terms(self) -> Terms:
        """What the order is bound to."""
        assert self.order.terms
        return self.order.terms


class Entitlement(ABC):
    """One right. `name` tells several of a kind apart, `version` is that of the rule set that grants it."""

    kind: EntitlementKind
    name: str | None
    version: int
    rules: tuple[str, ...]
    payer: Payer | None
    remedies: tuple[Remedy, ...]

    @abstractmethod
    def granted(self, question: Question, pieces: NamedPieces) -> NamedPieces:
        """Of these pieces of one line those that have the right now; the refusal says why none has."""

    def opens(self, question: Question, line_id: str) -> bool:
        """Whether a dispute about pieces of this line, which has it, can be opened by it."""
        return False

    @abstractmethod
    def begins(self, question: Question, group: PieceGroup) -> datetime | None:
        """From when on pieces that have come so far have it; None where nothing tells yet."""

    @abstractmethod
    def ends(self, question: Question, group: PieceGroup) -> datetime | None:
        """Until when, exclusive; None where nothing tells yet, or for ever."""


class FromReceipt(Entitlement):
    """A right that counts from the receipt of the goods (K8, K25)."""

    over: type[Rejected]
    """The refusal once its time is over."""

    @abstractmethod
    def due(self, question: Question, group: PieceGroup, received_at: datetime) -> datetime | None:
        """The end of its time for what was received then."""

    @abstractmethod
    def guard(self, question: Question, line: Line) -> None:
        """What must hold of the order and of the line, whatever the time."""

    def granted(self, question: Question, pieces: NamedPieces) -> NamedPieces:
        self.guard(question, pieces.line)
        guard_unsettled(question.order, pieces.line)
        received = pieces.where(lambda group: (at := self.begins(question, group)) is not None and at <= question.now)
        if not received.groups:
            raise TooEarly("Nothing of it was received yet.", rules=self.rules)
        standing = received.where(lambda group: (end := self.ends(question, group)) is None or question.now < end)
        if not standing.groups:
            ended = max(filter(None, (self.ends(question, group) for group in received.groups)))
            raise self.over("The time for it is over.", rules=self.rules, ended_at=wire_time(ended))
        return standing

    def begins(self, question: Question, group: PieceGroup) -> datetime | None:
        return question.order.received(group)

    def ends(self, question: Question, group: PieceGroup) -> datetime | None:
        received_at = question.order.received(group)
        return self.due(question, group, received_at) if received_at else None


def guard_unsettled(order: Order, line: Line) -> None:
    """Nothing is owed any more of what was cancelled or paid back whole, and a dispute goes on alone (G5)."""
    if order.cancelled_at or (line.cap and not line.cap - line.refunded):
        raise OrderAlreadyCompleted("The line is cancelled or fully refunded.", line_id=line.line_id)
    if line.held_by and not (line.free or line.reach.quantity):
        raise AlreadyOpen("There is an open dispute or return on this line.", rules=("G5",), **line.named_claim)


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one entitlement: the pieces that have it, or all that were asked about and the refusal."""

    entitlement: Entitlement
    pieces: Sequence[tuple[str, int]]
    opens_at: datetime | None
    ends_at: datetime | None
    refusal: Rejected | None = None

    @property
    def is_granted(self) -> bool:
        return self.refusal is None

    def is_usable(self, question: Question) -> bool:
        """Whether a dispute about any of it can be opened now."""
        return self.is_granted and any(self.entitlement.opens(question, name) for name, _ in self.pieces)
