"""Log content: what stands at positions of the log, to be compared with what a topic holds of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.events.fingerprint import fingerprint

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

ROWS = """
select position, stream || '/' || version as id, metadata->>'command_id' as command_id, data::text as data
from events where position = any($1::bigint[])
"""


@dataclass(frozen=True, slots=True)
class Content:
    """An event's id and fingerprint."""

    id: str
    fingerprint: str


async def content_at(pool: Pool, positions: Iterable[int]) -> Mapping[int, Content]:
    """By position what the log holds there; a position where it holds nothing is absent."""
    return {
        row["position"]: Content(
            row["id"], fingerprint(row["id"].encode(), row["command_id"].encode(), row["data"].encode())
        )
        for row in await pool.fetch(ROWS, list(positions))
    }


def held(content: Content | None) -> str:
    """What the log holds at a position where a topic holds something else."""
    return f"the log holds {content.id} there" if content else "the log does not reach so far"
