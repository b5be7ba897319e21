"""Quota: a buyer's prepaid labels, each with the returns that go with it, and what limits the buyer (S76, S79, K24)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from shared.events.label_quota import (
    LabelQuotaEvent,
    LabelQuotaReleased,
    LabelQuotaShared,
    LabelQuotaTaken,
    LabelQuotaUsed,
    LimitScope,
    ReturnAbuseLimitLifted,
    ReturnAbuseLimitSet,
)


@dataclass(frozen=True, slots=True)
class Held:
    """A label that counts: in which month and for which order, the returns that go with it, and whether a parcel has
    gone with it.
    """

    order_id: str
    month: str
    returns: tuple[str, ...]
    used: bool = False


@dataclass(frozen=True, slots=True)
class Quota:
    """The fold of one buyer's labels: those that are not void, by id, in the order in which they were taken."""

    labels: Mapping[str, Held] = field(default_factory=dict)
    timezone: str = "UTC"
    limits: Mapping[LimitScope, ReturnAbuseLimitSet] = field(default_factory=dict)
    """The last limit of each scope that was not lifted; its end may have passed."""

    def of_month(self, month: str) -> Mapping[str, Held]:
        """The labels that were taken in a calendar month."""
        return {label_id: held for label_id, held in self.labels.items() if held.month == month}

    def limits_at(self, at: datetime) -> Mapping[LimitScope, ReturnAbuseLimitSet]:
        """What limits the buyer at an instant: each ends by itself."""
        return {scope: limit for scope, limit in self.limits.items() if at < limit.until_at}


def evolve(quota: Quota, event: LabelQuotaEvent) -> Quota:
    match event:
        case LabelQuotaTaken():
            held = Held(event.order_id, event.month, (event.return_id,))
            return _with(replace(quota, timezone=event.timezone), event.label_id, held)
        case LabelQuotaShared():
            held = quota.labels[event.label_id]
            return _with(quota, event.label_id, replace(held, returns=(*held.returns, event.return_id)))
        case LabelQuotaUsed():
            return _with(quota, event.label_id, replace(quota.labels[event.label_id], used=True))
        case LabelQuotaReleased():
            held = quota.labels[event.label_id]
            left = tuple(one for one in held.returns if one != event.return_id)
            return _with(quota, event.label_id, replace(held, returns=left))
        case ReturnAbuseLimitSet(scope=scope):
            return replace(quota, limits={**quota.limits, scope: event})
        case ReturnAbuseLimitLifted(scope=lifted):
            return replace(quota, limits={one: limit for one, limit in quota.limits.items() if one != lifted})
    assert_never(event)


def _with(quota: Quota, label_id: str, held: Held) -> Quota:
    """The quota with the label so; one that no return goes with any more is void."""
    labels = {**quota.labels, label_id: held}
    return replace(quota, labels={one: kept for one, kept in labels.items() if kept.returns})
