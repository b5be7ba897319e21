"""Chargeback: what a buyer's bank takes back of one payment, and which refunds it is to be told of (S103, ADR 48)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from shared.events.order import LineAmount
from shared.events.outside.chargeback import (
    ChargebackEvent,
    ChargebackResult,
    RefundsFrozen,
    RefundsUnfrozen,
    RepresentmentClosed,
    RepresentmentDue,
)
from shared.parties import Parties


class ChargebackState(StrEnum):
    """Where a chargeback is: with the bank, or decided."""

    OPEN = "open"
    BUYER_PAID = "buyer_paid"
    BUYER_NOT_PAID = "buyer_not_paid"


@dataclass(frozen=True, slots=True)
class Representment:
    """That the bank is to be told of a refund, and how that ended."""

    due: RepresentmentDue
    closed: RepresentmentClosed | None = None


@dataclass(frozen=True, slots=True)
class Chargeback:
    """One chargeback; `ended` once the bank has decided, `representments` by the part of a refund that each is of."""

    opened: RefundsFrozen
    ended: RefundsUnfrozen | None = None
    representments: Mapping[str, Representment] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.opened.chargeback_id

    @property
    def payment_id(self) -> str:
        return self.opened.payment_id

    @property
    def parties(self) -> Parties:
        """The payment's buyer and seller."""
        return Parties("refund", self.opened.buyer_id, {self.opened.seller_id})

    @property
    def state(self) -> ChargebackState:
        return ChargebackState(self.ended.result) if self.ended else ChargebackState.OPEN

    @property
    def is_open(self) -> bool:
        return self.ended is None

    @property
    def is_lost(self) -> bool:
        """The buyer was paid by the bank."""
        return self.ended is not None and self.ended.result == ChargebackResult.BUYER_PAID

    @property
    def taken(self) -> int:
        """What the bank has of the payment, or may keep of it, in minor units."""
        return self.ended.amount.minor if self.ended else self.opened.amount.minor

    @property
    def due(self) -> Sequence[RepresentmentDue]:
        """What the bank is still to be told of."""
        return [one.due for one in self.representments.values() if not one.closed]


Chargebacks = Mapping[str, Chargeback]


def first_open(chargebacks: Chargebacks) -> Chargeback | None:
    """The first that the bank has not decided yet: no refund of the order goes before that (T34)."""
    return next((one for one in chargebacks.values() if one.is_open), None)


def lost(chargebacks: Chargebacks, payment_id: str) -> Sequence[Chargeback]:
    """Those of this payment that the bank has paid to the buyer."""
    return [one for one in chargebacks.values() if one.is_lost and one.payment_id == payment_id]


def lost_lines(chargebacks: Chargebacks, payment_id: str) -> Iterable[LineAmount]:
    """What the bank has paid to the buyer of the payment's lines."""
    return (line for one in lost(chargebacks, payment_id) if one.ended for line in one.ended.lines)


def after(chargebacks: Chargebacks, event: ChargebackEvent) -> Chargebacks:
    """The chargebacks of a payment's stream after one more event."""
    if isinstance(event, RefundsFrozen):
        return {**chargebacks, event.chargeback_id: Chargeback(event)}
    if not (one := chargebacks.get(event.chargeback_id)):
        return chargebacks
    return {**chargebacks, one.id: _stepped(one, event)}


def _stepped(one: Chargeback, event: RepresentmentDue | RepresentmentClosed | RefundsUnfrozen) -> Chargeback:
    match event:
        case RefundsUnfrozen():
            return replace(one, ended=event)
        case RepresentmentDue():
            return replace(one, representments={**one.representments, event.part_id: Representment(event)})
        case RepresentmentClosed():
            named = {
                part_id: replace(each, closed=event)
                for part_id, each in one.representments.items()
                if each.due.representment_id == event.representment_id
            }
            return replace(one, representments={**one.representments, **named})
    assert_never(event)
