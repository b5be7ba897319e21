"""The port of a payment provider: what this service asks of it and what may be answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Protocol, TypeVar

from shared.events.money import Money
from shared.events.refund import Destination, ManualReason
from shared.resilience.retry import Transient


@dataclass(frozen=True, slots=True)
class RefundCall:
    """One attempt to pay; `attempt` counts the definitive failures before it, `doubts` how often people took it over
    because nobody knew what had become of it; `pending` is that the provider has said that it has taken it, `put_off`
    how often a question about the refund was moved.
    `account` is the provider's token of another account that the buyer has named, to which the money goes then; a
    provider that knows no such accounts declines.
    While it waits `behind` a chargeback the provider is only asked after it, and once it `has_waited` before it goes.
    """

    refund_id: str
    order_id: str
    payment_id: str
    amount: Money
    destination: Destination
    attempt: int
    doubts: int = 0
    pending: bool = False
    put_off: int = 0
    has_waited: bool = False
    behind: str | None = None
    account: str | None = None

    @property
    def idempotency_key(self) -> str:
        """The same until the provider says no for good, so that asking again never pays again."""
        return f"{self.refund_id}/{self.attempt}"


@dataclass(frozen=True, slots=True)
class Said:
    """What the provider says that it was asked, in its own words; the amount is a decimal number."""

    refund_id: str
    payment_id: str
    amount: str
    currency: str
    destination: str


@dataclass(frozen=True, slots=True)
class Issued:
    """The money went; the provider's own name for it, and whether it says that the bank has credited it."""

    provider_ref: str
    said: Said
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Declined:
    """No money went and none will under this key; or it went, and the bank has sent it back."""

    reason: str
    said: Said


Answer = Issued | Declined
A = TypeVar("A", Answer, "Answer | Pending")


@dataclass(frozen=True, slots=True)
class Pending:
    """The provider has taken it, and whether the money goes is open: it is asked after, and nothing is paid anew."""

    provider_ref: str
    said: Said


@dataclass(frozen=True, slots=True)
class Doubtful:
    """People must look: the provider did something else than was asked, or nobody can say any more what it did."""

    reason: ManualReason
    differs: tuple[str, ...] = ()
    provider_ref: str | None = None


class Unanswered(Transient):
    """Nobody knows whether money went: the same call with the same key is to be made again."""


class Unavailable(Unanswered):
    """The provider does not answer, answers with an error of its own, or has too much to do."""


class Gateway(Protocol):
    """A payment provider. Only an answer to this very refund is an answer; all else is `Unanswered`.

    A key may be forgotten 24 hours after its first use, here as there. A payment that was made is found by its refund's
    id for as long as the provider keeps books. An error of the provider's is no answer, whether it is kept under the
    key or not: what became of the call is asked, and the same call under the same key pays once it can.
    """

    async def refund(self, call: RefundCall) -> Answer | Pending:
        """Pays back, once a key; for a repeat what became of it, without paying. Raises Unanswered."""

    async def find(self, call: RefundCall) -> Answer | Pending | None:
        """What became of this attempt, by its key, or of the refund, by its id: a payment under any of its keys counts.

        None where the provider knows of nothing, which does not prove that nothing was paid. Raises Unanswered.
        """


def checked(call: RefundCall, answer: A) -> A | Doubtful:
    """The answer, unless it is about something else than was asked."""
    if differs := tuple(_differences(call, answer.said)):
        provider_ref = None if isinstance(answer, Declined) else answer.provider_ref
        return Doubtful(ManualReason.ANSWER_DIFFERS, differs, provider_ref)
    return answer


def _differences(call: RefundCall, said: Said) -> Iterator[str]:
    asked = Said(call.refund_id, call.payment_id, call.amount.amount, call.amount.currency, call.destination.value)
    for name in ("refund_id", "payment_id", "currency", "destination"):
        if getattr(asked, name) != getattr(said, name):
            yield name
    if _number(asked.amount) != _number(said.amount):
        yield "amount"


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
