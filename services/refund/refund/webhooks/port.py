"""The port of a payment provider's webhooks: what is read of one, once it is certain who has sent it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.events.money import Money
from shared.events.outside.chargeback import ChargebackResult


@dataclass(frozen=True, slots=True)
class ChargebackSaid:
    """A chargeback as the provider knows it now, from its beginning, so that one message tells what those before it
    told. `payment_ids` are the names under which the payment may be known; without `order_id` its order is found by
    them. `result` is None as long as the bank has not decided.
    """

    chargeback_id: str
    payment_ids: Sequence[str]
    amount: Money
    reason_code: str | None
    opened_at: datetime
    order_id: str | None = None
    result: ChargebackResult | None = None
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """Something has become of a refund, says the provider; what, it is asked. `refund_id` is the refund's own id, by
    which the provider was asked for it, None where the message is about something else, as a `chargeback`.
    """

    event_id: str
    refund_id: str | None
    chargeback: ChargebackSaid | None = None


class Malformed(Exception):
    """The provider has signed something that is none of its messages."""


Receive = Callable[[Mapping[bytes, bytes], bytes, float], Word]
"""What a message says: by its headers, whose names are small, the bytes of its body, and the instant, in seconds.
Raises Untrusted and Malformed.
"""
