"""Dispute history: one entry an event, who did what when, on which rules, with amounts and deadlines (S52)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json
from sqlalchemy import Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from dispute.read_models import tables
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.events.mediation import SurveySubmitted, SurveyWindowClosed
from shared.rejections import snake_case
from shared.subscriptions.changes import Change, insert, row_by_row
from shared.subscriptions.statements import compiled

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

NAME = "dispute_history"
TABLES = (tables.dispute_history,)
STREAMS = ("dispute-",)

_HISTORY = tables.dispute_history
_PAGE = compiled(
    select(_HISTORY)
    .where(
        _HISTORY.c.dispute_id == bindparam("dispute_id"),
        _HISTORY.c.version > bindparam("after"),
        _HISTORY.c.action == any_(bindparam("actions", type_=ARRAY(Text))),
    )
    .order_by(_HISTORY.c.version)
    .limit(bindparam("limit"))
)
ASIDE = (SurveySubmitted, SurveyWindowClosed)
_BESIDE = {"dispute_id", "order_id", "payment_id", "buyer_id", "seller_id", "terms", "rules"}
"""What the entry holds elsewhere, or the dispute itself shows."""


def changes(recorded: Recorded[Event]) -> Iterator[Change]:
    """Adds the event's entry; what is no part of the dispute's story is passed over (S52)."""
    if type(recorded.event) not in ASIDE:
        yield insert(_HISTORY, recorded.stream.removeprefix("dispute-"), recorded.version, **entry(recorded))


def entry(recorded: Recorded[Event]) -> dict[str, Any]:
    """The row of an event beside its key: its name in snake case is the action, the rest of its data the detail, of
    which each party sees what is listed for it.
    """
    event, metadata = recorded.event, recorded.metadata
    return {
        "position": recorded.position,
        "at": metadata.at,
        "actor": metadata.actor,
        "action": snake_case(type(event).__name__),
        "rules": list(getattr(event, "rules", ())),
        "detail": event.__pydantic_serializer__.to_json(event, exclude=_BESIDE, exclude_none=True).decode(),
    }


project = row_by_row(changes, STREAMS)


async def page(
    pool: Pool, dispute_id: str, actions: Iterable[str], after: int, limit: int
) -> Sequence[Mapping[str, Any]]:
    """The entries of these actions after a version, in order."""
    rows = await _PAGE.fetch(pool, dispute_id=dispute_id, actions=list(actions), after=after, limit=limit)
    return [{**row, "detail": from_json(row["detail"])} for row in rows]
