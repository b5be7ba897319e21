"""A buyer's prepaid labels of a month, as the buyer and the platform's people see them (S76)."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict

from return_label.domain.label_quotas.state import Quota
from return_label.domain.label_quotas.taking import A_MONTH
from shared.events.base import Instant
from shared.events.calendar import month_end


class QuotaLabelView(TypedDict):
    """A prepaid label that counts, and the returns that go with it."""

    label_id: str
    order_id: str
    return_ids: Sequence[str]
    used: bool


class QuotaView(TypedDict):
    """How many prepaid labels the buyer has had in a calendar month, and how many are left until `resets_at`."""

    buyer_id: str
    month: str
    limit: int
    used: int
    left: int
    resets_at: Instant
    labels: Sequence[QuotaLabelView]


def quota_view(quota: Quota, buyer_id: str, month: str) -> QuotaView:
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
    }
