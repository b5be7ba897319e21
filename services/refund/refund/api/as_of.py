"""Refunds of a moment in the past: which there are the read model says, how they stood their payments say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from refund.domain.decider import decider
from refund.domain.payments.state import Payment
from refund.read_models import refunds
from refund.read_models.refunds import RefundFilter
from refund.views.as_of import refund_row_of
from shared.eventstore.folding import folded, until
from shared.http.caller import QueryContext

Row = Mapping[str, Any]
OF_THEN = (
    "states",
    "destination",
    "overdue",
    "issued_after",
    "issued_before",
    "in_doubt",
    "certain",
    "paid_twice",
    "paid_once",
)
"""What is asked of a refund as it stood."""
MOMENT = timedelta(microseconds=1)


async def page_as_of(
    viewer: QueryContext, wanted: RefundFilter, as_of: datetime, limit: int
) -> tuple[Sequence[Row], Sequence[Row]]:
    """The rows of a page as they stand now, those requested by then alone, and all but the last one as they stood, of
    which only those that were wanted then.
    """
    of_then: dict[str, Any] = dict.fromkeys(OF_THEN)
    requested = replace(wanted, **of_then, before=wanted.before or [as_of + MOMENT, ""])
    rows = await refunds.page(viewer.state.pool, requested, limit)
    payments = await _payments(viewer, {row["order_id"] for row in rows[: limit - 1]}, as_of)
    known = ((payments[row["order_id"]].refunds.get(row["refund_id"])) for row in rows[: limit - 1])
    then = [refund_row_of(refund) for refund in known if refund]
    return rows, [row for row in then if wanted.fits(row)]


async def _payments(viewer: QueryContext, orders: set[str], as_of: datetime) -> Mapping[str, Payment]:
    """The orders' payments as they stood then."""
    names = {order_id: f"payment-{order_id}" for order_id in sorted(orders)}
    histories = await viewer.state.store.load(*names.values()) if names else []
    return {
        order_id: await folded(decider, name, until(history, as_of))
        for (order_id, name), history in zip(names.items(), histories, strict=True)
    }
