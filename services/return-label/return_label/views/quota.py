"""A buyer's prepaid labels of a month, and what limits the buyer, as the buyer and the platform's people see them (S76,
S79).
"""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict

from return_label.domain.label_quotas.state import Quota
from return_label.domain.label_quotas.taking import A_MONTH
from shared.events.base import Instant
from shared.events.calendar import month_end
from shared.events.label_quota import LimitScope, ReturnAbuseLimitSet
from shared.events.open_enums import Open


class QuotaLabelView(TypedDict):
    """A prepaid label that counts, and the returns that go with it."""

    label_id: str
    order_id: str
    return_ids: Sequence[str]
    used: bool


class LimitView(TypedDict):
    """What the buyer is limited in, why and until when; a reason that was erased is null."""

    scope: Open[LimitScope]
    reason: str | None
    until_at: Instant
    set_at: Instant


class LimitsView(TypedDict):
    """What limits a buyer now."""

    buyer_id: str
    limits: Sequence[LimitView]


class QuotaView(LimitsView):
    """How many prepaid labels the buyer has had in a calendar month, and how many are left until `resets_at`."""

    month: str
    limit: int
    used: int
    left: int
    resets_at: Instant
    labels: Sequence[QuotaLabelView]


def quota_view(quota: Quota, buyer_id: str, month: str, limits: Sequence[LimitView]) -> QuotaView:
    """The month; ValueError where it is none."""
    labels = quota.of_month(month)
    return {
        "buyer_id": buyer_id,
        "month": month,
        "limit": A_MONTH,
        "used": len(labels),
        "left": max(A_MONTH - len(labels), 0),
        "resets_at": month_end(month, quota.timezone),
        "labels": [
            {"label_id": label_id, "order_id": held.order_id, "return_ids": held.returns, "used": held.used}
            for label_id, held in labels.items()
        ],
        "limits": limits,
    }


def limit_view(limit: ReturnAbuseLimitSet, reason: str | None) -> LimitView:
    """The limit with support's words."""
    return {"scope": limit.scope, "reason": reason, "until_at": limit.until_at, "set_at": limit.set_at}
