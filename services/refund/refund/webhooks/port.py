"""The port of a payment provider's webhooks: what is read of one, once it is certain who has sent it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """Something has become of a refund, says the provider; what, it is asked. `refund_id` is the refund's own id, by
    which the provider was asked for it, None where the message is about something else.
    """

    event_id: str
    refund_id: str | None


class Malformed(Exception):
    """The provider has signed something that is none of its messages."""


Receive = Callable[[Mapping[bytes, bytes], bytes, float], Word]
"""What a message says: by its headers, whose names are small, the bytes of its body, and the instant, in seconds.
Raises Untrusted and Malformed.
"""
