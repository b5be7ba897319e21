"""Whose return it is: a command about labels decides on its buyer's quota, so the buyer is asked for before."""

from __future__ import annotations

from shared.events.return_label import ReturnRequested
from shared.http.caller import QueryContext


async def buyer_of(caller: QueryContext, return_id: str) -> str | None:
    """The buyer of a return, which never changes; None where there is no such return."""
    (history,) = await caller.state.store.load(f"return-{return_id}")
    first = history[0].event if history else None
    return first.buyer_id if isinstance(first, ReturnRequested) else None
