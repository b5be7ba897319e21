"""Evidence: how many items of a party wait for a form, and which of them hold the same content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, literal_column, or_, select
from sqlalchemy import update as update_of

from dispute.domain.evidence.state import EvidenceState
from dispute.read_models import tables
from shared.events import evidence as events
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.subscriptions.changes import Change, Note, row_by_row, update, upsert
from shared.subscriptions.statements import compiled

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

NAME = "evidence"
TABLES = (tables.evidence,)
STREAMS = ("evidence-",)

_ITEMS, _COPIES = tables.evidence, tables.evidence_bytes


def _is(state: EvidenceState) -> Any:
    return _ITEMS.c.state == literal_column(f"'{state.value}'")


_OWN = (_ITEMS.c.order_id == bindparam("order_id"), _ITEMS.c.party_id == bindparam("party_id"))
_WAITING = compiled(select(func.count()).select_from(_ITEMS).where(*_OWN, _is(EvidenceState.UNATTACHED)))
_TWIN = compiled(
    select(_ITEMS.c.evidence_id)
    .where(*_OWN, _ITEMS.c.sha256 == bindparam("sha256"))
    .where(or_(_is(EvidenceState.UNATTACHED), _is(EvidenceState.ATTACHED)))
    .order_by(_ITEMS.c.sent_at, _ITEMS.c.evidence_id)
    .limit(bindparam("limit"))
)


# Not sooner than it is due anyway: an upload under way may have taken the copy. Without a condition on that instant, so
# that it waits for a sweep that is clearing it.
_LOOK_AT_COPY = compiled(
    update_of(_COPIES)
    .where(
        _COPIES.c.sha256 == select(_ITEMS.c.sha256).where(_ITEMS.c.evidence_id == bindparam("item")).scalar_subquery()
    )
    .where(_COPIES.c.unwanted_at.is_(None))
    .values(look_at=func.coalesce(_COPIES.c.look_at, func.clock_timestamp()))
)


def changes(recorded: Recorded[Event]) -> Iterator[Change | Note]:
    """Keeps the item's row."""
    match recorded.event:
        case events.EvidenceUploaded() as event:
            yield _upload(recorded, event)
        case events.EvidenceAdded() as event:
            yield _set(recorded, state=EvidenceState.ATTACHED, dispute_id=event.dispute_id)
        case events.EvidenceRemoved():
            yield from _end(recorded, EvidenceState.REMOVED)
        case events.EvidenceExpired():
            yield from _end(recorded, EvidenceState.EXPIRED)
        case _:
            yield _set(recorded)


project = row_by_row(changes, STREAMS)


async def waiting(pool: Pool, order_id: str, party_id: str) -> int:
    """How many items of the party no form has named yet; some that were sent this very moment may be missing."""
    (row,) = await _WAITING.fetch(pool, order_id=order_id, party_id=party_id)
    return int(next(iter(row.values())))


async def twin(pool: Pool, order_id: str, party_id: str, sha256: str | None) -> str | None:
    """The party's first item of the order with this content, if one stands."""
    rows = await _TWIN.fetch(pool, order_id=order_id, party_id=party_id, sha256=sha256 or "", limit=1)
    return rows[0]["evidence_id"] if rows else None


def _upload(recorded: Recorded[Event], event: events.EvidenceUploaded) -> Change:
    return upsert(
        _ITEMS,
        _id(recorded),
        version=recorded.version,
        position=recorded.position,
        order_id=event.order_id,
        party_id=event.party_id,
        sha256=event.item.sha256,
        state=EvidenceState.UNATTACHED,
        sent_at=event.item.sent_at,
        expires_at=event.expires_at,
    )


def _end(recorded: Recorded[Event], state: EvidenceState) -> Iterator[Change | Note]:
    """It stands no more, and perhaps nobody wants its bytes."""
    yield _set(recorded, state=state)
    yield Note(_LOOK_AT_COPY, {"item": _id(recorded)})


def _set(recorded: Recorded[Event], **columns: Any) -> Change:
    return update(_ITEMS, _id(recorded), version=recorded.version, position=recorded.position, **columns)


def _id(recorded: Recorded[Event]) -> str:
    return recorded.stream.removeprefix("evidence-")
