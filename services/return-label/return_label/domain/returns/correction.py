"""Tracking numbers of a return that were mistyped, and the right ones (S81)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from return_label.domain.returns.state import Return
from shared.events.base import Event
from shared.events.return_label import ReturnShipped, ReturnTrackingCorrected
from shared.rejections import ValidationFailed
from shared.tracking.numbers import Tracking, compact


def is_known(shipped: ReturnShipped, told: Tracking) -> bool:
    """Whether the parcel has this number already, and no other carrier than is told."""
    same = compact(shipped.tracking_number) == compact(told.number)
    return same and told.carrier in (None, shipped.carrier)


def corrected(return_: Return, replaced: str, right: Tracking, at: datetime) -> Sequence[Event]:
    """The parcel's right number; whoever corrects one has seen it, so another one than the last is refused."""
    assert return_.shipped
    if compact(return_.shipped.tracking_number) != compact(replaced):
        raise ValidationFailed.at("/replaces", "unknown_parcel", "no parcel of this return has this number", "S81")
    return [
        ReturnTrackingCorrected(
            **return_.event_fields,
            replaced=return_.shipped.tracking_number,
            tracking_number=right.number,
            carrier=right.carrier,
            corrected_at=at,
            rules=("S81", "T23"),
        )
    ]
