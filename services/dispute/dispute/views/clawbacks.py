"""A clawback in a list, as people of the platform see it (K19)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import TypedDict

from dispute.domain.disputes.asked_back.clawbacks import ClawbackState
from shared.events.base import Instant
from shared.events.money import Money
from shared.events.outside.ids import path_of

ClawbackRow = TypedDict(
    "ClawbackRow",
    {
        "id": str,
        "order_id": str,
        "dispute_id": str | None,
        "dispute_href": str | None,
        "payment_id": str,
        "from": str,
        "amount": Money,
        "state": ClawbackState,
        "collectable": bool,
        "asked_at": Instant,
        "ended_at": Instant | None,
        "reason_code": str | None,
    },
)
"""What is asked back of a party: `collectable` once no later word changes it, and while it has not ended. What `failed`
is lost by the platform; without a dispute a seller was to give it (S20), and nobody has lost it.
"""


def clawback_row(row: Mapping[str, Any]) -> ClawbackRow:
    """A row of the read model, as lists show it."""
    return {
        "id": row["clawback_id"],
        "order_id": row["order_id"],
        "dispute_id": row["dispute_id"],
        "dispute_href": path_of("v1", "disputes", row["dispute_id"]) if row["dispute_id"] else None,
        "payment_id": row["payment_id"],
        "from": row["party"],
        "amount": Money(row["amount"], row["currency"], row["exponent"]),
        "state": row["state"],
        "collectable": row["is_closed"] and row["state"] == ClawbackState.REQUESTED,
        "asked_at": row["asked_at"],
        "ended_at": row["ended_at"],
        "reason_code": row["reason_code"],
    }
