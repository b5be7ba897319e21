"""Personal text: stored beside the log by the append that names it, read by its `ref`, removed when it is erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool


async def find_text(pool: Pool, ref: str) -> str | None:
    """The text behind a `ref`, or None where it was erased or never was."""
    body: str | None = await pool.fetchval("select body from personal where ref = $1", ref)
    return body
