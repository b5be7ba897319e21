"""Words of the refund service's tests: commands and events with all that a test does not care about filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from refund.domain.payments.abandonment import AbandonRefund
from refund.domain.payments.destination.choice import ChooseDestination
from refund.domain.payments.destination.standing import NoteStanding
from refund.domain.payments.doubt import EndDoubt
from refund.domain.payments.manual_payment import PayByHand
from refund.domain.payments.outcomes import RecordDeclined, RecordDoubtful, RecordIssued
from refund.domain.payments.re_request import ReRequestRefund
from refund.domain.payments.request import RecordCapture, RequestRefund
from refund.domain.payments.retries import RetryRefund
from refund.domain.payments.second_person import AgreeToProposal, DeclineProposal
from refund.domain.payments.settlement.bank import RecordReturned, RecordSettled
from refund.domain.payments.settlement.window import CloseWindow
from refund.gateways.port import RefundCall, Said
from shared.events.base import SYSTEM, Actor
from shared.events.dispute import RefundDue, RefundSource
from shared.events.ids import derived_uuid
from shared.events.mediation.proposals import ProposalMade
from shared.events.money import Money
from shared.events.order import LineAmount, OrderPaid, PaymentPart
from shared.events.refund import (
    Destination,
    DoubtFound,
    ManualReason,
    PaymentCaptured,
    RefundAbandoned,
    RefundApproved,
    RefundDoubtEnded,
    RefundEvent,
    RefundFailed,
    RefundIssued,
    RefundRefused,
    RefundRequested,
    RefundReRequested,
    RefundRetried,
    RefundReturnedByBank,
    RefundSentToManual,
    RefundSettled,
    RefundSettlementOverdue,
)
from tests.support.spec import Outcome

MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
WINDOW_END = datetime(2026, 3, 24, tzinfo=UTC)
"""The end of the fifteenth business day after it."""
BUYER = Actor(id="bea", roles=frozenset({"buyer"}))
SELLER = Actor(id="sam", roles=frozenset({"seller"}))
OTHER_SELLER = Actor(id="olga", roles=frozenset({"seller"}))
SUPPORT = Actor(id="sue", roles=frozenset({"support"}))
OTHER_SUPPORT = Actor(id="tom", roles=frozenset({"support"}))
STRANGER = Actor(id="eve", roles=frozenset({"buyer"}))

WHY = {"ticket": "CASE-4711", "reason": "The buyer's card is closed."}
Answer = TypeVar("Answer", AgreeToProposal, DeclineProposal)

COMMON: dict[str, Any] = {"refund_id": "rfd_9a31", "order_id": "o1", "dispute_id": "dsp_9a31"}


def usd(minor: int) -> Money:
    return Money(minor, "USD", 2)


def lines(**minor: int) -> tuple[LineAmount, ...]:
    return tuple(LineAmount(line_id=line_id, amount=usd(cents)) for line_id, cents in minor.items())


def _envelope(name: str, actor: Actor, at: datetime, *parts: object) -> dict[str, Any]:
    return {"command_id": derived_uuid(name, *parts), "actor": actor, "at": at, "order_id": "o1"}


def capture(at: datetime = MONDAY, payment_id: str = "o1", **caps: int) -> RecordCapture:
    """The order was paid: a 60.00 and b 40.00, unless caps are named."""
    caps = caps or {"a": 6000, "b": 4000}
    return RecordCapture(
        **_envelope("capture", SYSTEM, at, payment_id),
        payment_id=payment_id,
        buyer_id=BUYER.id,
        seller_id=SELLER.id,
        method="visa",
        amount=usd(sum(caps.values())),
        lines=lines(**caps),
    )


def request(refund_id: str = "rfd_9a31", at: datetime = MONDAY, **more: Any) -> RequestRefund:
    """A `RefundDue` for 25.00 of line a, unless `parts` says otherwise."""
    parts = more.pop("parts", {"a": 2500})
    given: dict[str, Any] = {
        "payment_id": "o1",
        "dispute_id": "dsp_9a31",
        "lines": lines(**parts),
        "amount": usd(sum(parts.values())),
        "source": RefundSource.AGREEMENT,
        "bank_window_bd": (3, 15),
        "timezone": "UTC",
        "rules": ("S40",),
    }
    return RequestRefund(**_envelope("request", SYSTEM, at, refund_id), refund_id=refund_id, **(given | more))


def choose(destination: Destination = Destination.BONUS, actor: Actor = BUYER) -> ChooseDestination:
    """The buyer wants the order's refunds there."""
    return ChooseDestination(**_envelope("choose", actor, MONDAY, destination, actor.id), destination=destination)


def stand(status: str, since: datetime | None = MONDAY) -> NoteStanding:
    """The buyer's account has this standing."""
    return NoteStanding(**_envelope("standing", SYSTEM, MONDAY, status, since), status=status, since=since)


def issue(refund_id: str = "rfd_9a31", attempt: int = 0, at: datetime = MONDAY) -> RecordIssued:
    return RecordIssued.of("o1", refund_id, attempt, f"psp_{refund_id}", at)


def decline(
    attempt: int, refund_id: str = "rfd_9a31", at: datetime = MONDAY, reason: str = "account_invalid"
) -> RecordDeclined:
    return RecordDeclined.of("o1", refund_id, attempt, reason, at)


def doubt(attempt: int = 0, doubts: int = 0, refund_id: str = "rfd_9a31", at: datetime = MONDAY) -> RecordDoubtful:
    return RecordDoubtful.of(
        "o1", refund_id, attempt, doubts, at, reason=ManualReason.OUTCOME_UNKNOWN, differs=(), provider_ref=None
    )


def retry(actor: Actor, refund_id: str = "rfd_9a31", at: datetime = MONDAY, part_id: str | None = None) -> RetryRefund:
    return RetryRefund(**_envelope("retry", actor, at, refund_id, actor.id), refund_id=refund_id, part_id=part_id)


def correct(
    token: str = "acct_2", actor: Actor = BUYER, refund_id: str = "rfd_9a31", at: datetime = MONDAY, **more: Any
) -> RetryRefund:
    """The buyer names another account."""
    envelope = _envelope("correct", actor, at, refund_id, actor.id, token)
    return RetryRefund(**envelope, refund_id=refund_id, account_token=token, **more)


def by_hand(actor: Actor = SUPPORT, refund_id: str = "rfd_9a31", at: datetime = MONDAY, **more: Any) -> PayByHand:
    """Somebody of support says that the money was sent, and what the bank calls it."""
    said = {"bank_reference": "bank-4711", "paid_at": at, **WHY}
    return PayByHand(**_envelope("by hand", actor, at, refund_id, actor.id), refund_id=refund_id, **said | more)


def abandon(
    actor: Actor = SUPPORT, refund_id: str = "rfd_9a31", at: datetime = MONDAY, part_id: str | None = None
) -> AbandonRefund:
    """Somebody of support wants the refund given up, or this part of it."""
    envelope = _envelope("abandon", actor, at, refund_id, actor.id)
    return AbandonRefund(**envelope, refund_id=refund_id, part_id=part_id, **WHY)


def end_doubt(
    actor: Actor = SUPPORT, refund_id: str = "rfd_9a31", at: datetime = MONDAY, paid: bool = False, **more: Any
) -> EndDoubt:
    """Somebody of support has found out whether it was paid."""
    said = {"found": "paid", "reference": "psp-4711", "paid_at": at} if paid else {"found": "not_paid"}
    envelope = _envelope("end doubt", actor, at, refund_id, actor.id, paid)
    return EndDoubt(**envelope, refund_id=refund_id, **WHY | said | more)


def re_request(
    actor: Actor = SUPPORT, refund_id: str = "rfd_9a31", at: datetime = MONDAY, **more: Any
) -> ReRequestRefund:
    """Somebody of support wants the refund asked for again."""
    return ReRequestRefund(**_envelope("re-request", actor, at, refund_id, actor.id), refund_id=refund_id, **WHY | more)


def agree_to(outcome: Outcome, actor: Actor = OTHER_SUPPORT, **more: Any) -> AgreeToProposal:
    """The second person's yes to what has come of this."""
    made = proposal_of(outcome)
    return agree(actor, made, **more)


def decline_to(outcome: Outcome, actor: Actor = OTHER_SUPPORT, **more: Any) -> DeclineProposal:
    """The second person's no to what has come of this."""
    return answer(
        DeclineProposal, actor, proposal_of(outcome), **{"reason": "The bank knows of no such payment."} | more
    )


def proposal_of(outcome: Outcome) -> ProposalMade:
    made: ProposalMade | None = outcome.states[0].refund("rfd_9a31").proposal
    assert made
    return made


def agree(actor: Actor, made: ProposalMade, **more: Any) -> AgreeToProposal:
    """A second person's yes to what is proposed."""
    return answer(AgreeToProposal, actor, made, **more)


def answer(kind: type[Answer], actor: Actor, made: ProposalMade, at: datetime = MONDAY, **more: Any) -> Answer:
    """A second person's word on what is proposed."""
    name = {AgreeToProposal: "agree", DeclineProposal: "decline"}[kind]
    plain = {name: made.proposal_id, "answers": made.kind, "has_key": True, "has_seen": True}
    envelope = _envelope(name, actor, at, made.refund_id, made.proposal_id, actor.id)
    return kind(**envelope, refund_id=made.refund_id, **plain | more)


def settle(refund_id: str = "rfd_9a31", at: datetime = MONDAY, attempt: int = 0) -> RecordSettled:
    return RecordSettled.of("o1", refund_id, attempt, at)


def send_back(
    refund_id: str = "rfd_9a31", at: datetime = MONDAY, attempt: int = 0, reason: str = "account_closed"
) -> RecordReturned:
    """The bank sends the money back."""
    return RecordReturned.of("o1", refund_id, attempt, reason, at)


def close_window(
    credited: Iterable[str] = (),
    at: datetime = WINDOW_END,
    due_at: datetime = WINDOW_END,
    back: Mapping[str, str] | None = None,
) -> CloseWindow:
    """The bank's window ends, and this is what the provider says."""
    return CloseWindow.of("o1", "rfd_9a31", due_at, frozenset(credited), back or {}, at)


def captured(method: str = "visa", payment_id: str = "o1", **caps: int) -> PaymentCaptured:
    """What `capture` leads to."""
    caps = caps or {"a": 6000, "b": 4000}
    return PaymentCaptured(
        order_id="o1",
        payment_id=payment_id,
        buyer_id=BUYER.id,
        seller_id=SELLER.id,
        method=method,
        amount=usd(sum(caps.values())),
        lines=lines(**caps),
    )


def requested(**more: Any) -> RefundRequested:
    """What `request` leads to, its first event."""
    given: dict[str, Any] = {
        "payment_id": "o1",
        "lines": lines(a=2500),
        "amount": usd(2500),
        "source": RefundSource.AGREEMENT,
        "bank_window_bd": (3, 15),
        "timezone": "UTC",
        "requested_at": MONDAY,
        "rules": ("S40",),
    }
    return RefundRequested(**(COMMON | given | more))


def refused(**more: Any) -> RefundRefused:
    """What a `request` above the cap leads to."""
    given: dict[str, Any] = {"lines": lines(a=2500), "amount": usd(2500), "reason": "amount_exceeds_cap"}
    return RefundRefused(**(COMMON | given | more), requested_at=MONDAY, rules=("G9", "T30a"))


def approved(**more: Any) -> RefundApproved:
    """What `request` leads to, its second event."""
    given = {
        "amount": usd(2500),
        "destination": Destination.ORIGINAL,
        "pay_at": MONDAY,
        "rules": ("G9", "S57", "S60", "T30"),
    }
    return RefundApproved(**(COMMON | given | more))


def issued(**more: Any) -> RefundIssued:
    """What `issue` leads to."""
    given: dict[str, Any] = {
        "lines": lines(a=2500),
        "amount": usd(2500),
        "destination": Destination.ORIGINAL,
        "provider_ref": "psp_rfd_9a31",
        "issued_at": MONDAY,
        "expected_from": datetime(2026, 3, 6, tzinfo=UTC),
        "expected_until": WINDOW_END,
        "rules": ("S57", "S58", "K1", "T30", "D12"),
    }
    return RefundIssued(**(COMMON | given | more))


def failed(failures: int, retry_at: datetime | None, **more: Any) -> RefundFailed:
    """What `decline` leads to."""
    given: dict[str, Any] = {
        "lines": lines(a=2500),
        "amount": usd(2500),
        "reason": "account_invalid",
        "rules": ("T31", "S63"),
    }
    return RefundFailed(**(COMMON | given | more), failures=failures, retry_at=retry_at)


def sent_to_manual(failures: int, **more: Any) -> RefundSentToManual:
    """What the last `decline` leads to besides, or a `doubt`."""
    given: dict[str, Any] = {"reason": ManualReason.RETRIES_USED_UP, "rules": ("T31a",)}
    return RefundSentToManual(**(COMMON | given | more), lines=lines(a=2500), amount=usd(2500), failures=failures)


def overdue(**more: Any) -> RefundSettlementOverdue:
    """What the end of the bank's window leads to, where nobody vouches for the money."""
    given: dict[str, Any] = {"lines": lines(a=2500), "amount": usd(2500), "due_at": WINDOW_END, "way": "card"}
    return RefundSettlementOverdue(**(COMMON | given | more), rules=("S58", "S62", "S63", "T32", "D12"))


def settled(**more: Any) -> RefundSettled:
    """What `settle` leads to."""
    given: dict[str, Any] = {"lines": lines(a=2500), "amount": usd(2500), "settled_at": MONDAY}
    return RefundSettled(**(COMMON | given | more), rules=("S62", "T32"))


def retried(**more: Any) -> RefundRetried:
    """What `retry` leads to."""
    given: dict[str, Any] = {"lines": lines(a=2500), "amount": usd(2500), "pay_at": MONDAY}
    return RefundRetried(**(COMMON | given | more), rules=("S63", "T31"))


def sent_back(**more: Any) -> RefundReturnedByBank:
    """What `send_back` leads to."""
    given: dict[str, Any] = {"lines": lines(a=2500), "amount": usd(2500), "reason": "account_closed", "failures": 1}
    return RefundReturnedByBank(**(COMMON | given | more), returned_at=MONDAY, rules=("S63", "T32a"))


def given_up(**more: Any) -> RefundAbandoned:
    """What `abandon` and a second person's yes lead to."""
    given: dict[str, Any] = {
        "lines": lines(a=2500),
        "amount": usd(2500),
        "ticket": "CASE-4711",
        "reason_ref": "txt_9a31",
        "decided_by": SUPPORT.id,
        "agreed_by": OTHER_SUPPORT.id,
        "abandoned_at": MONDAY,
        "rules": ("T30a", "T31a"),
    }
    return RefundAbandoned(**(COMMON | given | more))


def found_unpaid(**more: Any) -> RefundDoubtEnded:
    """What `end_doubt` and a second person's yes lead to, where it was not paid."""
    given: dict[str, Any] = {"lines": lines(a=2500), "amount": usd(2500), "found": DoubtFound.NOT_PAID}
    return RefundDoubtEnded(**(COMMON | given | more), ended_at=MONDAY, rules=("T31a",))


def re_requested(**more: Any) -> RefundReRequested:
    """What `re_request` and a second person's yes lead to."""
    given: dict[str, Any] = {
        "lines": lines(a=2500),
        "amount": usd(2500),
        "replaced_by": "rfd_9a33",
        "ticket": "CASE-4711",
        "reason_ref": "txt_9a31",
        "decided_by": SUPPORT.id,
        "agreed_by": OTHER_SUPPORT.id,
        "re_requested_at": MONDAY,
        "rules": ("T30a",),
    }
    return RefundReRequested(**(COMMON | given | more))


def said(call: RefundCall, **other: str) -> Said:
    """What a provider says that it was asked: the call itself, unless it says something else."""
    asked = Said(call.refund_id, call.payment_id, call.amount.amount, call.amount.currency, call.destination.value)
    return replace(asked, **other)


APPROVED: tuple[RefundEvent, ...] = (captured(), requested(), approved())
"""The history of a payment with one refund that is to be paid."""

PAID = OrderPaid(
    order_id="o1",
    buyer_id=BUYER.id,
    seller_id=SELLER.id,
    payments=(PaymentPart(payment_id="pay1", method="visa", amount=usd(10_000), lines=lines(a=6000, b=4000)),),
    paid_at=MONDAY,
    protection_ends_at=None,
)
"""What tells of a capture."""
DUE = RefundDue(
    refund_id="rfd_9a31",
    order_id="o1",
    payment_id="pay1",
    dispute_id="dsp_9a31",
    buyer_id=BUYER.id,
    seller_id=SELLER.id,
    lines=lines(a=2500),
    amount=usd(2500),
    source=RefundSource.AGREEMENT,
    bank_window_bd=(3, 15),
    timezone="UTC",
    rules=("S40",),
)
"""What the dispute service asks a refund by."""
