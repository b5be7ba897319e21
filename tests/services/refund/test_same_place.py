"""After a restore another event stands where a lost one stood: what the policy asks for is known by its content."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from refund import policies
from refund.domain.decider import decider
from shared.events.dispute import RefundDue, RefundSource
from shared.events.envelope import Metadata, Recorded
from shared.events.ids import derived_uuid
from shared.events.order import OrderPaid, PaymentPart
from shared.events.refund import RefundRequested
from shared.eventstore.idempotency import KeyReused
from shared.eventstore.memory import MemoryEventStore
from shared.subscriptions.policy import Policy, content_of
from tests.cases.plugin import Came
from tests.support.builders.refunds import MONDAY, lines, usd


def due(refund_id: str, minor: int, **more: object) -> RefundDue:
    fields = {
        "refund_id": refund_id,
        "order_id": "o1",
        "payment_id": "pay_1",
        "dispute_id": "dsp_1",
        "buyer_id": "bea",
        "seller_id": "sam",
        "lines": lines(a=minor),
        "amount": usd(minor),
        "source": RefundSource.AGREEMENT,
        "bank_window_bd": (3, 15),
        "timezone": "UTC",
        "rules": (),
    }
    return RefundDue(**{**fields, **more})


def at_the_same_place(event: RefundDue | OrderPaid, at: datetime = MONDAY) -> Recorded[RefundDue | OrderPaid]:
    metadata = Metadata(at, derived_uuid("x"), "", "x", "story", None, None, "o1")
    return Recorded("dispute-dsp_1", 4, 40, event, metadata)


async def carried_out(*events: RefundDue, later: timedelta = timedelta(0), anew: bool = False) -> str:
    """What was requested, and how the last event was answered; with `anew` as a person has decided who looked at it."""
    store = MemoryEventStore(decider.deadlines)
    policy = Policy(policies.react, store, decider)
    part = PaymentPart(payment_id="pay_1", method="visa", amount=usd(10_000), lines=lines(a=6000, b=4000))
    paid = OrderPaid(
        order_id="o1", buyer_id="bea", seller_id="sam", payments=(part,), paid_at=MONDAY, protection_ends_at=None
    )
    await policy.act(Recorded("order-o1", 1, 1, paid, at_the_same_place(paid).metadata))
    refused = ""
    for n, event in enumerate(events):
        try:
            await policy.act(at_the_same_place(event, MONDAY + n * later), anew)
        except KeyReused as error:
            refused = f", then {error.code}"
    asked = [each.event.refund_id for each in store.log if isinstance(each.event, RefundRequested)]
    return f"{' '.join(asked)}{refused}"


@pytest.mark.case(
    "EM3",
    given="RefundDue 60.00 where, before a restore, RefundDue 10.00 stood",
    right="rfd_lost, then idempotency_key_reused",
)
async def test_another_refund_at_the_same_place_is_no_repeat(came: Came) -> None:
    came(await carried_out(due("rfd_lost", 1000), due("rfd_new", 6000)))


@pytest.mark.case("EM3+1", given="the same RefundDue once more", right="rfd_lost")
async def test_the_same_refund_once_more_is_a_repeat(came: Came) -> None:
    came(await carried_out(due("rfd_lost", 1000), due("rfd_lost", 1000)))


@pytest.mark.case("EM3+4", given="the same RefundDue, lost and asked for again an hour later", right="rfd_lost")
async def test_the_same_refund_asked_for_again_later_is_a_repeat(came: Came) -> None:
    came(await carried_out(due("rfd_lost", 1000), due("rfd_lost", 1000), later=timedelta(hours=1)))


@pytest.mark.case("EM3+2", given="the same refund of another line", right="rfd_lost, then idempotency_key_reused")
async def test_the_same_amount_of_another_line_is_no_repeat(came: Came) -> None:
    came(await carried_out(due("rfd_lost", 1000), due("rfd_lost", 1000, lines=lines(b=1000))))


@pytest.mark.case(
    "EM3+3", given="the same refund with another bank window", right="rfd_lost, then idempotency_key_reused"
)
async def test_the_same_refund_with_another_window_is_no_repeat(came: Came) -> None:
    came(await carried_out(due("rfd_lost", 1000), due("rfd_lost", 1000, bank_window_bd=(3, 20))))


@pytest.mark.case(
    "EM3+5", given="another refund there, carried out anew on a person's word, twice", right="rfd_lost rfd_new"
)
async def test_what_a_person_lets_pass_is_carried_out_beside_it_and_once(came: Came) -> None:
    came(await carried_out(due("rfd_lost", 1000), *[due("rfd_new", 3000)] * 2, anew=True))


@pytest.mark.case("EM3+6", given="anew: the same refund with another bank window", right="rfd_lost")
async def test_a_refund_that_is_known_is_not_requested_in_other_words(came: Came) -> None:
    came(await carried_out(due("rfd_lost", 1000), due("rfd_lost", 1000, bank_window_bd=(3, 20)), anew=True))


@pytest.mark.case("EM3+7", given="anew: more than the lost refund has left of the line", right="rfd_lost")
async def test_g9_anew_is_no_way_around_the_cap(came: Came) -> None:
    came(await carried_out(due("rfd_lost", 1000), due("rfd_new", 5001), anew=True))


@pytest.mark.case("EM3+8", given="anew: the same refund once more", right="rfd_lost")
async def test_a_repeat_stays_a_repeat_on_anybodys_word(came: Came) -> None:
    came(await carried_out(due("rfd_lost", 1000), due("rfd_lost", 1000), anew=True))


def test_what_a_command_says_is_the_same_in_every_process() -> None:
    [sent] = policies.react(at_the_same_place(due("rfd_lost", 1000)))
    assert content_of(sent.command) == content_of(
        type(sent.command).model_validate_json(sent.command.model_dump_json())
    )
