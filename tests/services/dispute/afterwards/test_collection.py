"""Collection: what is asked back comes or does not, once each, and leaves the money where the last word says (K19)."""

from __future__ import annotations

import pytest

from dispute.domain.decider import decider
from dispute.domain.notifications.state import NOTICES
from dispute.views.disputes.dispute import dispute_view
from shared.events.dispute import Decision
from shared.events.mediation.clawbacks import ClawbackEnd, ClawbackFailed, ClawbackSettled
from shared.events.order import OrderCompleted, PaymentReleased
from shared.rejections import ValidationFailed, WrongPhase
from tests.services.dispute.mediation.test_appeal import LATER
from tests.support.builders import mediation as m
from tests.support.builders.afterwards import FAILED, SETTLED, end_clawback
from tests.support.builders.by_law import claimed
from tests.support.builders.disputes import dispute_of, expire, respond
from tests.support.builders.evidence import upload_id
from tests.support.builders.mediation import appealed, decide_appeal
from tests.support.builders.orders import (
    SELLER,
    Histories,
    after,
    expire_order,
    on,
    order_of,
    usd,
)
from tests.support.spec import given

THEN = on("Apr 20")


def amended() -> Histories:
    """30.00 were decided and paid, and the appeal leaves 10.00 of it: 20.00 are asked back of the buyer."""
    return after(appealed(), decide_appeal(LATER, "10.00"))


def agreed_by_law() -> Histories:
    """30.00 of what the seller was paid are agreed on and paid back, and asked of the seller."""
    return m.paid(after(claimed(), respond(Decision.ACCEPT, on("May 2"))), on("May 3"))


def back_of(happened: Histories) -> str:
    return dispute_of(happened).case.clawbacks.requested[-1].clawback_id


def state_of(happened: Histories) -> str:
    (*_, last) = dispute_view(dispute_of(happened), 1, SELLER, THEN)["clawbacks"]
    return last["state"]


@pytest.mark.parametrize(("end", "kind"), [(SETTLED, ClawbackSettled), (FAILED, ClawbackFailed)])
def test_k19_k18_what_the_buyers_clawback_left_to_the_seller_is_released_with_its_end(
    end: ClawbackEnd, kind: type[ClawbackSettled | ClawbackFailed]
) -> None:
    happened = amended()
    outcome = given(decider, happened).when(end_clawback(back_of(happened), THEN, end, reason_code="netted"))
    released, ended = outcome.then_types(PaymentReleased, kind).events
    assert (released.amount, released.clawback_id) == (usd("20.00"), back_of(happened))
    assert (ended.party, ended.amount, ended.reason_code) == ("buyer", usd("20.00"), "netted")
    then = {name: list(events) for name, events in outcome.after.items()}
    line = order_of(then).lines["l1"]
    assert (line.cap, line.refunded, line.released) == (usd("50.00"), usd("30.00"), usd("20.00"))
    assert line.remainder == usd("20.00"), "what the decision left free still waits for R"
    assert state_of(then) == end


@pytest.mark.parametrize("end", [SETTLED, FAILED])
def test_k19_what_is_asked_of_a_seller_who_was_paid_ends_and_moves_nothing_of_the_order(end: ClawbackEnd) -> None:
    happened = agreed_by_law()
    outcome = given(decider, happened).when(end_clawback(back_of(happened), on("May 9"), end))
    (ended,) = outcome.events
    assert (ended.party, ended.amount) == ("seller", usd("30.00"))
    assert dispute_of(outcome.after).case.asked_of("seller") is None
    told = dispute_view(dispute_of(outcome.after), 1, SELLER, THEN)["after_close"][-1]
    assert (told["kind"], told["outcome"], told["id"]) == ("clawback", end, ended.clawback_id)


def test_k19_it_ends_once_and_the_first_end_stands() -> None:
    happened = after(amended(), end_clawback(back_of(amended()), THEN))
    given(decider, happened).when(end_clawback(back_of(happened), on("Apr 21"))).then_types()
    given(decider, happened).when(end_clawback(back_of(happened), on("Apr 21"), FAILED)).then_rejects(WrongPhase)


def test_k18_k19_while_a_later_word_may_ask_for_another_amount_nothing_is_collected() -> None:
    team = after(claimed(amount="50.00"), respond(Decision.REJECT, on("May 2"), reason="No."), m.escalate(on("May 3")))
    due = expire("evidence", on("May 7", "00:00"))
    ruled = after(team, due, m.decide(on("May 10"), "30.00", weights={upload_id(): 2}))
    assert state_of(ruled) == "requested"
    given(decider, ruled).when(end_clawback(back_of(ruled), on("May 11"))).then_rejects(WrongPhase)


def test_k19_only_what_was_asked_back_ends() -> None:
    given(decider, amended()).when(end_clawback("clw_other", THEN)).then_rejects(ValidationFailed)


def test_k19_money_does_not_come_before_its_time() -> None:
    happened = amended()
    early = end_clawback(back_of(happened), THEN, ended_at=on("Apr 25"))
    given(decider, happened).when(early).then_rejects(ValidationFailed)


def test_s24_what_was_not_asked_back_is_released_by_r_as_ever() -> None:
    happened = after(amended(), end_clawback(back_of(amended()), THEN))
    order = order_of(happened)
    assert order.protection_ends_at
    over = after(happened, expire_order("protection_end", order.protection_ends_at))
    due = order_of(over).due("release")
    assert due
    given(decider, over).when(expire_order("release", due)).then_types(PaymentReleased, OrderCompleted)


def test_s54_who_was_asked_is_told_how_it_ended() -> None:
    assert (NOTICES[ClawbackSettled].to, NOTICES[ClawbackFailed].to) == ("party", "told")
