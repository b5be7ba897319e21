"""Reasons of returns: a row for each line that was to go back, counted by month, listing and reason (S108)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, distinct, func, literal_column, or_, select, tuple_

from dispute.read_models import tables
from shared.events.calendar import month_of
from shared.events.dispute import ReturnDue
from shared.events.envelope import Recorded
from shared.subscriptions.changes import Change, only, row_by_row, upsert
from shared.subscriptions.statements import Statement, compiled

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

NAME = "return_reasons"
TABLES = (tables.return_reasons,)
STREAMS = ("order-", "dispute-")


def _changes(recorded: Recorded[ReturnDue]) -> Iterator[Change]:
    event = recorded.event
    for line in event.lines:
        yield upsert(
            tables.return_reasons,
            event.return_id,
            line.line_id,
            position=recorded.position,
            order_id=event.order_id,
            dispute_id=event.dispute_id,
            seller_id=event.seller_id,
            kind=event.kind,
            reason=event.reason,
            month=month_of(recorded.metadata.at, event.timezone),
            quantity=line.quantity,
        )


changes = only(ReturnDue, _changes)
project = row_by_row(changes, STREAMS)


@dataclass(frozen=True, slots=True)
class ReasonFilter:
    """Which reasons are counted; `after` is the month, listing and reason of the last count that was shown."""

    seller_id: str | None = None
    month: str | None = None
    sku: str | None = None
    reason: str | None = None
    after: Sequence[str] | None = None


async def page(pool: Pool, wanted: ReasonFilter, limit: int) -> Sequence[Mapping[str, Any]]:
    """How many returns and pieces of each month, the newest first, each listing and each reason."""
    given = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
    last_month, last_sku, last_reason = wanted.after or (None, None, None)
    last = {"last_month": last_month, "last_sku": last_sku, "last_reason": last_reason}
    return await _page(tuple(given)).fetch(pool, **given, **last, limit=limit)


_ROWS, _LINES = tables.return_reasons.c, tables.order_status_lines.c
_SKU = func.coalesce(_LINES.sku, literal_column("''")).label("sku")
_CONDITIONS = {
    "seller_id": _ROWS.seller_id == bindparam("seller_id"),
    "month": _ROWS.month == bindparam("month"),
    "sku": _LINES.sku == bindparam("sku"),
    "reason": _ROWS.reason == bindparam("reason"),
    "after": or_(
        _ROWS.month < bindparam("last_month"),
        and_(
            _ROWS.month == bindparam("last_month"),
            tuple_(_SKU, _ROWS.reason) > tuple_(bindparam("last_sku"), bindparam("last_reason")),
        ),
    ),
}


@cache
def _page(given: tuple[str, ...]) -> Statement:
    # Only the conditions that are given, so that each query finds its index.
    counts = func.count(distinct(_ROWS.return_id)).label("returns"), func.sum(_ROWS.quantity).label("pieces")
    named = and_(_LINES.order_id == _ROWS.order_id, _LINES.line_id == _ROWS.line_id)
    return compiled(
        select(_ROWS.month, _SKU, _ROWS.reason, *counts)
        .select_from(tables.return_reasons.outerjoin(tables.order_status_lines, named))
        .where(*(condition for name, condition in _CONDITIONS.items() if name in given))
        .group_by(_ROWS.month, _SKU, _ROWS.reason)
        .order_by(_ROWS.month.desc(), _SKU, _ROWS.reason)
        .limit(bindparam("limit"))
    )
