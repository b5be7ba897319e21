"""Eligibility of an order's lines for a dispute: guards G1–G6 and G18 in order; the first that fails gives the code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import accumulate
from typing import Any

from dispute.domain.deadlines import noon
from dispute.domain.orders.line import Line
from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.orders.payments.tenders import tenders
from dispute.domain.orders.pieces import NamedPieces, free
from dispute.domain.orders.protection import group_opens_at, protected_until
from dispute.domain.orders.state import Order
from dispute.domain.rejections import (
    AccountNotInGoodStanding,
    AlreadyAgreed,
    AlreadyOpen,
    ItemExcluded,
    NotEligibleOffPlatform,
    OrderAlreadyCompleted,
    PaymentMethodNotAccepted,
    ProtectionAlreadyExpired,
    ReasonNotCovered,
    TooEarly,
    TooManyOpenings,
)
from shared.events.base import wire_time
from shared.events.calendar import from_day, within_days
from shared.events.dispute import UNWANTED, Reason
from shared.events.outside.ids import path_of
from shared.rejections import Rejected

RULE_OF_REASON: Mapping[Reason, str] = {
    Reason.NOT_RECEIVED: "S1",
    Reason.LATE: "S6",
    Reason.WRONG_ADDRESS: "S6",
    Reason.NOT_AS_DESCRIBED: "S2",
    Reason.COUNTERFEIT: "S3",
    Reason.DAMAGED: "S4",
    Reason.SHORTAGE: "S4",
    Reason.DEFECTIVE: "S6",
    Reason.WRONG_ITEM: "S6",
    Reason.WRONG_SIZE: "S6",
}
"""The rule that makes a reason a ground; one that has none is refused (G6)."""

EXCLUDED_UNWANTED = frozenset({"customised", "perishable", "fragile", "hygiene", "copiable_media"})
"""S16: letters a, b (two flags), c and g, by what the listing said of the line."""

Link = Mapping[str, str]


def guard_eligible(
    order: Order, named: Sequence[NamedPieces], reason: Reason | None, now: datetime
) -> Sequence[NamedPieces]:
    """G1–G5, G18 and G6; without a reason G6 is left out (the action's list asks before a reason is known).

    Answers the same pieces, of those groups alone that they can be of (S109).
    """
    guard_platform(order)
    guard_account(order)
    open_yet = guard_opened_yet(order, named, now)
    protected = guard_protected(order, open_yet, now)
    disputable = [guard_disputable(order, pieces, protected[i]) for i, pieces in enumerate(named)]
    guard_again(order, disputable, now)
    return disputable if reason is None else guard_reason(order, disputable, reason, now)


def guard_forced(order: Order, named: Sequence[NamedPieces], reason: Reason) -> Sequence[NamedPieces]:
    """G1 and G5, and that the reason is a ground at all: what an override leaves (S20)."""
    guard_platform(order)
    disputable = [guard_disputable(order, pieces, pieces) for pieces in named]
    guard_ground(reason)
    return disputable


def guard_platform(order: Order) -> None:
    """G1 (S7, S8, K13): bought on the platform, and paid to it."""
    assert order.payment
    if order.channel != "platform":
        raise NotEligibleOffPlatform("Only purchases made on the platform are protected.", rules=("S7",))
    if order.payment.payee != "escrow":
        detail = "A payment made directly to the seller is not protected."
        raise NotEligibleOffPlatform(detail, rules=("S8",), actions=[report_seller(order)])
    guard_payment_method(order)


def guard_payment_method(order: Order) -> None:
    """G1 (S9): money that the platform took is protected by whatever way it came, unless the programme's list is a
    gate: then each of its payments has to be on it.
    """
    assert order.payment and order.terms
    accepted = order.terms.payment_methods
    for tender in tenders(order.payment) if order.terms.payment_methods_only else ():
        if tender.method not in accepted:
            raise PaymentMethodNotAccepted("The programme does not cover this way to pay.", method=tender.method)


def guard_account(order: Order) -> None:
    """G2 (S14)."""
    if order.account_status != "good":
        raise AccountNotInGoodStanding("The buyer's account is not in good standing.")


def guard_opened_yet(order: Order, named: Sequence[NamedPieces], now: datetime) -> list[NamedPieces]:
    """G3 (S21)."""
    opens = {group: group_opens_at(order, group) for pieces in named for group in pieces.groups}
    open_yet = [pieces.where(lambda group: (at := opens[group]) is not None and at <= now) for pieces in named]
    if not all(pieces.enough for pieces in open_yet):
        instants = [_enough_at(pieces, opens) for pieces in named]
        earliest = max(filter(None, instants), default=None) if all(instants) else None
        members: dict[str, Any] = {"opens_at": earliest} if earliest else {}
        raise TooEarly("A dispute cannot be opened yet.", **members)
    return open_yet


def _enough_at(pieces: NamedPieces, opens: Mapping[PieceGroup, datetime | None]) -> datetime | None:
    """From when on so many of the pieces may be disputed."""
    dated = sorted((at, group.quantity) for group in pieces.groups if (at := opens[group]))
    counts = accumulate(quantity for _, quantity in dated)
    return next((at for (at, _), count in zip(dated, counts, strict=True) if count >= pieces.quantity), None)


def guard_protected(order: Order, named: Sequence[NamedPieces], now: datetime) -> list[NamedPieces]:
    """G4 (S22, S20)."""
    ends = protected_until(order, [group for pieces in named for group in pieces.groups])
    protected = [pieces.where(lambda group: (end := ends[group]) is None or now < end) for pieces in named]
    if not all(pieces.enough for pieces in protected):
        ended = max(filter(None, ends.values()))
        raise ProtectionAlreadyExpired(
            "The protection period is over.", ended_at=wire_time(ended), actions=[contact_seller(order)]
        )
    return protected


def guard_disputable(order: Order, pieces: NamedPieces, protected: NamedPieces) -> NamedPieces:
    """G5 (S25, S26, S20, I2): so many pieces have no open dispute, no agreement, and are not settled."""
    if disputable := kept(order, pieces, protected):
        return disputable
    raise not_disputable(order, pieces.line)


def kept(order: Order, pieces: NamedPieces, passed: NamedPieces) -> NamedPieces | None:
    """Of those that passed the ones whose money waits for nobody and is not paid out; None where they are too few."""
    is_over = bool(order.cancelled_at or order.completed or pieces.line.settled)
    left = like(free(pieces), passed)
    return left if left.enough and not is_over else None


def like(pieces: NamedPieces, passed: NamedPieces) -> NamedPieces:
    """Only of groups like those that passed, which may be smaller by now."""
    passing = {replace(group, quantity=0) for group in passed.groups}
    return pieces.where(lambda group: replace(group, quantity=0) in passing)


def not_disputable(order: Order, line: Line) -> Rejected:
    """What stands against another dispute on this line (G5)."""
    if line.held_by:
        return AlreadyOpen("There is an open dispute or return on this line.", line_id=line.line_id, **line.named_claim)
    seller = contact_seller(order)
    if line.agreed:
        return AlreadyAgreed("The parties have agreed on this line.", line_id=line.line_id, actions=[seller])
    detail = "The line is released, cancelled or fully refunded."
    return OrderAlreadyCompleted(detail, line_id=line.line_id, actions=[seller])


def guard_again(order: Order, named: Sequence[NamedPieces], now: datetime) -> None:
    """G18 (S48): what was disputed before is disputed again only so often a day; each time holds the seller's money."""
    assert order.terms
    most = order.terms.opens_again_per_day
    if any(pieces.line.is_again(pieces.quantity) for pieces in named) and order.reopenings.used(now) >= most:
        detail = "This order was disputed again too often today."
        raise TooManyOpenings(detail, most=most, resets_at=from_day(now, 1, order.terms.timezone))


def guard_reason(order: Order, named: Sequence[NamedPieces], reason: Reason, now: datetime) -> Sequence[NamedPieces]:
    """G6 (S3, S6, S11, K9, K20): the ground fits what is known of the pieces."""
    if reason in UNWANTED:
        guard_wanted_back(pieces.line for pieces in named)
    guard_ground(reason, contact_seller(order))
    if reason == Reason.LATE:
        return guard_late(order, named, now)
    if reason == Reason.NOT_RECEIVED:
        return guard_not_received(named)
    if reason == Reason.COUNTERFEIT and not all("authenticity_assured" in pieces.line.flags for pieces in named):
        detail = "The listing did not assure authenticity."
        raise ReasonNotCovered(detail, rules=("S3",), suggest=Reason.NOT_AS_DESCRIBED.value)
    return named


def guard_wanted_back(lines: Iterable[Line]) -> None:
    """G6 (S16, K10): what nobody can sell again does not go back unwanted; faults of it stay covered.

    Use and time, and damage by the buyer, show at the inspection only.
    """
    if any(EXCLUDED_UNWANTED.intersection(line.flags) for line in lines):
        raise ItemExcluded("Goods of this kind do not go back unwanted.", rules=("S16", "K10"))


def guard_not_received(named: Sequence[NamedPieces]) -> list[NamedPieces]:
    """G6 (S11, K9): the carrier's records show no delivery of these pieces."""
    missing = [pieces.where(lambda group: group.delivered_at is None) for pieces in named]
    if not all(pieces.enough for pieces in missing):
        detail = "The carrier's records show a delivery."
        raise ReasonNotCovered(detail, rules=("S11",), suggest=Reason.WRONG_ADDRESS.value)
    return missing


def guard_late(order: Order, named: Sequence[NamedPieces], now: datetime) -> Sequence[NamedPieces]:
    """G6 (S6): the promised day is over, and what has come came after it; without a promise nobody can say."""
    if order.promised_by is None or order.terms is None:
        return named
    day_ends = within_days(noon(order.promised_by, order.terms.timezone), 0, order.terms.timezone)
    late = [
        pieces.where(lambda group: (group.delivered_at or order.finished_at or now) >= day_ends) for pieces in named
    ]
    if not all(pieces.enough for pieces in late):
        raise ReasonNotCovered("It came within the promised time, or that is not over.", rules=("S6",))
    return late


def covering_rule(reason: Reason) -> str:
    """The rule that makes this reason a ground; what is unwanted is one where its seller was to take it back (S13)."""
    return RULE_OF_REASON.get(reason, "S13")


def guard_ground(reason: Reason, *instead: Link) -> None:
    """G6 (S10, S13, K20): some reasons are never a ground; `instead` are the ways that an unwanted item still has."""
    if reason == Reason.UNAUTHORISED_CHARGE:
        raise ReasonNotCovered("Ask the company that issued the card.", rules=("S10",), referral="card_issuer")
    if reason in UNWANTED:
        raise ReasonNotCovered("An item that is merely unwanted is not covered.", rules=("S13",), actions=list(instead))


def report_seller(order: Order) -> Link:
    """Where a seller is reported who asked for money aside (S8)."""
    return {"rel": "report-seller", "method": "POST", "href": path_of("v1", "orders", order.order_id, "seller-reports")}


def contact_seller(order: Order) -> Link:
    """Where the seller is reached (S18, S20)."""
    return {"rel": "contact-seller", "method": "GET", "href": path_of("v1", "orders", order.order_id, "status")}
