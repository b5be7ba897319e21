"""Waiting: which deadlines a dispute waits for in each state, and until when whoever is to act may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ops.audit.entry import Data, instant, minor

State = dict[str, Any]

ASKED = {
    "awaiting_seller": ("seller_response",),
    "awaiting_buyer": ("buyer_response", "negotiation"),
    "escalated": ("evidence",),
    "under_review": ("review",),
    "agreed": ("replacement",),
    "decided": ("appeal",),
    "appeal_review": ("appeal_review",),
}
"""By state: the deadlines of whoever is to act, who has until the first of them."""
ALSO = {
    "decided": ("survey", "replacement"),
    "appeal_review": ("appeal", "survey", "replacement"),
    "closed": ("survey",),
}
"""By state: the deadlines that run beside."""
BESIDE_A_BANK = ("survey", "replacement")
"""The deadlines that no chargeback stops."""
NO_RESULT = dict.fromkeys(("result_amount", "result_reason", "reached_type", "result_at"))
"""Of a dispute that has not come to anything."""


def wanted(dispute: State) -> dict[str, datetime]:
    """The deadlines that the dispute waits for, by kind."""
    kinds = _running(dispute, *ASKED.get(dispute["state"], ()), *ALSO.get(dispute["state"], ()))
    return {kind: at for kind in kinds if (at := dispute["due"].get(kind))}


def awaits(dispute: State, state: str, **due: str | None) -> None:
    """The dispute is in this state, and waits until these instants."""
    dispute["due"].update({kind: instant(at) for kind, at in due.items()})
    dispute["state"] = state
    dispute["next_due_at"] = first(dispute)


def first(dispute: State) -> datetime | None:
    """Until when whoever is to act may."""
    due = [dispute["due"].get(kind) for kind in _running(dispute, *ASKED.get(dispute["state"], ()))]
    return min(filter(None, due), default=None)


def _running(dispute: State, *kinds: str) -> Sequence[str]:
    """Those of these deadlines that do not stand still while a bank decides."""
    return [kind for kind in kinds if not dispute["charged_back_by"] or kind in BESIDE_A_BANK]


BRINGS_NOTHING = ("refused", "abandoned")
"""What became of money that is not paid."""


def counted_anew(dispute: State) -> None:
    """A new word on the money counts from what was neither refused nor given up before it."""
    refunds = dispute["refunds"]
    dispute["refunds"] = {name: asked for name, asked in refunds.items() if asked[1] not in BRINGS_NOTHING}


def parts_of(data: Data) -> dict[str, int]:
    """The money of an event by line."""
    return {part["line_id"]: minor(part["amount"]) for part in data["lines"]}


def paid_in_part(dispute: State, refund_id: str, paid: Mapping[str, int]) -> None:
    """Of a refund in parts what was not paid is given up."""
    asked, outcome = dispute["refunds"][refund_id]
    left = {line: amount - paid.get(line, 0) for line, amount in asked.items() if amount > paid.get(line, 0)}
    if left:
        dispute["refunds"] |= {refund_id: (paid, outcome), f"{refund_id} given up": (left, "abandoned")}
