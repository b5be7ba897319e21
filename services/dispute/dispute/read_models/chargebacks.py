"""Chargebacks of a dispute's row: who has to act until when, while a bank decides and after it (T34, T35)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispute.domain.disputes.state import DisputeState
from shared.events.outside.chargeback import ExternalChargeback, ExternalChargebackOpened
from shared.subscriptions.changes import Computed


def heard(event: ExternalChargeback) -> Computed:
    """Nobody has to act before a bank has decided (T34), and the deadlines that follow say until when they have to."""
    return _stands_still(event) if isinstance(event, ExternalChargebackOpened) else _goes_on(event)


def acts_until(due_at: datetime) -> Computed:
    """Of a dispute that the case team gets meanwhile too."""
    return lambda row: {"next_due_at": None if row["charged_back_by"] else due_at}


def _stands_still(event: ExternalChargeback) -> Computed:
    """What comes in the place of the goods is awaited still."""

    def by(row: Mapping[str, Any]) -> Mapping[str, Any]:
        due_at = row["next_due_at"] if row["state"] == DisputeState.AGREED else None
        return {"charged_back_by": [*row["charged_back_by"], event.chargeback_id], "next_due_at": due_at}

    return by


def _goes_on(event: ExternalChargeback) -> Computed:
    return lambda row: {"charged_back_by": [one for one in row["charged_back_by"] if one != event.chargeback_id]}
