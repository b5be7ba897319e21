"""Returns: one row each, for "what goes back of this order" and "whose is the parcel that was scanned" (S81)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, and_, any_, bindparam, func, literal_column, or_, select, true, tuple_

from return_label.domain.deadlines import DeadlineKind
from return_label.domain.returns.state import Cancellation, ReturnState
from return_label.read_models import tables
from shared.events import return_label as events
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.envelope import Recorded
from shared.subscriptions.changes import Change, Computed, change, row_by_row, upsert
from shared.subscriptions.statements import Statement, compiled
from shared.tracking.numbers import compact

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

NAME = "returns"
TABLES = (tables.returns,)
STREAMS = ("return-",)

STATES: Mapping[type[Event], ReturnState] = {
    events.ReturnDenied: ReturnState.DENIED,
    events.ReturnAuthorized: ReturnState.AUTHORIZED,
    events.ReturnLabelOrdered: ReturnState.AUTHORIZED,
    events.ReturnLabelDenied: ReturnState.SELF_PAID,
    events.ReturnLabelGivenBack: ReturnState.AUTHORIZED,
    events.ReturnLabelVoided: ReturnState.VOIDED,
    events.ReturnShipped: ReturnState.SHIPPED,
    events.ReturnReceived: ReturnState.RECEIVED,
    events.ReturnInspected: ReturnState.INSPECTED,
    events.InspectionTimedOut: ReturnState.INSPECTED,
    events.ReturnLapsed: ReturnState.LAPSED,
    events.ReturnLost: ReturnState.LOST,
}
"""Where the goods are after each event; a label says it besides, and what is not listed changes nothing."""


def changes(recorded: Recorded[Event]) -> Iterator[Change]:
    """Keeps the return's row."""
    match recorded.event:
        case events.ReturnRequested() as event:
            yield upsert(
                tables.returns,
                event.return_id,
                version=recorded.version,
                position=recorded.position,
                order_id=event.order_id,
                dispute_id=event.dispute_id,
                buyer_id=event.buyer_id,
                seller_id=event.seller_id,
                kind=event.kind,
                state=ReturnState.REQUESTED,
                reason=event.reason,
                freight_payer=event.freight_payer,
                requested_at=recorded.metadata.at,
            )
        case _:
            yield change(tables.returns, recorded.stream.removeprefix("return-"), by=_after(recorded))


project = row_by_row(changes, STREAMS)


def _after(recorded: Recorded[Event]) -> Computed:
    if isinstance(recorded.event, _OF_CANCELLATION):
        return _cancelling(recorded, recorded.event)
    columns = {"version": recorded.version, "position": recorded.position, **_columns(recorded.event)}
    number, replaced = (getattr(recorded.event, name, None) for name in ("tracking_number", "replaced"))
    if not number:
        return lambda row: columns
    gone = {compact(replaced)} if replaced else set[str]()
    return lambda row: columns | {"tracking_numbers": sorted({*row["tracking_numbers"]} - gone | {compact(number)})}


_OF_CANCELLATION = (
    events.ReturnLabelCancellationOrdered,
    events.ReturnLabelCancelled,
    events.ReturnLabelNotCancelled,
)


def _cancelling(recorded: Recorded[Event], event: Cancellation) -> Computed:
    """The labels that their carriers have not taken back, until people have asked again or settled it."""
    columns = {"version": recorded.version, "position": recorded.position}
    now = {event.label_id} if isinstance(event, events.ReturnLabelNotCancelled) else set[str]()
    return lambda row: columns | {"not_cancelled": sorted({*row["not_cancelled"]} - {event.label_id} | now)}


def _columns(event: Event) -> Mapping[str, Any]:
    match event:
        case events.ReturnAuthorized():
            return {"state": ReturnState.AUTHORIZED, "ship_by": event.ship_by}
        case events.ReturnDisputed(dispute_id=dispute_id):
            return {"dispute_id": dispute_id}
        case DeadlineMoved(kind=DeadlineKind.SHIPMENT):
            return {"ship_by": event.due_at}
        case events.ReturnLabelIssued():
            return {"state": ReturnState.LABEL_ISSUED if event.prepaid else ReturnState.SELF_PAID}
        case _ if state := STATES.get(type(event)):
            return {"state": state}
        case _:
            return {}


@dataclass(frozen=True, slots=True)
class ReturnFilter:
    """Which returns a list shows; anybody's where neither side is named, and of none that somebody is a party of who is
    `not` to look through them.
    """

    order_id: str | None = None
    dispute_id: str | None = None
    tracking_number: str | None = None
    state: str | None = None
    kind: str | None = None
    buyer_id: str | None = None
    seller_id: str | None = None
    before: Sequence[Any] | None = None
    not_buyer_id: str | None = None
    not_seller_id: str | None = None
    not_cancelled: bool | None = None


async def page(pool: Pool, wanted: ReturnFilter, limit: int) -> Sequence[Mapping[str, Any]]:
    """The newest returns first, from behind the one whose `requested_at` and `return_id` are `before`."""
    statement, values = query(wanted, limit)
    return await statement.fetch(pool, **values)


def query(wanted: ReturnFilter, limit: int) -> tuple[Statement, Mapping[str, Any]]:
    """The statement behind `page`, and its values."""
    given = {name: value for name in (*_CONDITIONS, *_PARTIES) if (value := getattr(wanted, name)) is not None}
    requested_at, return_id = wanted.before or (None, None)
    last = {"last_requested_at": requested_at, "last_return_id": return_id}
    return _page(tuple(given)), {**given, **last, "limit": limit}


_TABLE = tables.returns
_CONDITIONS = {
    "order_id": _TABLE.c.order_id == bindparam("order_id"),
    "dispute_id": _TABLE.c.dispute_id == bindparam("dispute_id"),
    "tracking_number": bindparam("tracking_number") == any_(_TABLE.c.tracking_numbers),
    "state": _TABLE.c.state == bindparam("state"),
    "kind": _TABLE.c.kind == bindparam("kind"),
    "not_buyer_id": _TABLE.c.buyer_id != bindparam("not_buyer_id"),
    "not_seller_id": _TABLE.c.seller_id != bindparam("not_seller_id"),
    "not_cancelled": and_(
        bindparam("not_cancelled", type_=Boolean), func.cardinality(_TABLE.c.not_cancelled) > literal_column("0")
    ),
    "before": tuple_(_TABLE.c.requested_at, _TABLE.c.return_id)
    < tuple_(bindparam("last_requested_at"), bindparam("last_return_id")),
}
_PARTIES = {
    "buyer_id": _TABLE.c.buyer_id == bindparam("buyer_id"),
    "seller_id": _TABLE.c.seller_id == bindparam("seller_id"),
}


@cache
def _page(given: tuple[str, ...]) -> Statement:
    # Only the conditions that are given, so that each query finds its index.
    parties = [party for name, party in _PARTIES.items() if name in given]
    return compiled(
        select(_TABLE)
        .where(*(condition for name, condition in _CONDITIONS.items() if name in given))
        .where(or_(*parties) if parties else true())
        .order_by(_TABLE.c.requested_at.desc(), _TABLE.c.return_id.desc())
        .limit(bindparam("limit"))
    )
