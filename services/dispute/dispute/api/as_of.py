"""Rows of a moment in the past: which disputes there are the read model says, how they stood their streams say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from dispute.domain.decider import decider
from dispute.domain.disputes.state import Dispute
from dispute.read_models import disputes
from dispute.read_models.disputes import DisputeFilter
from dispute.views.as_of import Row, dispute_row_of
from shared.eventstore.folding import folded, until
from shared.http.caller import QueryContext

MOMENT = timedelta(microseconds=1)


async def page_as_of(
    viewer: QueryContext, wanted: DisputeFilter, as_of: datetime, limit: int
) -> tuple[Sequence[Row], Sequence[Row]]:
    """The rows of a page as they stand now, those opened by then alone, and of all but the last one those that fitted
    the filter then: a page may be shorter than its limit.
    """
    opened = replace(wanted, state=None, due_before=None, before=wanted.before or [as_of + MOMENT, ""])
    rows = await disputes.page(viewer.state.pool, opened, limit)
    then = await rows_as_of(viewer, rows[: limit - 1], as_of)
    return rows, [row for row in then if _fits(row, wanted)]


async def rows_as_of(viewer: QueryContext, rows: Sequence[Row], as_of: datetime) -> Sequence[Row]:
    """The rows as they stood then, without those that were not there yet."""
    names = [f"dispute-{row['dispute_id']}" for row in rows]
    histories = await viewer.state.store.load(*names) if names else []
    found = []
    for history in (until(history, as_of) for history in histories):
        if history:
            dispute: Dispute = await folded(decider, "dispute", history)
            found.append(dispute_row_of(dispute, history))
    return found


def _fits(row: Row, wanted: DisputeFilter) -> bool:
    due = wanted.due_before is None or (row["next_due_at"] is not None and row["next_due_at"] < wanted.due_before)
    return due and wanted.state in (None, row["state"])
