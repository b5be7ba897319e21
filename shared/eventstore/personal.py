"""Personal text: stored beside the log by the append that names it, and read by its `ref`; apart, so that it can be
erased, which nothing does yet.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from shared.rejections import NotFound
from shared.views import TextView

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool


async def standing_text(pool: Pool, ref: str | None) -> str | None:
    """The text behind a `ref`; None where it was erased or never was."""
    body: str | None = await pool.fetchval("select body from personal where ref = $1", ref) if ref else None
    return body


async def find_text(pool: Pool, ref: str, own: Collection[str | None]) -> TextView:
    """The text behind a `ref` of a thing's own; NotFound where it is another thing's, was erased or never was."""
    body = await standing_text(pool, ref) if ref in own else None
    if body is None:
        raise NotFound("There is no such text.")
    return {"ref": ref, "text": body}
