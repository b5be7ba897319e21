"""Instants of facts: what is told of an order has happened, and not before the order did (S22, S24, K3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dispute.domain.orders.parcels import PieceGroup
from shared.rejections import ValidationFailed

BEFORE_THE_ORDER = timedelta(days=1)
"""How far a shop's clock and a carrier's may lie apart."""
OLDEST = timedelta(days=20 * 366)
"""How long before now an order may have been placed: a missing date travels as 1970."""
SCAN_TOLERANCE = timedelta(minutes=5)
"""How far a scanner's clock may be ahead; a word that people bring may be told further ahead, by setting."""


def guard_instant(
    pointer: str, at: datetime, placed_at: datetime | None, now: datetime, ahead: timedelta = SCAN_TOLERANCE
) -> None:
    """A fact lies between its order, where that is known, and now; what lies ahead is an estimate and no fact."""
    if is_before_order(at, placed_at):
        raise ValidationFailed.at(pointer, "before_order", "more than a day before the order was placed", "K3", "S24")
    if at > now + ahead:
        raise ValidationFailed.at(pointer, "not_yet", "this has not happened yet", "K3", "S24")


def guard_arrival(pointer: str, at: datetime, agreed_at: datetime | None, now: datetime, rule: str = "T40") -> None:
    """What is sent again comes after that was agreed, as far as two clocks can tell, and has come by now."""
    if is_before_order(at, agreed_at):
        raise ValidationFailed.at(pointer, "before_agreed", "more than a day before it was agreed", rule)
    if at > now:
        raise ValidationFailed.at(pointer, "in_the_future", "it has not come yet", rule)


def guard_placed(placed_at: datetime, now: datetime, ahead: timedelta) -> None:
    """An order was placed in our time, and has happened."""
    if placed_at < now - OLDEST:
        raise ValidationFailed.at("/placed_at", "too_old", "no order is as old as this", "K3", "S24")
    guard_instant("/placed_at", placed_at, None, now, ahead)


def guard_promise(promised_by: date | None, placed_at: datetime, timezone: str) -> None:
    """A promise is of a day on which the order was there: an earlier one would end its protection at once."""
    if promised_by and promised_by < placed_at.astimezone(ZoneInfo(timezone)).date():
        raise ValidationFailed.at("/promised_by", "before_order", "before the order was placed", "K3", "S24")


def guard_after_shipment(pointer: str, before: Sequence[PieceGroup], then: Sequence[PieceGroup]) -> None:
    """Goods come after they were sent, as far as the two clocks can tell."""
    if _too_early(then) > _too_early(before):
        raise ValidationFailed.at(pointer, "before_shipment", "more than a day before it was shipped", "S11", "S21")


def _too_early(groups: Sequence[PieceGroup]) -> int:
    both = ((group.quantity, group.shipped_at, group.delivered_at) for group in groups)
    return sum(count for count, sent, came in both if sent and came and came < sent - BEFORE_THE_ORDER)


def is_before_order(at: datetime, placed_at: datetime | None) -> bool:
    """Whether it cannot be a fact of this order: a missing date that travels as 1970 would end its protection."""
    return placed_at is not None and at < placed_at - BEFORE_THE_ORDER


def kept(at: datetime | None, placed_at: datetime) -> datetime | None:
    """The instant of what was told before its order, where it can be a fact of it."""
    return None if at and is_before_order(at, placed_at) else at


def of_the_order(order: Any, placed_at: datetime) -> Any:
    """The order without what was told before it and lies before it: that can be no fact of it."""
    shipments = replace(order.shipments, told=tuple(fact for fact in order.shipments.told if kept(fact.at, placed_at)))
    finished_at, cancelled_at = kept(order.finished_at, placed_at), kept(order.cancelled_at, placed_at)
    # What was shipped first was never cancelled (S88).
    cancelled_at = None if cancelled_at and shipments.was_sent_by(cancelled_at, finished_at) else cancelled_at
    cancelled_by, since = order.cancelled_by if cancelled_at else None, kept(order.account_since, placed_at)
    order = replace(order, cancelled_at=cancelled_at, cancelled_by=cancelled_by)
    return replace(order, shipments=shipments, finished_at=finished_at, account_since=since)
