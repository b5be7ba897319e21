"""Where an order's refunds go: the way of the payment, or the buyer's bonus balance under its conditions (S60)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from refund.domain.decider import decider
from refund.domain.rejections import BonusNotEligible
from refund.effects import wanted
from refund.policies import react
from refund.views.destinations import destination_view
from shared.events.base import Actor
from shared.events.money import Money
from shared.events.order import AccountStatusChanged
from shared.events.refund import BuyerStandingNoted, Destination, RefundApproved, RefundDestinationChosen, RefundIssued
from shared.rejections import Forbidden, NotFound, WrongPhase
from tests.support.builders import refunds as p
from tests.support.policies import sent
from tests.support.spec import given

ORIGINAL, BONUS = Destination.ORIGINAL, Destination.BONUS
RESTRICTED = BuyerStandingNoted(order_id="o1", status="restricted", since=p.MONDAY, rules=("S14", "S60"))
GOOD_AGAIN = RESTRICTED.model_copy(update={"status": "good", "since": p.MONDAY + timedelta(days=1)})
CHOSEN = RefundDestinationChosen(order_id="o1", destination=BONUS, chosen_at=p.MONDAY, rules=("S60",))


def in_currency(currency: str) -> Any:
    captured = p.captured()
    amount = Money(captured.amount.minor, currency, 2)
    lines = [line.model_copy(update={"amount": Money(line.amount.minor, currency, 2)}) for line in captured.lines]
    return captured.model_copy(update={"amount": amount, "lines": tuple(lines)})


def approved_to(*happened: Any) -> Any:
    outcome = given(decider, *happened).when(p.request())
    return next(event.destination for event in outcome.events if isinstance(event, RefundApproved))


def test_s60_without_a_choice_money_goes_back_by_the_way_it_was_paid() -> None:
    assert approved_to(p.captured()) == ORIGINAL


def test_s60_what_the_buyer_chose_is_where_every_refund_of_the_order_goes() -> None:
    given(decider, p.captured()).when(p.choose()).then(CHOSEN)
    assert approved_to(p.captured(), CHOSEN) == BONUS
    payment = given(decider, p.captured(), CHOSEN).when(p.request()).states[0]
    call = wanted(payment, "pay:rfd_9a31")
    assert call and call.destination is BONUS


def test_s60_a_choice_can_be_taken_back_and_is_not_made_twice() -> None:
    given(decider, p.captured(), CHOSEN).when(p.choose()).then_nothing()
    given(decider, p.captured()).when(p.choose(ORIGINAL)).then_nothing()
    back = given(decider, p.captured(), CHOSEN).when(p.choose(ORIGINAL))
    assert back.then_types(RefundDestinationChosen).states[0].destination == ORIGINAL


def test_s60_once_a_refund_is_approved_nothing_is_chosen_any_more() -> None:
    refusal = given(decider, *p.APPROVED).when(p.choose()).then_rejects(WrongPhase)
    assert refusal.cited == ("S60",)
    given(decider, *p.APPROVED).when(p.choose(ORIGINAL)).then_rejects(WrongPhase)


def test_s60_a_refund_that_was_refused_leaves_the_choice_open() -> None:
    given(decider, p.captured(), p.refused()).when(p.choose()).then(CHOSEN)


@pytest.mark.parametrize(("currency", "eligible"), [("USD", True), ("EUR", False), ("USN", False)])
def test_s60_a_bonus_is_in_a_currency_of_bonus_balances(currency: str, eligible: bool) -> None:
    asked = given(decider, in_currency(currency)).when(p.choose())
    asked.then_types(RefundDestinationChosen) if eligible else asked.then_rejects(BonusNotEligible)


@pytest.mark.parametrize(
    ("standing", "eligible"),
    [((), True), ((RESTRICTED,), False), ((RESTRICTED, GOOD_AGAIN), True), ((GOOD_AGAIN, RESTRICTED), False)],
)
def test_s60_s14_a_bonus_goes_to_an_account_that_is_good(standing: tuple[Any, ...], eligible: bool) -> None:
    asked = given(decider, p.captured(), *standing).when(p.choose())
    asked.then_types(RefundDestinationChosen) if eligible else asked.then_rejects(BonusNotEligible)
    given(decider, p.captured(), *standing, CHOSEN).when(p.choose(ORIGINAL)).then_types(RefundDestinationChosen)


def test_s60_conditions_that_fail_by_the_time_of_the_approval_send_the_money_the_way_of_the_payment() -> None:
    assert approved_to(p.captured(), CHOSEN, RESTRICTED) == ORIGINAL
    assert approved_to(p.captured(), CHOSEN, RESTRICTED, GOOD_AGAIN) == BONUS


@pytest.mark.parametrize(("actor", "refusal"), [(p.SELLER, Forbidden), (p.SUPPORT, Forbidden), (p.STRANGER, NotFound)])
def test_s60_the_choice_is_the_buyers(actor: Actor, refusal: Any) -> None:
    given(decider, p.captured()).when(p.choose(actor=actor)).then_rejects(refusal)


def test_s60_there_is_nothing_to_choose_for_an_order_that_was_not_paid() -> None:
    given(decider).when(p.choose()).then_rejects(NotFound)


def test_s60_d12_a_bonus_is_there_at_once_and_at_the_latest_on_the_next_business_day() -> None:
    friday = datetime(2026, 3, 6, 10, tzinfo=UTC)
    outcome = given(decider, p.captured(), CHOSEN).when(p.request(at=friday)).when(p.issue(at=friday))
    (issued,) = [event for event in outcome.events if isinstance(event, RefundIssued)]
    assert (issued.destination, issued.expected_from) == (BONUS, friday)
    assert issued.expected_until == datetime(2026, 3, 10, tzinfo=UTC)


# The account


def test_s60_the_policy_tells_of_an_account_that_changes() -> None:
    changed = AccountStatusChanged(order_id="o1", status="restricted", since=p.MONDAY)
    command = sent(react, changed)
    assert (command.order_id, command.status, command.since) == ("o1", "restricted", p.MONDAY)


def test_s60_how_an_account_stood_at_first_says_nothing_where_a_change_is_known() -> None:
    given(decider, RESTRICTED).when(p.stand("good", None)).then_nothing()
    given(decider, RESTRICTED).when(p.stand("restricted", p.MONDAY)).then_nothing()
    given(decider).when(p.stand("restricted", p.MONDAY)).then(RESTRICTED)
    given(decider, RESTRICTED).when(p.stand("good", GOOD_AGAIN.since)).then(GOOD_AGAIN)


# What is shown


@pytest.mark.parametrize(
    ("happened", "shown"),
    [
        ((p.captured(),), ("original", True, True, None)),
        ((p.captured(), CHOSEN), ("bonus", True, True, None)),
        ((p.captured(), RESTRICTED), ("original", True, False, "bonus_not_eligible")),
        ((in_currency("EUR"),), ("original", True, False, "bonus_not_eligible")),
        (p.APPROVED, ("original", False, False, "wrong_phase")),
    ],
)
def test_s60_what_can_be_chosen_is_shown(happened: Any, shown: tuple[Any, ...]) -> None:
    view = destination_view(decider.fold("payment-o1", happened), "o1")
    assert (view["destination"], view["changeable"], view["bonus"]["eligible"], view["bonus"]["code"]) == shown
