"""Requesting a refund: the capture, and what may be paid back out of it."""

from typing import Any

import pytest

from refund.domain.decider import decider
from refund.domain.rejections import PaymentNotCaptured
from shared.events.dispute import RefundSource
from shared.events.errors import UnknownWord
from shared.events.money import Money
from shared.events.order import LineAmount
from shared.events.refund import RefundApproved, RefundEvent, RefundRefused, RefundRequested
from tests.support.builders import refunds as p
from tests.support.spec import given
from tests.support.toys.newer import with_strange_words


def test_a_capture_opens_the_payment() -> None:
    given(decider).when(p.capture()).then(p.captured())


def test_a_second_capture_changes_nothing() -> None:
    given(decider, p.captured()).when(p.capture(a=1)).then_nothing()


def test_s57_a_refund_under_the_cap_is_requested_and_approved_at_once() -> None:
    given(decider, p.captured()).when(p.request()).then(p.requested(), p.approved())


def test_the_same_refund_asked_twice_is_one_refund() -> None:
    given(decider, *p.APPROVED).when(p.request()).then_nothing()


def test_a_refused_refund_asked_twice_is_refused_once() -> None:
    refused = given(decider, p.captured()).when(p.request(payment_id="another")).then_types(RefundRefused)
    refused.when(p.request(payment_id="another")).then_nothing()


def refusal(command: Any, *events: RefundEvent) -> str:
    outcome = given(decider, *events).when(command).then_types(RefundRefused)
    refused: RefundRefused = outcome.events[0]
    assert refused.rules
    return refused.reason


def test_t30a_a_refund_of_an_unknown_payment_is_refused() -> None:
    assert refusal(p.request(payment_id="another"), p.captured()) == "unknown_payment"


def test_a_refund_whose_capture_is_not_known_yet_is_rejected_and_can_be_asked_again() -> None:
    """Nothing is recorded: a refusal would be final though the capture may only be late."""
    given(decider).when(p.request()).then_rejects(PaymentNotCaptured)
    given(decider).when(p.capture()).when(p.request()).then_types(RefundRequested, RefundApproved)


def test_a_refund_keeps_whose_line_it_is() -> None:
    given(decider, p.captured()).when(p.request(seller_id="olga")).then(p.requested(seller_id="olga"), p.approved())


@pytest.mark.parametrize("source", [RefundSource.AGREEMENT, RefundSource.MEDIATION])
def test_s15_a_refund_from_a_dispute_names_the_dispute(source: RefundSource) -> None:
    assert refusal(p.request(source=source, dispute_id=None), p.captured()) == "dispute_required"


@pytest.mark.parametrize(
    ("source", "return_id"),
    [(RefundSource.RETURN, None), (RefundSource.GOODWILL, None), (RefundSource.GOODWILL, "ret_1")],
)
def test_s15_a_refund_that_refers_to_nothing_is_refused(source: RefundSource, return_id: str | None) -> None:
    asked = p.request(source=source, dispute_id=None, return_id=return_id)
    assert refusal(asked, p.captured()) == "dispute_required"


def test_s15_s20_a_sellers_goodwill_is_a_reference_of_its_own() -> None:
    gift = p.request(source=RefundSource.GOODWILL, dispute_id=None, goodwill_id="gdw_1")
    requested, _ = given(decider, p.captured()).when(gift).then_types(RefundRequested, RefundApproved).events
    assert (requested.dispute_id, requested.goodwill_id) == (None, "gdw_1")


def test_s15_a_source_that_only_a_later_version_knows_waits_for_that_version() -> None:
    unheard = with_strange_words(p.DUE).source
    with pytest.raises(UnknownWord):
        given(decider, p.captured()).when(p.request(source=unheard))


@pytest.mark.parametrize(("source", "return_id"), [(RefundSource.CANCELLATION, None), (RefundSource.RETURN, "ret_1")])
def test_s15_a_return_or_a_cancelled_order_needs_no_dispute(source: RefundSource, return_id: str | None) -> None:
    asked = given(decider, p.captured()).when(p.request(source=source, dispute_id=None, return_id=return_id))
    requested, _ = asked.then_types(RefundRequested, RefundApproved).events
    assert (requested.dispute_id, requested.return_id) == (None, return_id)


def test_g9_the_whole_payment_can_be_refunded() -> None:
    given(decider, p.captured()).when(p.request(parts={"a": 6000, "b": 4000})).then_types(
        RefundRequested, RefundApproved
    )


@pytest.mark.parametrize("parts", [{"a": 6001}, {"a": 1, "b": 4001}, {"c": 1}])
def test_g9_more_than_a_line_s_cap_is_refused(parts: dict[str, int]) -> None:
    assert refusal(p.request(parts=parts), p.captured()) == "amount_exceeds_cap"


def test_g9_earlier_refunds_count_against_the_cap() -> None:
    second = p.request("rfd_9a32", parts={"a": 3501})
    assert refusal(second, *p.APPROVED) == "amount_exceeds_cap"
    given(decider, *p.APPROVED).when(p.request("rfd_9a32", parts={"a": 3500})).then_types(
        RefundRequested, RefundApproved
    )


def test_g9_one_line_named_twice_is_summed() -> None:
    twice = (*p.lines(a=4000), *p.lines(a=4000))
    assert refusal(p.request(lines=twice, amount=p.usd(8000)), p.captured()) == "amount_exceeds_cap"


def test_g9_another_currency_is_refused() -> None:
    euro = Money(100, "EUR", 2)
    command = p.request(lines=(LineAmount(line_id="a", amount=euro),), amount=euro)
    assert refusal(command, p.captured()) == "amount_exceeds_cap"


@pytest.mark.parametrize("amount", [0, 2499, 2501])
def test_g9_the_amount_is_the_sum_of_its_lines_and_not_nothing(amount: int) -> None:
    parts = {"a": 2500} if amount else {"a": 0}
    assert refusal(p.request(parts=parts, amount=p.usd(amount)), p.captured()) == "amount_invalid"


def test_g9_a_negative_line_does_not_make_room_for_another() -> None:
    assert refusal(p.request(parts={"a": 7000, "b": -1000}), p.captured()) == "amount_invalid"


def test_a_refund_that_people_took_over_still_counts_against_the_cap() -> None:
    manual = (*p.APPROVED, p.failed(6, None), p.sent_to_manual(6))
    assert refusal(p.request("rfd_9a32", parts={"a": 3501}), *manual) == "amount_exceeds_cap"
