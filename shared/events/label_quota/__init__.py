"""Events of a buyer's prepaid labels, keyed by the buyer. These names are storage: never rename one."""

from __future__ import annotations

from enum import StrEnum

from shared.events.base import Event, Instant
from shared.events.open_enums import Open


class LimitScope(StrEnum):
    """What a buyer is limited in: prepaid labels, or returns that need no reason and no law (S79)."""

    LABELS = "labels"
    NO_REASON_RETURNS = "no_reason_returns"


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


class ReturnAbuseLimitSet(Event):
    """The buyer is limited until an instant; support's words on why are under `reason_ref` (S79)."""

    buyer_id: str
    scope: Open[LimitScope]
    reason_ref: str
    until_at: Instant
    set_at: Instant
    rules: tuple[str, ...]


class ReturnAbuseLimitLifted(Event):
    """The buyer is limited in it no longer (S79)."""

    buyer_id: str
    scope: Open[LimitScope]
    rules: tuple[str, ...]


LabelQuotaEvent = (
    LabelQuotaTaken
    | LabelQuotaShared
    | LabelQuotaUsed
    | LabelQuotaReleased
    | ReturnAbuseLimitSet
    | ReturnAbuseLimitLifted
)
