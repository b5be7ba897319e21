"""How a refund in parts ends: what is expected of its parts is what is expected of it (ADR 44)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from refund.domain.payments.refund import RefundState
from refund.policies import notify
from refund.views.refunds import refund_view
from shared.events.mediation.proposals import ProposalAgreed
from shared.events.refund import (
    RefundIssued,
    RefundPartAbandoned,
    RefundRetried,
    RefundReturnedByBank,
    RefundSettled,
    RefundSettlementOverdue,
)
from shared.notifications.requests import RequestNotifications
from tests.services.refund.payments.test_parts import FIRST, SECOND, refund_of, split, stands, to_people
from tests.services.refund.payments.test_settlement import WINDOW, in_parts
from tests.support.builders import refunds as p
from tests.support.policies import recorded
from tests.support.spec import Outcome

LATER = p.MONDAY + timedelta(days=1)


def given_up(outcome: Outcome) -> Outcome:
    """The only part that waits for people is given up by two of them."""
    made = outcome.when(p.abandon())
    return made.when(p.agree_to(made))


def settled_then_given_up() -> Outcome:
    settled = split().when(p.issue(SECOND)).when(p.settle(SECOND, at=LATER))
    return given_up(to_people(settled, FIRST))


def test_s62_a_refund_whose_other_part_is_given_up_is_settled_where_the_bank_had_confirmed_what_went() -> None:
    outcome = settled_then_given_up().then_types(ProposalAgreed, RefundPartAbandoned, RefundIssued, RefundSettled)
    assert (stands(outcome), outcome.deadlines) == (("settled", ["abandoned", "settled"]), {})
    assert (outcome.events[3].settled_at, outcome.events[3].part) == (LATER, None)
    assert (outcome.events[3].amount, outcome.events[3].dispute_id) == (p.usd(1000), outcome.events[2].dispute_id)
    shown = refund_view(outcome.states[0], "rfd_9a31", 9, p.BUYER, p.WINDOW_END + timedelta(days=1))
    assert (shown["state"], shown["settled_at"], shown["overdue"]) == ("settled", LATER, False)
    assert [part["settled_at"] for part in shown["parts"]] == [None, LATER]


def test_s62_a_part_that_no_bank_has_confirmed_is_waited_for_when_the_other_one_is_given_up() -> None:
    outcome = given_up(to_people(split().when(p.issue(SECOND)), FIRST))
    assert outcome.deadlines == {WINDOW: p.WINDOW_END}
    settled = outcome.when(p.settle(SECOND)).then_types(RefundSettled)
    assert (stands(settled), settled.deadlines) == (("settled", ["abandoned", "settled"]), {})


def test_t32a_money_that_comes_back_after_that_is_owed_again() -> None:
    outcome = settled_then_given_up().when(p.send_back(SECOND)).then_types(RefundReturnedByBank)
    assert (stands(outcome)[0], refund_of(outcome).settled_at) == ("returned_by_bank", None)
    assert refund_of(outcome).parts[SECOND].settled_at is None


def test_t32_d12_overdue_is_what_no_bank_has_confirmed() -> None:
    one = in_parts().when(p.close_window([FIRST])).then_types(RefundSettled, RefundSettlementOverdue)
    assert (one.events[1].amount, one.events[1].lines) == (p.usd(1000), p.lines(a=1000))


def test_t31_while_two_parts_wait_for_their_next_try_the_refund_names_the_first_of_them() -> None:
    first = split().when(p.decline(0, FIRST))
    both = first.when(p.decline(0, SECOND, at=p.MONDAY + timedelta(seconds=30)))
    sooner, later = p.MONDAY + timedelta(minutes=1), p.MONDAY + timedelta(seconds=90)
    assert (refund_of(first).retry_at, refund_of(both).retry_at) == (sooner, sooner)
    retried = both.when(p.retry(p.BUYER, part_id=FIRST)).then_types(RefundRetried)
    assert (stands(retried)[0], refund_of(retried).retry_at) == (RefundState.FAILED, later)
    assert retried.events[0].part.retry_at == later
    assert refund_of(retried.when(p.issue(SECOND, 1))).retry_at is None


@pytest.mark.parametrize(
    ("methods", "codes"),
    [
        (("visa", "bank_transfer"), {"usd_account", "refund_account_correct"}),
        (("visa", "mastercard"), {"usd_account"}),
        (("bank_transfer", "wallet"), {"refund_account_correct"}),
    ],
)
def test_s63_what_the_buyer_looks_at_follows_the_method_of_each_payment(
    methods: tuple[str, str], codes: set[str]
) -> None:
    outcome = split(methods)
    shown = refund_view(outcome.states[0], "rfd_9a31", 9, p.BUYER, p.MONDAY)
    assert {check["code"] for check in shown["checks"]} & {"usd_account", "refund_account_correct"} == codes
    assert [part["method"] for part in shown["parts"]] == [*methods]


def told(outcome: Outcome) -> list[RequestNotifications]:
    sent = [send.command for event in outcome.events for send in notify(recorded(event, "payment-o1"))]
    return [command for command in sent if isinstance(command, RequestNotifications)]


def test_s54_t31a_the_buyer_is_told_how_much_of_a_refund_is_given_up_and_what_goes() -> None:
    one = given_up(to_people(split().when(p.issue(SECOND)), FIRST))
    assert [(each.kind, each.roles, each.amount) for each in told(one)] == [
        ("refund_part_given_up", ("buyer",), p.usd(3000)),
        ("refund_issued", ("buyer",), p.usd(1000)),
    ]


def test_s54_with_the_last_part_the_buyer_hears_of_the_whole_refund_alone() -> None:
    both = to_people(to_people(split(), FIRST), SECOND)
    first = both.when(p.abandon(part_id=FIRST))
    one = first.when(p.agree_to(first))
    last = given_up(one)
    assert [(each.kind, each.amount) for each in told(one)] == [("refund_part_given_up", p.usd(3000))]
    assert [(each.kind, each.amount) for each in told(last)] == [("refund_given_up", p.usd(4000))]
