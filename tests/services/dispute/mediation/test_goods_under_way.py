"""Goods under way: a later word neither takes the money that they are to bring nor changes their return (T18, K18)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.mediation.receipts import receipt_of
from dispute.domain.disputes.mediation.ruling import RuledLine
from dispute.domain.disputes.state import DisputeState
from dispute.views.mediation.receipts import recomputation_view
from shared.events.base import Command
from shared.events.dispute import (
    DisputeClosed,
    Payer,
    RefundDue,
    RefundOutcome,
    ReturnDue,
    ReturnNotDue,
    ReturnOutcome,
    SolutionReached,
    SolutionType,
)
from shared.events.mediation import AppealDecided, AppealOutcome, AppealWindowClosed, ClawbackRequested, Outcome
from shared.events.mediation.proposals import SupportOverrideProposed
from shared.events.order import LineAmount, PaymentHoldLifted
from shared.rejections import ValidationFailed, WrongPhase
from tests.services.dispute.mediation.test_receipts import decisions, history_of
from tests.support.builders.disputes import counter, dispute_of, expire, note_refund, note_return, opened, refund_due
from tests.support.builders.disputes import return_due as due_of
from tests.support.builders.mediation import (
    D3,
    SUPPORT,
    SUPPORT_2,
    agree,
    appeal,
    decide,
    decide_appeal,
    decided,
    escalate,
    force,
)
from tests.support.builders.orders import SELLER, Histories, after, on, order, order_line, usd
from tests.support.spec import given

LATER = on("Mar 27")
BACK = SolutionType.RETURN_AND_REFUND
TWO = (order_line("l1", "60.00"), order_line("l2", "40.00"))
NAMED = (RequestedLine(line_id="l1"), RequestedLine(line_id="l2"))
REVERSED = {"decision": AppealOutcome.REVERSED}


def lines(first: str, second: str) -> tuple[RuledLine, ...]:
    return (RuledLine(line_id="l1", amount=usd(first)), RuledLine(line_id="l2", amount=usd(second)))


def returning(first: str = "60.00", second: str = "40.00", **ruled: Any) -> Histories:
    """On 18 March the goods of two lines are to go back for so much; the seller appeals on 20 March."""
    whole = usd(first) + usd(second) == usd("100.00")
    asked = opened(happened=order(*TWO, shipped="Mar 1"), lines=NAMED, amount="100.00", type=BACK)
    reviewed = after(asked, counter(on("Mar 13")), escalate(on("Mar 14")), expire("evidence", D3))
    found = {"outcome": Outcome.BUYER_FAVOUR if whole else Outcome.SPLIT, "type": BACK, "lines": lines(first, second)}
    return after(reviewed, decide(on("Mar 18"), **found | ruled), appeal(on("Mar 20"), SELLER))


def sent(happened: Histories, *steps: ReturnOutcome) -> Histories:
    """The buyer has sent them, and so far they have come."""
    for step in (ReturnOutcome.AUTHORIZED, ReturnOutcome.SHIPPED, *steps):
        happened = after(happened, note_return(due_of(happened), step, on("Mar 21")))
    return happened


def for_the_seller(**more: Any) -> Command:
    nothing = {"outcome": Outcome.SELLER_FAVOUR, "type": None, "lines": ()}
    return decide_appeal(LATER, "0.00", **{**nothing, **REVERSED, **more})


def amended(**ruled: Any) -> Command:
    plain = {"outcome": Outcome.SPLIT, "type": BACK, "lines": lines("50.00", "40.00")}
    return decide_appeal(LATER, "0.00", **plain | ruled)


# Whose goods and whose money


@pytest.mark.parametrize("steps", [(), (ReturnOutcome.RECEIVED,)], ids=["shipped", "received"])
def test_t18_k18_while_the_goods_are_on_their_way_nobody_takes_what_they_are_to_bring(
    steps: tuple[ReturnOutcome, ...],
) -> None:
    happened = sent(returning(), *steps)
    for less in (for_the_seller(), amended(type=SolutionType.REFUND_ONLY)):
        refusal = given(decider, happened).when(less).then_rejects(WrongPhase)
        assert refusal.cited == ("K18", "K14")
    forced = force(LATER, "0.00", outcome=Outcome.SELLER_FAVOUR, type=None, lines=())
    given(decider, happened).when(forced).then_rejects(WrongPhase)


def test_t18_what_leaves_the_buyer_the_money_may_be_decided_meanwhile() -> None:
    happened = sent(returning())
    given(decider, happened).when(decide_appeal(LATER)).then_types(AppealDecided, AppealWindowClosed)
    kept = amended(type=SolutionType.REFUND_ONLY, outcome=Outcome.BUYER_FAVOUR, lines=lines("60.00", "40.00"))
    given(decider, happened).when(kept).then_types(AppealDecided, AppealWindowClosed, SolutionReached, RefundDue)


def test_t18_k18_once_they_are_inspected_the_money_is_asked_back_as_ever() -> None:
    passed = sent(returning(), ReturnOutcome.RECEIVED, ReturnOutcome.PASSED)
    paid = after(passed, note_refund(refund_due(passed), on("Mar 22")))
    outcome = given(decider, paid).when(for_the_seller())
    back = [event.amount for event in outcome.events if isinstance(event, ClawbackRequested)]
    assert back == [usd("100.00")] and outcome.states[0].state == DisputeState.CLOSED


def test_t18_as_long_as_nothing_was_sent_the_buyer_keeps_the_goods() -> None:
    given(decider, returning()).when(for_the_seller()).then_types(
        AppealDecided, AppealWindowClosed, ReturnNotDue, DisputeClosed, PaymentHoldLifted
    )


# A return that was asked for


@pytest.mark.parametrize(
    ("ruled", "pointer", "rule"),
    [
        ({"freight_payer": Payer.BUYER}, "/freight_payer", "K26"),
        ({"address": "Pier 3"}, "/address", "K22"),
        ({"lines": lines("60.00", "0.00")}, "/lines", "S109"),
    ],
)
@pytest.mark.parametrize("shipped", [False, True])
def test_t18_k26_k22_what_the_return_would_not_carry_out_is_refused_and_not_promised(
    ruled: dict[str, Any], pointer: str, rule: str, shipped: bool
) -> None:
    happened = sent(returning()) if shipped else returning()
    refusal = given(decider, happened).when(amended(**ruled)).then_rejects(ValidationFailed)
    assert [(error["pointer"], error["code"]) for error in refusal.errors] == [(pointer, "return_stays")]
    assert rule in refusal.cited
    forced = force(LATER, "0.00", **{"outcome": Outcome.SPLIT, "type": BACK, "lines": lines("50.00", "40.00")} | ruled)
    given(decider, happened).when(forced).then_rejects(ValidationFailed)


def test_t18_a_return_that_stays_keeps_its_address_and_brings_what_is_said_now() -> None:
    happened = returning(address="Pier 2", freight_payer=Payer.BUYER)
    asked = due_of(happened)
    assert asked.address_ref and asked.freight_payer == Payer.BUYER
    outcome = given(decider, happened).when(amended(freight_payer=Payer.BUYER))
    reached = outcome.then_types(AppealDecided, AppealWindowClosed, SolutionReached).events[2]
    assert (reached.solution.address_ref, reached.solution.freight_payer) == (asked.address_ref, Payer.BUYER)
    passed = note_return(asked, ReturnOutcome.PASSED, on("Mar 28"))
    assert refund_due(dict(outcome.when(passed).after)).amount == usd("90.00")


def test_t37_so_does_one_that_two_of_support_leave_as_it_is() -> None:
    forced = force(LATER, "0.00", SUPPORT, outcome=Outcome.SPLIT, type=BACK, lines=lines("50.00", "40.00"))
    proposed = after(sent(returning()), forced)
    made = dispute_of(proposed).case.proposal
    assert made
    outcome = given(decider, proposed).when(agree(LATER, SUPPORT_2, name=made.proposal_id, answers=made.kind))
    assert not [event for event in outcome.events if isinstance(event, ReturnDue | ReturnNotDue)]


def agreed_on(amount: str) -> Histories:
    """The seller grants so much for the goods of both lines, by silence."""
    asked = opened(happened=order(*TWO, shipped="Mar 1"), lines=NAMED, amount=amount, type=BACK)
    return after(asked, expire("seller_response", on("Mar 18", "00:00")))


@pytest.mark.parametrize(
    ("agreed", "ruled"),
    [("0.01", ("0.01", "0.00")), ("100.00", ("60.00", "0.00")), ("100.00", ("10.00", "40.00"))],
    ids=["as it was agreed", "nothing for one line", "less"],
)
def test_t37_s109_the_money_of_an_agreed_return_may_be_ruled_on_by_line(agreed: str, ruled: tuple[str, str]) -> None:
    happened = agreed_on(agreed)
    assert dispute_of(happened).goods == {"l1", "l2"}
    least = Outcome.BUYER_FAVOUR if agreed == "0.01" else Outcome.SPLIT
    forced = force(on("Mar 19"), "0.00", SUPPORT, outcome=least, type=BACK, lines=lines(*ruled))
    given(decider, happened).when(forced).then_types(SupportOverrideProposed)


def test_t18_s109_money_for_goods_that_stay_with_the_buyer_is_refused() -> None:
    refusal = given(decider, returning("60.00", "0.00")).when(amended()).then_rejects(ValidationFailed)
    assert [(error["pointer"], error["code"]) for error in refusal.errors] == [("/lines", "return_stays")]


@pytest.mark.parametrize("ruled", [("20.00", "0.00"), ("60.00", "40.00")])
def test_g13_t18_of_goods_that_passed_and_money_that_was_refused_the_receipt_recomputes(ruled: tuple[str, str]) -> None:
    passed = sent(returning(*ruled), ReturnOutcome.RECEIVED, ReturnOutcome.PASSED)
    refused = after(passed, note_refund(refund_due(passed), on("Mar 22"), RefundOutcome.REFUSED, "over_captured"))
    more = lines("30.00", "0.00") if ruled[1] == "0.00" else lines("50.00", "40.00")
    happened = after(refused, amended(lines=more))
    assert refund_due(happened).lines == tuple(
        LineAmount(line_id=part.line_id, amount=part.amount) for part in more if part.amount
    )
    history = history_of(happened)
    views = [recomputation_view(receipt_of(history, version)) for version in decisions(history)]
    assert [view["differences"] for view in views] == [[]] * len(views) and all(view["same"] for view in views)


def test_k18_less_than_a_refund_that_is_under_way_says_by_which_rule_it_waits() -> None:
    happened = after(decided("30.00"), appeal(on("Mar 20"), SELLER))
    refusal = given(decider, happened).when(decide_appeal(LATER, "20.00")).then_rejects(WrongPhase)
    assert refusal.cited == ("K18",)


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (RefundOutcome.ISSUED, "the money went without the goods"),
        (RefundOutcome.REFUSED, "the money was asked for without the goods, and refused or given up"),
    ],
)
def test_g7_no_goods_are_asked_for_behind_the_money_and_the_reason_says_what_became_of_it(
    outcome: RefundOutcome, why: str
) -> None:
    happened = decided("30.00")
    told = after(happened, note_refund(refund_due(happened), on("Mar 19"), outcome, "over_captured"))
    appealed = after(told, appeal(on("Mar 20"), SELLER))
    refusal = given(decider, appealed).when(decide_appeal(LATER, "20.00", type=BACK)).then_rejects(ValidationFailed)
    assert [(error["pointer"], error["detail"]) for error in refusal.errors] == [("/type", why)]


# Lines without money


@pytest.mark.parametrize(
    ("amounts", "goods"), [(("60.00", "0.00"), ["l1"]), (("0.00", "40.00"), ["l2"]), (("60.00", "1.00"), ["l1", "l2"])]
)
def test_s109_t22_of_a_decided_return_a_line_without_money_stays_with_the_buyer(
    amounts: tuple[str, str], goods: list[str]
) -> None:
    assert [line.line_id for line in due_of(returning(*amounts)).lines] == goods


def test_s109_of_an_agreed_return_all_goes_back() -> None:
    free = order(order_line("l1", "60.00"), order_line("l2", "0.00"), shipped="Mar 1")
    asked = opened(happened=free, lines=NAMED, amount="60.00", type=BACK)
    agreed = after(asked, expire("seller_response", on("Mar 18", "00:00")))
    assert [line.line_id for line in due_of(agreed).lines] == ["l1", "l2"]
