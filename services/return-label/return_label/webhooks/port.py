"""The port of a carrier's webhooks: what one says, once it is certain who has sent it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from return_label.domain.tracking.scans import ScanKind


@dataclass(frozen=True, slots=True)
class Word:
    """A parcel was scanned, says the carrier; its id is the scan's own. `return_id` is the return that the label was
    bought for.
    """

    scan_id: str
    return_id: str
    tracking_number: str
    kind: ScanKind


class Malformed(Exception):
    """The carrier has signed something that is none of its messages."""


Receive = Callable[[Mapping[bytes, bytes], bytes, float], Word | None]
"""What a message says: by its headers, whose names are small, the bytes of its body, and the instant, in seconds; None
where it is about no parcel. Raises Untrusted and Malformed.
"""
