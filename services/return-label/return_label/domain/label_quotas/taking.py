"""Taking of a prepaid label: three a calendar month, three an order, or one that is there already (S76, S77, K24)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from return_label.domain.label_quotas.limits import guard_unlimited
from return_label.domain.label_quotas.state import Quota
from return_label.domain.rejections import LabelQuotaExceeded
from shared.events.base import wire_time
from shared.events.calendar import month_end, month_of
from shared.events.label_quota import LabelQuotaShared, LabelQuotaTaken, LimitScope

A_MONTH = 3
"""S76, I9: prepaid labels that a buyer gets in a calendar month."""
AN_ORDER = 3
"""S77, K24: prepaid labels that an order gets."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A return that is to have a prepaid label, and the id of one of its own; the month is counted in `timezone`.
    `by_law` says that the goods go back by right of law.
    """

    buyer_id: str
    order_id: str
    return_id: str
    label_id: str
    at: datetime
    timezone: str
    by_law: bool


def taken(quota: Quota, asked: Asked) -> LabelQuotaTaken | LabelQuotaShared:
    """The label that the return goes with: the order's, while one is there and nothing went with it, else its own;
    LabelQuotaExceeded where there is none left, ReturnsLimited where the buyer gets no more of them; but no limit
    reaches what the law gives (S17, S79).
    """
    whose = {"buyer_id": asked.buyer_id, "order_id": asked.order_id, "return_id": asked.return_id}
    if unused := _unused(quota, asked.order_id):
        return LabelQuotaShared(**whose, label_id=unused, rules=("S77", "K24"))
    if not asked.by_law:
        guard_unlimited(quota, LimitScope.LABELS, asked.at)
    guard_quota(quota, asked)
    month = month_of(asked.at, asked.timezone)
    return LabelQuotaTaken(
        **whose, label_id=asked.label_id, month=month, timezone=asked.timezone, rules=("S75", "S76", "K24")
    )


def guard_quota(quota: Quota, asked: Asked) -> None:
    """Void labels do not count, and what was used does for good."""
    of_order = [held for held in quota.labels.values() if held.order_id == asked.order_id]
    if len(of_order) >= AN_ORDER:
        raise LabelQuotaExceeded(f"An order gets {AN_ORDER} prepaid labels.", rules=("S77", "K24"), resets_at=None)
    month = month_of(asked.at, asked.timezone)
    if len(quota.of_month(month)) >= A_MONTH:
        resets_at = wire_time(month_end(month, asked.timezone))
        raise LabelQuotaExceeded(f"A buyer gets {A_MONTH} prepaid labels a month.", resets_at=resets_at)


def _unused(quota: Quota, order_id: str) -> str | None:
    waiting = (label_id for label_id, held in quota.labels.items() if held.order_id == order_id and not held.used)
    return next(waiting, None)
