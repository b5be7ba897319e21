"""Use of a label: what the quota hears when a parcel goes with it, and when nothing is to go any more (S78, T21)."""

from __future__ import annotations

from collections.abc import Sequence

from return_label.domain.label_quotas.state import Quota
from return_label.domain.returns.labels.leaving import left
from return_label.domain.returns.state import Return
from return_label.domain.returns.transit import MarkReturnShipped, mark_shipped
from return_label.domain.returns.withdrawal import WithdrawReturn, withdraw
from shared.decider import Decided
from shared.events.base import Event
from shared.events.label_quota import LabelQuotaUsed
from shared.events.return_label import ReturnShipped, ReturnTrackingCorrected
from shared.tracking.numbers import compact


def ship(command: MarkReturnShipped, return_: Return, *quotas: Quota) -> Decided:
    """The parcel is on its way; with the label's number the label is used; one that was ordered is left."""
    events = mark_shipped(command, return_)
    if return_.ordered and events:
        return left(events, return_, quotas, command.at)
    return (events, *(_used(events, return_, quota) for quota in quotas))


def keep(command: WithdrawReturn, return_: Return, *quotas: Quota) -> Decided:
    """The buyer keeps the goods, so that the label counts no more."""
    events = withdraw(command, return_)
    return left(events, return_, quotas, command.at) if events else (events, *([] for _ in quotas))


def _used(events: Sequence[Event], return_: Return, quota: Quota) -> Sequence[LabelQuotaUsed]:
    label = return_.label
    held = quota.labels.get(label.label_id) if label else None
    if not label or not label.tracking_number or not held or held.used:
        return []
    numbers = [event.tracking_number for event in events if isinstance(event, ReturnShipped | ReturnTrackingCorrected)]
    if compact(label.tracking_number) not in map(compact, numbers):
        return []
    whose = {"buyer_id": return_.terms.buyer_id, "order_id": label.order_id, "return_id": label.return_id}
    return [LabelQuotaUsed(**whose, label_id=label.label_id, rules=("S78", "K24"))]
