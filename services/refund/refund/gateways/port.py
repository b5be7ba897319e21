"""The port of a payment provider: what this service asks of it and what may be answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from shared.events.money import Money
from shared.events.refund import Destination
from shared.resilience.retry import Transient


@dataclass(frozen=True, slots=True)
class RefundCall:
    """One attempt to pay; `attempt` counts the definitive failures before it."""

    refund_id: str
    order_id: str
    payment_id: str
    amount: Money
    destination: Destination
    attempt: int

    @property
    def idempotency_key(self) -> str:
        """The same until the provider says no for good, so that asking again never pays again."""
        return f"{self.refund_id}/{self.attempt}"


@dataclass(frozen=True, slots=True)
class Issued:
    """The money went; the provider's own name for it."""

    provider_ref: str


@dataclass(frozen=True, slots=True)
class Declined:
    """No money went and none will under this key."""

    reason: str


Answer = Issued | Declined


class Unanswered(Transient):
    """Nobody knows whether money went: the same call with the same key is to be made again."""


class Gateway(Protocol):
    """A payment provider. Only an answer to this very key is an answer; all else is `Unanswered`."""

    async def refund(self, call: RefundCall) -> Answer:
        """Pays back, once a key; the first answer again for a repeat. Raises Unanswered."""

    async def find(self, idempotency_key: str) -> Answer | None:
        """What became of this key, None where the provider does not know it. Raises Unanswered."""
