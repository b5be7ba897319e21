"""Repayment: goods come after the refund, and what the buyer pays back is what both have said (T36, S65, K23)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.afterwards.repayment import ReportLateArrival
from dispute.domain.disputes.form import RequestedLine
from dispute.views.disputes.dispute import dispute_view
from shared.events.base import Actor
from shared.events.mediation.repayments import LateArrivalReported, RepaymentAgreed, RepaymentReceived, RepaymentWay
from shared.rejections import AmountExceedsCap, Forbidden, NotFound, Rejected, ValidationFailed, WrongPhase
from tests.support.builders.afterwards import agree_on, confirm, note_late, report_late
from tests.support.builders.disputes import agreed, dispute_of, dispute_stream, note_refund, opened, refund_due
from tests.support.builders.orders import BUYER, OTHER_BUYER, SELLER, Histories, after, on
from tests.support.spec import given

PAID, CAME, LATER = on("Mar 20"), on("Mar 25"), on("Mar 27")
DIRECT = RepaymentWay.DIRECT


def refunded() -> Histories:
    """The seller agreed to give 50.00 back, and it was paid."""
    happened = agreed()
    return after(happened, note_refund(refund_due(happened), PAID))


def arrived() -> Histories:
    return after(refunded(), report_late(CAME, arrived_at=on("Mar 24"), text="It came after all."))


def both_say(amount: str = "30.00", way: RepaymentWay = RepaymentWay.PLATFORM) -> Histories:
    return after(arrived(), agree_on(CAME, amount, BUYER, way), agree_on(LATER, amount, SELLER, way))


def view(happened: Any, actor: Actor = BUYER) -> Any:
    return dispute_view(dispute_of(happened), 1, actor, LATER)


def test_t36_s65_goods_that_came_late_flag_the_dispute_and_change_nothing_else() -> None:
    before = view(refunded())
    outcome = given(decider, refunded()).when(report_late(CAME, arrived_at=on("Mar 24"), text="It came."))
    (event,) = outcome.then_types(LateArrivalReported).events
    assert (event.by, event.told, event.lines) == ("buyer", ("seller",), ())
    now = view(outcome.after)
    assert (before["flags"], now["flags"]) == ({"late_arrival": False}, {"late_arrival": True})
    assert [(each["kind"], each["by"]) for each in now["after_close"]] == [("late_arrival", "buyer")]
    assert now["after_close"][0]["text"]
    for member in ("state", "result", "refunded", "refunds", "clawbacks", "label"):
        assert before[member] == now[member]


def test_s65_a_carriers_word_is_told_to_both_and_the_same_word_is_no_news() -> None:
    happened = after(refunded(), note_late(CAME, arrived_at=on("Mar 24")))
    (event,) = [event for event in happened[dispute_stream()] if isinstance(event, LateArrivalReported)]
    assert (event.by, event.told) == ("service", ("buyer", "seller"))
    given(decider, happened).when(note_late(LATER, arrived_at=on("Mar 24"))).then_types()


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (report_late(CAME, SELLER), Forbidden),
        (report_late(CAME, OTHER_BUYER), NotFound),
        (report_late(CAME, arrived_at=CAME + timedelta(minutes=1)), ValidationFailed),
        (report_late(CAME, arrived_at=on("Mar 10")), ValidationFailed),
        (report_late(CAME, lines=(RequestedLine(line_id="l9"),)), ValidationFailed),
        (report_late(CAME, lines=(RequestedLine(line_id="l1", quantity=2),)), ValidationFailed),
        (report_late(CAME, lines=(RequestedLine(line_id="l1"), RequestedLine(line_id="l1"))), ValidationFailed),
        (note_late(CAME, BUYER), Forbidden),
    ],
)
def test_t36_who_may_tell_of_what_came_late(command: ReportLateArrival, refusal: type[Rejected]) -> None:
    given(decider, refunded()).when(command).then_rejects(refusal)


def test_t36_where_no_money_went_back_nothing_came_late() -> None:
    given(decider, opened()).when(report_late(CAME)).then_rejects(WrongPhase)
    given(decider, opened()).when(note_late(CAME)).then_rejects(WrongPhase)
    given(decider).when(note_late(CAME)).then_rejects(NotFound)


def test_k23_it_is_agreed_once_both_have_said_the_same() -> None:
    one = after(arrived(), agree_on(CAME, "30.00"))
    assert view(one)["repayment"]["agreed_by"] == ["buyer"]
    other = after(one, agree_on(LATER, "40.00", SELLER))
    assert (view(other)["repayment"]["agreed_by"], view(other)["repayment"]["agreed_at"]) == (["seller"], None)
    outcome = given(decider, other).when(agree_on(LATER, "40.00", BUYER))
    (word,) = outcome.then_types(RepaymentAgreed).events
    assert (word.by, word.told) == ("buyer", "seller")
    assert (view(outcome.after)["repayment"]["agreed_at"], set(view(outcome.after)["repayment"]["agreed_by"])) == (
        LATER,
        {"buyer", "seller"},
    )


def test_k23_the_same_word_again_says_nothing_and_an_agreement_stands() -> None:
    given(decider, after(arrived(), agree_on(CAME, "30.00"))).when(agree_on(LATER, "30.00")).then_types()
    given(decider, both_say()).when(agree_on(LATER, "10.00")).then_rejects(WrongPhase)


@pytest.mark.parametrize(
    ("amount", "refusal"), [("50.01", AmountExceedsCap), ("0.00", ValidationFailed), ("50.00", None)]
)
def test_s65_no_more_is_paid_back_than_went_to_the_buyer(amount: str, refusal: type[Rejected] | None) -> None:
    assert type(given(decider, arrived()).when(agree_on(CAME, amount)).rejection) is (refusal or type(None))


def test_k23_nobody_pays_back_what_did_not_come_late() -> None:
    given(decider, refunded()).when(agree_on(CAME, "10.00")).then_rejects(WrongPhase)


@pytest.mark.parametrize("way", list(RepaymentWay))
def test_s65_k23_the_seller_confirms_what_was_agreed_once_and_no_money_of_ours_moves(way: RepaymentWay) -> None:
    outcome = given(decider, both_say(way=way)).when(
        confirm(on("Mar 30"), received_at=on("Mar 29"), reference="bank-1")
    )
    (event,) = outcome.then_types(RepaymentReceived).events
    assert (event.amount.amount, event.way, event.reference) == ("30.00", way, "bank-1")
    assert view(outcome.after)["repayment"]["received_at"] == on("Mar 29")
    outcome.when(confirm(on("Mar 31"))).then_rejects(WrongPhase)


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (confirm(LATER, BUYER), Forbidden),
        (confirm(on("Mar 30"), received_at=on("Mar 31")), ValidationFailed),
        (confirm(on("Mar 30"), received_at=on("Mar 2")), ValidationFailed),
    ],
)
def test_s65_who_may_confirm_and_when(command: Any, refusal: type[Rejected]) -> None:
    given(decider, both_say()).when(command).then_rejects(refusal)


def test_s65_without_an_agreement_there_is_nothing_to_confirm() -> None:
    given(decider, after(arrived(), agree_on(CAME, "30.00"))).when(confirm(LATER)).then_rejects(WrongPhase)


@pytest.mark.parametrize(
    ("happened", "actor", "offered"),
    [
        (refunded(), BUYER, {"report-late-arrival"}),
        (refunded(), SELLER, set()),
        (arrived(), BUYER, {"report-late-arrival", "agree-repayment"}),
        (arrived(), SELLER, {"agree-repayment"}),
        (both_say(), BUYER, {"report-late-arrival"}),
        (both_say(), SELLER, {"confirm-repayment"}),
    ],
)
def test_t36_the_dispute_says_what_may_be_done(happened: Histories, actor: Actor, offered: set[str]) -> None:
    names = {"report-late-arrival", "agree-repayment", "confirm-repayment"}
    assert {each["rel"] for each in view(happened, actor)["available_actions"]} & names == offered
