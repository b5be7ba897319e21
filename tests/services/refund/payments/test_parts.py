"""A refund that several payments give: one refund in parts, each with an outcome of its own (ADR 44)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from refund.domain.decider import decider
from refund.domain.payments.refund import Refund, RefundState
from refund.effects import wanted
from refund.views.refunds import refund_view
from shared.events.mediation.proposals import ProposalAgreed, ProposalMade
from shared.events.refund import (
    RefundAbandoned,
    RefundApproved,
    RefundFailed,
    RefundIssued,
    RefundPartAbandoned,
    RefundPartIssued,
    RefundRefused,
    RefundRequested,
    RefundRetried,
    RefundSentToManual,
    RefundSettled,
)
from shared.rejections import ValidationFailed, WrongPhase
from tests.support.builders import refunds as p
from tests.support.spec import Outcome, given

CARD, VOUCHER = p.captured(payment_id="card", a=6000, b=4000), p.captured("voucher", "voucher", a=2000)
FIRST, SECOND = "rfd_9a31.1", "rfd_9a31.2"
TRIES = 6


def split(methods: tuple[str, str] = ("visa", "voucher")) -> Outcome:
    """40.00 of a line that a card paid 60.00 of, and a voucher 20.00."""
    asked = p.request(payment_id="card", parts={"a": 4000})
    paid = [one.model_copy(update={"method": method}) for one, method in zip((CARD, VOUCHER), methods, strict=True)]
    return given(decider, *paid).when(asked).then_types(RefundRequested, RefundApproved)


def to_people(outcome: Outcome, part_id: str) -> Outcome:
    """The provider has said no to this part until no try was left."""
    for attempt in range(TRIES):
        outcome = outcome.when(p.decline(attempt, part_id))
    return outcome.then_types(RefundFailed, RefundSentToManual)


def refund_of(outcome: Outcome) -> Refund:
    refund: Refund = outcome.states[0].refund("rfd_9a31")
    return refund


def stands(outcome: Outcome) -> tuple[str, list[str]]:
    refund = refund_of(outcome)
    return refund.state.value, [part.state.value for part in refund.parts.values()]


def test_g9_each_payment_gives_in_proportion_to_what_it_has_left_of_the_line() -> None:
    requested, approved = split().events
    assert [(part.part_id, part.payment_id, part.amount) for part in requested.parts] == [
        (FIRST, "card", p.usd(3000)),
        (SECOND, "voucher", p.usd(1000)),
    ]
    assert (requested.payment_id, requested.amount, approved.part_ids) == ("card", p.usd(4000), (FIRST, SECOND))


def test_what_one_payment_alone_has_paid_it_gives_alone() -> None:
    asked = p.request(payment_id="voucher", parts={"b": 4000})
    requested, approved = given(decider, CARD, VOUCHER).when(asked).events
    assert (requested.payment_id, requested.parts, approved.part_ids) == ("card", (), ())


def test_g9_all_that_an_order_s_payments_have_captured_can_be_refunded_and_no_cent_more() -> None:
    both = given(decider, CARD, VOUCHER)
    all_of_it = both.when(p.request(payment_id="card", parts={"a": 8000, "b": 4000}))
    assert [part.amount for part in all_of_it.events[0].parts] == [p.usd(10_000), p.usd(2000)]
    all_of_it.when(p.request("rfd_9a32", payment_id="card", parts={"a": 1})).then_types(RefundRefused)
    both.when(p.request(payment_id="card", parts={"a": 8001})).then_types(RefundRefused)
    both.when(p.request(payment_id="another", parts={"a": 1})).then_types(RefundRefused)


def test_i1_a_payment_of_another_currency_gives_nothing() -> None:
    euros = p.captured(payment_id="euros").model_copy(update={"amount": p.usd(1).__class__(6000, "EUR")})
    given(decider, VOUCHER, euros).when(p.request(payment_id="voucher", parts={"a": 2001})).then_types(RefundRefused)


def test_each_part_is_asked_for_under_a_deadline_and_a_key_of_its_own() -> None:
    outcome = split()
    kinds = [kind for _, kind in outcome.deadlines]
    assert kinds == [f"pay:{FIRST}", f"pay:{SECOND}"]
    calls = [wanted(outcome.states[0], kind) for kind in kinds]
    assert [(call.payment_id, call.amount, call.idempotency_key) for call in calls if call] == [
        ("card", p.usd(3000), f"{FIRST}/0"),
        ("voucher", p.usd(1000), f"{SECOND}/0"),
    ]


@pytest.mark.parametrize("order", [(FIRST, SECOND), (SECOND, FIRST)])
def test_s61_the_refund_is_issued_once_and_with_the_last_of_its_parts(order: tuple[str, str]) -> None:
    one = split().when(p.issue(order[0])).then_types(RefundPartIssued)
    assert stands(one)[0] == "approved"
    both = one.when(p.issue(order[1])).then_types(RefundPartIssued, RefundIssued)
    issued: RefundIssued = both.events[1]
    assert (issued.amount, issued.lines) == (p.usd(4000), p.lines(a=4000))
    assert [(part.part_id, part.provider_ref) for part in issued.parts] == [
        (FIRST, f"psp_{FIRST}"),
        (SECOND, f"psp_{SECOND}"),
    ]
    window = {("payment-o1", "bank_settlement:rfd_9a31"): p.WINDOW_END}
    assert (stands(both), both.deadlines) == (("issued", ["issued", "issued"]), window)
    both.when(p.issue(FIRST)).then_nothing()


def test_t31_one_part_fails_and_is_tried_again_while_the_other_is_paid() -> None:
    failed = split().when(p.decline(0, FIRST)).then_types(RefundFailed)
    assert (failed.events[0].amount, stands(failed)) == (p.usd(3000), ("failed", ["failed", "approved"]))
    assert failed.when(p.decline(0, FIRST)).events == []
    paid = failed.when(p.issue(SECOND))
    assert stands(paid) == ("failed", ["failed", "issued"])
    again = paid.when(p.retry(p.BUYER, at=p.MONDAY)).then_types(RefundRetried)
    assert stands(again) == ("approved", ["approved", "issued"])
    once = failed.when(p.issue(FIRST, 1))
    assert refund_view(once.states[0], "rfd_9a31", 9, p.BUYER, p.MONDAY)["retry_at"] is None
    again.when(p.issue(FIRST, 1)).then_types(RefundPartIssued, RefundIssued)


def test_t31a_a_part_with_people_is_what_the_refund_waits_for_whatever_becomes_of_the_others() -> None:
    manual = to_people(split(), FIRST)
    assert stands(manual.when(p.decline(0, SECOND))) == ("manual", ["manual", "failed"])
    assert stands(manual.when(p.issue(SECOND))) == ("manual", ["manual", "issued"])


def test_t31a_a_part_is_paid_by_hand_and_its_refund_is_issued_with_it() -> None:
    made = to_people(split().when(p.issue(SECOND)), FIRST).when(p.by_hand()).then_types(ProposalMade)
    assert made.events[0].part_id == FIRST
    by_hand = made.when(p.agree_to(made)).then_types(ProposalAgreed, RefundPartIssued, RefundIssued)
    issued: RefundIssued = by_hand.events[2]
    assert (issued.provider_ref, issued.manual) == ("bank-4711", False)
    assert [(part.provider_ref, part.manual) for part in issued.parts] == [
        ("bank-4711", True),
        (f"psp_{SECOND}", False),
    ]


def test_t31a_of_a_part_that_is_given_up_the_refund_is_issued_without_its_money() -> None:
    made = to_people(split().when(p.issue(SECOND)), FIRST).when(p.abandon())
    outcome = made.when(p.agree_to(made)).then_types(ProposalAgreed, RefundPartAbandoned, RefundIssued)
    issued: RefundIssued = outcome.events[2]
    assert (issued.amount, issued.lines, len(issued.parts)) == (p.usd(1000), p.lines(a=1000), 1)
    assert stands(outcome) == ("issued", ["abandoned", "issued"])
    shown = refund_view(outcome.states[0], "rfd_9a31", 9, p.BUYER, p.MONDAY)
    assert (shown["amount"], [line["amount"] for line in shown["lines"]]) == (p.usd(1000), [p.usd(1000)])
    outcome.when(p.request("rfd_9a32", payment_id="card", parts={"a": 7000})).then_types(
        RefundRequested, RefundApproved
    )


def test_t31a_a_part_is_given_up_while_the_other_is_still_tried() -> None:
    made = to_people(split(), FIRST).when(p.abandon())
    outcome = made.when(p.agree_to(made)).then_types(ProposalAgreed, RefundPartAbandoned)
    assert stands(outcome) == ("approved", ["abandoned", "approved"])
    paid = outcome.when(p.issue(SECOND)).then_types(RefundPartIssued, RefundIssued)
    assert paid.events[1].amount == p.usd(1000)


def test_t31a_a_refund_whose_parts_are_all_given_up_is_given_up() -> None:
    outcome = to_people(to_people(split(), FIRST), SECOND)
    for part_id in (FIRST, SECOND):
        made = outcome.when(p.abandon(part_id=part_id))
        outcome = made.when(p.agree_to(made))
    outcome.then_types(ProposalAgreed, RefundPartAbandoned, RefundAbandoned)
    assert outcome.events[2].amount == p.usd(4000)
    assert stands(outcome) == ("abandoned", ["abandoned", "abandoned"])


def test_t31a_where_several_parts_wait_it_is_said_which_one() -> None:
    both = to_people(to_people(split(), FIRST), SECOND)
    asked: list[Any] = [p.by_hand(), p.abandon(), p.retry(p.SUPPORT)]
    for command in asked:
        assert both.when(command).then_rejects(ValidationFailed).errors[0]["pointer"] == "/part_id"
    made = both.when(p.by_hand(part_id=SECOND)).then_types(ProposalMade)
    (shown,) = refund_view(made.states[0], "rfd_9a31", 9, p.OTHER_SUPPORT, p.MONDAY)["proposals"]
    assert shown["part_id"] == SECOND
    both.when(p.abandon(part_id="rfd_9a31.3")).then_rejects(ValidationFailed)
    to_people(split(), FIRST).when(p.abandon(part_id=SECOND)).then_rejects(WrongPhase)


def test_t31a_what_is_proposed_for_a_part_stands_until_that_part_changes() -> None:
    made = to_people(split(), FIRST).when(p.retry(p.SUPPORT)).then_types(ProposalMade)
    other = made.when(p.issue(SECOND))
    agreed = other.when(p.agree_to(other)).then_types(ProposalAgreed, RefundRetried)
    assert agreed.deadlines == {("payment-o1", f"pay:{FIRST}"): p.MONDAY}
    late = made.when(p.issue(FIRST, TRIES))
    assert refund_of(late).proposal is None


def test_a_retry_that_is_due_already_begins_no_second_attempt() -> None:
    again = split().when(p.decline(0, FIRST)).when(p.retry(p.BUYER, at=p.MONDAY + timedelta(seconds=1)))
    again.when(p.retry(p.BUYER, at=p.MONDAY + timedelta(seconds=2), part_id=FIRST)).then_nothing()


def test_s62_a_refund_is_settled_with_the_last_part_that_the_bank_confirms() -> None:
    issued = split().when(p.issue(FIRST)).when(p.issue(SECOND))
    one = issued.when(p.settle(FIRST)).then_types(RefundSettled)
    assert (refund_of(one).state, refund_of(one).settled_at) == (RefundState.ISSUED, None)
    both = one.when(p.settle(SECOND))
    assert (refund_of(both).state, refund_of(both).settled_at) == (RefundState.SETTLED, p.MONDAY)
