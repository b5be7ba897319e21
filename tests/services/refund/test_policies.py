"""What the dispute service's events lead to in the refund and the return-label service, and what a due payment asks
for.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

import refund.policies
import return_label.policies
from refund.domain.commands import RecordCapture, RecordDeclined, RecordIssued, RequestRefund
from refund.domain.decider import decider
from refund.effects import NOT_EXECUTED, ask, outcome, wanted
from refund.gateways.port import Answer, Call, Declined, Issued, Unanswered
from return_label.domain.commands import RequestReturn
from shared.decider import Send
from shared.events.base import Event, Metadata, Recorded
from shared.events.dispute import Payer, Reason, RefundDue, RefundSource, ReturnDue, ReturnLine
from shared.events.order import OrderPaid
from shared.events.return_label import ReturnKind
from tests.support.builders import refunds as p

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)

PAID = OrderPaid(
    order_id="o1",
    payment_id="pay1",
    buyer_id="bea",
    seller_id="sam",
    method="visa",
    amount=p.usd(10_000),
    lines=p.lines(a=6000, b=4000),
    paid_at=AT,
    protection_ends_at=None,
)
REFUND_DUE = RefundDue(
    refund_id="rfd_9a31",
    order_id="o1",
    payment_id="pay1",
    dispute_id="dsp_9a31",
    buyer_id="bea",
    seller_id="sam",
    lines=p.lines(a=2500),
    amount=p.usd(2500),
    source=RefundSource.AGREEMENT,
    bank_window_bd=(3, 15),
    timezone="UTC",
    rules=("S40",),
)
RETURN_DUE = ReturnDue(
    return_id="ret_1",
    dispute_id="dsp_9a31",
    order_id="o1",
    buyer_id="bea",
    seller_id="sam",
    lines=(ReturnLine(line_id="a", quantity=1),),
    reason=Reason.DAMAGED,
    freight_payer=Payer.SELLER,
    address_ref=None,
    ship_days=10,
    transit_alarm_days=30,
    inspect_bd=2,
    timezone="UTC",
    rules=("T22",),
)


def recorded(event: Event, stream: str = "dispute-dsp_9a31") -> Recorded[Event]:
    metadata = Metadata(AT, UUID(int=1), "", "makewhole", "story", None, None, "o1")
    return Recorded(stream, 7, 42, event, metadata)


def sent(react: Callable[[Recorded[Event]], Iterable[Send]], event: Event) -> Any:
    [send] = react(recorded(event))
    assert send.causation.id == "dispute-dsp_9a31/7"
    assert send.command.at == AT
    return send.command


def test_on_a_paid_order_the_capture_is_recorded() -> None:
    command: RecordCapture = sent(refund.policies.react, PAID)
    assert isinstance(command, RecordCapture)
    assert (command.payment_id, command.amount, command.lines) == ("pay1", PAID.amount, PAID.lines)
    assert [(stream.name, stream.key) for stream in command.streams] == [("payment-o1", "o1")]


def test_on_a_refund_due_the_refund_is_requested() -> None:
    command: RequestRefund = sent(refund.policies.react, REFUND_DUE)
    assert isinstance(command, RequestRefund)
    assert command.model_dump(exclude={"command_id", "actor", "at"}) == REFUND_DUE.model_dump(exclude={"buyer_id"})


def test_on_a_return_due_the_return_is_requested() -> None:
    command: RequestReturn = sent(return_label.policies.react, RETURN_DUE)
    assert isinstance(command, RequestReturn)
    assert command.kind is ReturnKind.DISPUTE
    assert command.model_dump(exclude={"command_id", "actor", "at", "kind"}) == RETURN_DUE.model_dump()
    assert [(stream.name, stream.key) for stream in command.streams] == [("return-ret_1", "o1")]


@pytest.mark.parametrize(
    ("react", "others"), [(refund.policies.react, [RETURN_DUE]), (return_label.policies.react, [PAID, REFUND_DUE])]
)
def test_other_events_are_nothing_to_a_policy(
    react: Callable[[Recorded[Event]], Iterable[Send]], others: Sequence[Event]
) -> None:
    assert [send for event in others for send in react(recorded(event))] == []


def test_the_same_event_seen_twice_sends_the_very_same_command() -> None:
    assert sent(refund.policies.react, REFUND_DUE) == sent(refund.policies.react, REFUND_DUE)


def test_two_events_never_send_one_command() -> None:
    first, second = recorded(REFUND_DUE), recorded(REFUND_DUE, "dispute-dsp_9a32")
    ids = {send.command.command_id for event in (first, second) for send in refund.policies.react(event)}
    assert len(ids) == 2


CALL = Call("rfd_9a31", "o1", "o1", p.usd(2500), p.approved().destination, 0)


def state(*events: Event) -> Any:
    return decider.fold("payment-o1", events)


def test_an_approved_refund_is_to_be_paid_under_its_first_key() -> None:
    call = wanted(state(p.captured(), p.requested(), p.approved()), "pay:rfd_9a31")
    assert call == CALL
    assert CALL.idempotency_key == "rfd_9a31/0"


def test_each_definitive_failure_begins_a_new_key() -> None:
    call = wanted(state(p.captured(), p.requested(), p.approved(), p.failed(1, AT)), "pay:rfd_9a31")
    assert call is not None
    assert call.idempotency_key == "rfd_9a31/1"


@pytest.mark.parametrize("last", [(p.issued(),), (p.failed(6, None), p.sent_to_manual(6))])
def test_nothing_is_asked_for_what_went_or_was_handed_to_people(last: tuple[Event, ...]) -> None:
    assert wanted(state(p.captured(), p.requested(), p.approved(), *last), "pay:rfd_9a31") is None


def test_nothing_is_asked_for_a_refund_that_is_not_there() -> None:
    assert wanted(state(p.captured()), "pay:rfd_9a31") is None


def test_an_outcome_becomes_a_command_whose_id_follows_from_it() -> None:
    issued, declined = outcome(CALL, Issued("psp"), AT), outcome(CALL, Declined("account_invalid"), AT)
    assert isinstance(issued, RecordIssued)
    assert isinstance(declined, RecordDeclined)
    assert issued.command_id == outcome(CALL, Issued("psp"), AT + timedelta(1)).command_id != declined.command_id


class Books:
    """A provider that remembers what it was asked and knows some keys: an implementation of the port, in memory."""

    def __init__(self, **known: Answer) -> None:
        self.known, self.paid = known, list[str]()

    async def refund(self, call: Call) -> Answer:
        self.paid.append(call.idempotency_key)
        return Issued("psp")

    async def find(self, idempotency_key: str) -> Answer | None:
        return self.known.get(idempotency_key)


def aged(hours: float) -> Callable[[Call], Any]:
    async def age(_: Call) -> timedelta:
        return timedelta(hours=hours)

    return age


async def test_a_young_attempt_asks_for_the_money() -> None:
    books = Books()
    assert await ask(books, aged(19.9), CALL) == Issued("psp")
    assert books.paid == ["rfd_9a31/0"]


@pytest.mark.parametrize("answer", [Issued("psp"), Declined("account_invalid")])
async def test_an_attempt_older_than_its_key_is_only_asked_after(answer: Answer) -> None:
    books = Books(**{"rfd_9a31/0": answer})
    assert await ask(books, aged(20), CALL) == answer
    assert books.paid == []


async def test_what_the_provider_does_not_know_is_unknown_while_a_call_may_be_under_way() -> None:
    with pytest.raises(Unanswered):
        await ask(Books(), aged(20.5), CALL)


async def test_what_the_provider_does_not_know_after_that_was_not_paid() -> None:
    books = Books()
    assert await ask(books, aged(21), CALL) == Declined(NOT_EXECUTED)
    assert books.paid == []
