"""Changes: what would have to be otherwise for a right that is refused, and when it will be, where that is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.rejections import Rejected


@dataclass(frozen=True, slots=True)
class Change:
    """What would have to change: the code of the refusal that it would lift, in words, and when by itself."""

    code: str
    detail: str
    at: datetime | None = None


_IN_WORDS = {
    "account_not_in_good_standing": "The buyer's account is in good standing again.",
    "already_open": "The open dispute ends without an agreement.",
    "too_many_openings": "The day is over.",
    "country_not_eligible": "Free Return is offered where the order went.",
    "return_service_suspended": "Returns from there are possible again.",
}
"""Of the refusals that something can still lift; what is over, or was not sold with it, stays so."""


def would_change(refusal: Rejected) -> list[Change]:
    """What the refusal waits for; nothing where nothing helps."""
    members = refusal.members
    at = members.get("opens_at") or members.get("resets_at")
    if refusal.code == "too_early":
        return [Change(refusal.code, "The day has come." if at else "It is paid and received.", at)]
    if suggested := members.get("suggest"):
        return [Change(refusal.code, f"The reason is {suggested}.")]
    return [Change(refusal.code, detail, at)] if (detail := _IN_WORDS.get(refusal.code)) else []
