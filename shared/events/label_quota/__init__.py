"""Events of a buyer's prepaid labels, keyed by the buyer. These names are storage: never rename one."""

from __future__ import annotations

from shared.events.base import Event


class LabelQuotaTaken(Event):
    """A prepaid label is one of the buyer's for `month`, a calendar month (`2026-03`) in `timezone` (S76)."""

    buyer_id: str
    order_id: str
    return_id: str
    label_id: str
    month: str
    timezone: str
    rules: tuple[str, ...]


class LabelQuotaShared(Event):
    """Another return of the order goes with a label that is not used yet, and takes none of its own (S77, K24)."""

    buyer_id: str
    order_id: str
    return_id: str
    label_id: str
    rules: tuple[str, ...]


class LabelQuotaUsed(Event):
    """A parcel went with the label: it counts for good, and no other return goes with it (S78, K24)."""

    buyer_id: str
    order_id: str
    return_id: str
    label_id: str
    rules: tuple[str, ...]


class LabelQuotaReleased(Event):
    """A return does without the label; where it was the last one, the month has its place again (S76)."""

    buyer_id: str
    order_id: str
    return_id: str
    label_id: str
    rules: tuple[str, ...]


LabelQuotaEvent = LabelQuotaTaken | LabelQuotaShared | LabelQuotaUsed | LabelQuotaReleased
