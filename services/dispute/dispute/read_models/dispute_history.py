"""Dispute history: one entry an event, who did what when, on which rules, with amounts and deadlines (S52)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from shared.events.base import Event, Recorded
from shared.rejections import snake_case

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection, Pool

NAME = "dispute_history"

_INSERT = """
insert into dispute_history (dispute_id, version, position, at, actor, action, rules, detail)
values ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb) on conflict do nothing
"""
_BESIDE = {"dispute_id", "order_id", "payment_id", "buyer_id", "seller_id", "terms", "rules"}
"""What the entry holds elsewhere, or the dispute itself shows."""


async def project(connection: Connection, recorded: Recorded[Event]) -> None:
    """Adds the event's entry; other streams are passed over."""
    if recorded.stream.startswith("dispute-"):
        await connection.execute(_INSERT, *entry(recorded))


def entry(recorded: Recorded[Event]) -> tuple[Any, ...]:
    """The row of an event: its name in snake case is the action, the rest of its data the detail."""
    event, metadata = recorded.event, recorded.metadata
    detail = event.model_dump(mode="json", exclude=_BESIDE, exclude_none=True)
    return (
        recorded.stream.removeprefix("dispute-"),
        recorded.version,
        recorded.position,
        metadata.at,
        metadata.actor,
        snake_case(type(event).__name__),
        list(getattr(event, "rules", ())),
        to_json(detail).decode(),
    )


async def page(pool: Pool, dispute_id: str, after: int, limit: int) -> Sequence[Mapping[str, Any]]:
    """The entries after a version, in order."""
    query = "select * from dispute_history where dispute_id = $1 and version > $2 order by version limit $3"
    return [{**row, "detail": from_json(row["detail"])} for row in await pool.fetch(query, dispute_id, after, limit)]
