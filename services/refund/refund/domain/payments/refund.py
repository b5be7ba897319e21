"""Refund: what is paid back of an order's money, in one part or, where several payments give it, in a part for each
(ADR 44).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from shared.events.mediation.proposals import ProposalDeclined, ProposalMade
from shared.events.money import Money, minor_by_line
from shared.events.order import LineAmount
from shared.events.refund import (
    NOT_DUE,
    Destination,
    ManualReason,
    PartStep,
    RefundIssued,
    RefundPart,
    RefundRefused,
    RefundRequested,
    RefundReRequested,
    RefundSentToManual,
)
from shared.rejections import WrongPhase


class RefundState(StrEnum):
    """Where a refund is (docs/rules/states.md)."""

    REQUESTED = "requested"
    REFUSED = "refused"
    APPROVED = "approved"
    ISSUED = "issued"
    FAILED = "failed"
    MANUAL = "manual"
    SETTLED = "settled"
    RETURNED_BY_BANK = "returned_by_bank"
    ABANDONED = "abandoned"


ENDED = (RefundState.ISSUED, RefundState.SETTLED, RefundState.ABANDONED)
"""The states of a part of which nothing is expected any more but the bank's word."""
UNPAID = (RefundState.MANUAL, RefundState.RETURNED_BY_BANK, RefundState.FAILED)
"""The states of a part that nobody pays unless somebody sees to it, or a pause is over."""
WORST_FIRST = (*UNPAID, RefundState.APPROVED, RefundState.REQUESTED, *ENDED)
"""A refund is in the first of these that one of its parts is in."""

WITHOUT_DOUBT = (ManualReason.RETRIES_USED_UP, ManualReason.CHARGED_BACK)
"""Why people take over though it is certain that nothing went."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one payment gives of a refund, and where that money is; the provider knows it by its id, which is the
    refund's own where only one gives. `pay_at` is when the provider is to be asked next, `pending` that it has taken
    this attempt and is not done with it, `put_off` how often a question was moved; `doubts` counts how often people
    took it over because nobody could be sure of the provider's answer, `paid_otherwise` those among them in which it
    named a payment that was not what was asked for, and `doubt` is the last of those that still stand. The attempts
    before `came_back` are over for good: a bank has sent the money of the last of them back. `paid_twice` is what the
    provider calls its payment of what people had paid by hand. `settled_at` is when the bank confirmed the credit, and
    `returned_refs` are what the provider called the payments that came back. `held_by` is the chargeback that it waits
    for, and `has_waited` that it has, so that the provider is asked after it before it is paid. `refusal` is why the
    provider said no last, `account` the one that the buyer has named since.
    """

    id: str
    payment_id: str
    lines: tuple[LineAmount, ...]
    amount: Money
    state: RefundState = RefundState.REQUESTED
    pay_at: datetime | None = None
    pending: bool = False
    put_off: int = 0
    failures: int = 0
    doubts: int = 0
    paid_otherwise: int = 0
    came_back: int = 0
    doubt: RefundSentToManual | None = None
    provider_ref: str | None = None
    manual: bool = False
    issued_at: datetime | None = None
    settled_at: datetime | None = None
    returned_refs: frozenset[str] = frozenset()
    paid_twice: str | None = None
    held_by: str | None = None
    has_waited: bool = False
    refusal: str | None = None
    account: str | None = None

    @classmethod
    def of(cls, part: RefundPart) -> Self:
        """The part as it was requested."""
        return cls(part.part_id, part.payment_id, part.lines, part.amount)

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def reserves(self) -> bool:
        """Whether it counts against the cap. One that people took over still does: its money is owed, and a retry may
        pay it. So does one that was given up while nobody could be sure of the provider's answer: its money may have
        gone.
        """
        return self.state is not RefundState.ABANDONED or self.doubts > 0

    @property
    def in_doubt(self) -> bool:
        """Whether it was given up, and nobody knows whether its money went."""
        return self.state is RefundState.ABANDONED and self.doubts > 0

    def doubted(self, event: RefundSentToManual) -> Mapping[str, Any]:
        """What changes of it with one more doubt."""
        named = event.reason == ManualReason.ANSWER_DIFFERS and event.provider_ref is not None
        return {"doubts": self.doubts + 1, "paid_otherwise": self.paid_otherwise + named, "doubt": event}

    def denied(self) -> Mapping[str, Any]:
        """What changes of it with the provider's no. All doubts are about the key that it answers, for only a no leads
        to the next; but what was paid otherwise may have gone under another.
        """
        return {"doubts": self.paid_otherwise, "doubt": self.doubt if self.paid_otherwise else None}

    def sent_back(self, failures: int) -> Mapping[str, Any]:
        """What changes of it once the bank has sent its money back: the next try is a payment of its own."""
        paid = {"issued_at": None, "settled_at": None, "provider_ref": None, "manual": False}
        refs = self.returned_refs | ({self.provider_ref} if self.provider_ref else set())
        return {"failures": failures, "came_back": failures, "returned_refs": refs, **paid, **self.denied()}

    def came_back_as(self, attempt: int, provider_ref: str) -> bool:
        """Whether this payment is one that the bank has sent back."""
        return attempt < self.came_back and provider_ref in self.returned_refs


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund; `request` is how it began, `parts` what each payment gives of it, by id: none of one that was
    refused. `reason` is the last refusal, `failures` and `retry_at` what came with it; `provider_ref` and `differs` are
    what the provider said last of the money; `declined` is the last no of a second person; `again` is that one that was
    refused is asked for as another (T30a); `settle_by` is when the bank's window ends while its word is awaited (D12);
    `issued` is how it was issued until a bank sends it back, told at `confirmed_at`; `paid` is how it was last.
    """

    request: RefundRequested | RefundRefused
    state: RefundState
    parts: Mapping[str, Part] = field(default_factory=dict)
    destination: Destination = Destination.ORIGINAL
    failures: int = 0
    reason: str | None = None
    retry_at: datetime | None = None
    issued: RefundIssued | None = None
    paid: RefundIssued | None = None
    provider_ref: str | None = None
    differs: tuple[str, ...] = ()
    settle_by: datetime | None = None
    overdue: bool = False
    settled_at: datetime | None = None
    returned_at: datetime | None = None
    confirmed_at: datetime | None = None
    proposal: ProposalMade | None = None
    declined: ProposalDeclined | None = None
    again: RefundReRequested | None = None

    @property
    def payment_id(self) -> str | None:
        """Which payment it is paid back from, the first of several; None of one that was refused."""
        return self.request.payment_id if isinstance(self.request, RefundRequested) else None

    @property
    def money(self) -> RefundIssued | RefundRequested | RefundRefused:
        """The event that tells its amount and lines: what was paid, which may be less, else what was asked for."""
        return self.paid or self.request

    @property
    def in_doubt(self) -> tuple[LineAmount, ...]:
        """The money of it that was given up, and of which nobody knows whether it went; before its end nothing is."""
        return self.lines_of([part for part in self.parts.values() if part.in_doubt and self.state in ENDED])

    def lines_of(self, parts: Iterable[Part]) -> tuple[LineAmount, ...]:
        """The money of these parts by line, in the order in which it was asked for."""
        sums = minor_by_line(line for part in parts for line in part.lines)
        like = self.request.amount
        return tuple(
            LineAmount(line_id=line_id, amount=Money(minor, like.currency, like.exponent))
            for line_id in minor_by_line(self.request.lines)
            if (minor := sums[line_id])
        )

    @property
    def seller_id(self) -> str | None:
        """Whose lines they are; None where that is the payment's seller."""
        return self.request.seller_id

    @property
    def reason_refused(self) -> str | None:
        """Why it was refused, where it was."""
        return self.request.reason if isinstance(self.request, RefundRefused) else None

    @property
    def held_by(self) -> str | None:
        """The chargeback that it waits for, or one of its parts does (T34)."""
        return next((part.held_by for part in self.parts.values() if part.held_by), None)

    @property
    def replaced_by(self) -> str | None:
        """The refund as which support asks for its money again."""
        return self.again.replaced_by if self.again else None

    def guard_unanswered(self) -> None:
        """Refuses to go on with one that was refused, once it is asked for as another, or nothing waits for it."""
        if self.again or self.reason_refused == NOT_DUE:
            why = f"It is asked for again as {self.replaced_by}." if self.again else "Nothing waits for it any more."
            raise WrongPhase(why, state=self.state, rules=("T30a",))

    def first_of(self, states: Sequence[RefundState]) -> RefundState:
        """The first of these states that one of its parts is in, else its own."""
        found = {self.state, *(part.state for part in self.parts.values())}
        return next((state for state in states if state in found), self.state)

    @property
    def event_fields(self) -> dict[str, Any]:
        """What every event about its money repeats, so that who hears one needs no other."""
        request = self.request
        return {
            "refund_id": request.refund_id,
            "order_id": request.order_id,
            "dispute_id": request.dispute_id,
            "lines": request.lines,
            "amount": request.amount,
        }

    def fields_of(self, part: Part, state: RefundState, retry_at: datetime | None = None) -> dict[str, Any]:
        """The same of a part that comes into this state, and what the whole refund then is."""
        fields = {**self.event_fields, "lines": part.lines, "amount": part.amount}
        return {**fields, "part": step} if (step := self.step(part, state, retry_at)) else fields

    def step(self, part: Part, state: RefundState, retry_at: datetime | None = None) -> PartStep | None:
        """What an event says of a part that comes into this state, and is tried again then; None where it is the whole
        refund.
        """
        if part.id == self.request.refund_id:
            return None
        states = {state, *(other.state for other in self.parts.values() if other.id != part.id)}
        whole = next(worst for worst in WORST_FIRST if worst in states)
        failed = [other for other in self.parts.values() if other.id != part.id and other.state is RefundState.FAILED]
        retries = [retry_at, *(other.pay_at for other in failed)]
        return PartStep(part_id=part.id, refund_state=whole, retry_at=min(filter(None, retries), default=None))
