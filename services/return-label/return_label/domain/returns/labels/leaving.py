"""Leaving of a label that a return does without: the quota has its place again, and the carrier is to take back what no
return goes with any more (S76, K24).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from return_label.domain.label_quotas.state import Quota
from return_label.domain.returns.state import Return
from return_label.domain.tracking.sandbox import sandbox_number
from shared.decider import Decided
from shared.events.base import Event
from shared.events.label_quota import LabelQuotaReleased
from shared.events.return_label import ReturnLabelCancellationOrdered, ReturnLabelIssued


def left(events: Sequence[Event], return_: Return, quotas: Sequence[Quota], at: datetime) -> Decided:
    """What happens to the return, with the cancellation of a label that it was the last one to go with, and what to its
    buyer's quota.
    """
    cancelled = [each for quota in quotas for each in _cancellation(return_, quota, at)]
    return ([*events, *cancelled], *(released(return_, quota) for quota in quotas))


def released(return_: Return, quota: Quota) -> Sequence[LabelQuotaReleased]:
    """What the quota hears of a return that does without its label; a used one, and one from before there were quotas,
    stay as they are.
    """
    label = return_.ordered or return_.label
    held = quota.labels.get(label.label_id) if label else None
    if not label or not held or held.used or label.return_id not in held.returns:
        return []
    return [
        LabelQuotaReleased(
            buyer_id=return_.terms.buyer_id,
            order_id=label.order_id,
            return_id=label.return_id,
            label_id=label.label_id,
            rules=("S76",),
        )
    ]


def _cancellation(return_: Return, quota: Quota, at: datetime) -> Sequence[ReturnLabelCancellationOrdered]:
    """Nothing for a sample, which nobody has sold; one that was ordered may have been sold, and nobody knows."""
    label = return_.ordered or return_.label
    if not label or not label.carrier or not released(return_, quota):
        return []
    number = label.tracking_number if isinstance(label, ReturnLabelIssued) else None
    is_sample = not return_.ordered and number in (None, sandbox_number(label.label_id))
    if is_sample or len(quota.labels[label.label_id].returns) > 1:
        return []
    about = {"label_id": label.label_id, "carrier": label.carrier, "tracking_number": number, "ordered_at": at}
    return [ReturnLabelCancellationOrdered(**return_.event_fields, **about, rules=("S76", "K24"))]
