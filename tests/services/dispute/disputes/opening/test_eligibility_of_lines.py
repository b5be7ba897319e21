"""On which lines and on what ground: guards G5, G6 and G8 of an opening, and the rules behind them."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.opening.eligibility import RULE_OF_REASON, guard_reason
from dispute.domain.orders.pieces import named_pieces
from dispute.domain.rejections import (
    AlreadyAgreed,
    AlreadyOpen,
    EvidenceRequired,
    OrderAlreadyCompleted,
    ReasonNotCovered,
)
from shared.events.base import Actor
from shared.events.dispute import DisputeOpened, Reason
from shared.events.order import PaymentHeld
from shared.rejections import AmountExceedsCap, Forbidden, NotFound, Rejected
from tests.support.builders.disputes import agreed, dispute_id, note_refund, open_dispute, opened, refund_due
from tests.support.builders.orders import (
    BUYER,
    CASE_TEAM,
    ORDER_STREAM,
    OTHER_BUYER,
    OTHER_SELLER,
    SELLER,
    Histories,
    after,
    on,
    order,
    order_line,
    order_of,
    payment_released,
    record,
    refunded,
)
from tests.support.spec import given

SHIPPED = order(shipped="Mar 1")


def refused(happened: Histories, code: type[Rejected], at: str = "Mar 12", **changed: Any) -> Rejected:
    return given(decider, happened).when(open_dispute(on(at), **changed)).then_rejects(code)


def accepted(happened: Histories, at: str, time: str = "12:00", **changed: Any) -> None:
    given(decider, happened).when(open_dispute(on(at, time), **changed)).then_types(DisputeOpened, PaymentHeld)


# G5: one dispute a line, none after an agreement or the end


def test_g5_a_line_has_at_most_one_open_dispute() -> None:
    refusal = refused(opened(), AlreadyOpen, "Mar 13", n=2)
    assert (refusal.code, refusal.members) == ("already_open", {"dispute_id": dispute_id(), "line_id": "l1"})
    assert refusal.cited == ("G5",)


def test_s109_g5_the_other_lines_of_the_order_stay_open_to_dispute() -> None:
    two = opened(happened=order(order_line("l1"), order_line("l2"), shipped="Mar 1"))
    accepted(two, "Mar 13", n=2, lines=(RequestedLine(line_id="l2", quantity=1),))
    both = (RequestedLine(line_id="l2", quantity=1), RequestedLine(line_id="l1", quantity=1))
    refused(two, AlreadyOpen, "Mar 13", n=2, lines=both)


def test_s25_g5_no_dispute_after_an_agreement() -> None:
    half = agreed(amount="20.00")
    paid = after(half, note_refund(refund_due(half), on("Mar 14")))
    refusal = refused(paid, AlreadyAgreed, "Mar 15", n=2, amount="30.00")
    assert (refusal.code, refusal.cited) == ("already_agreed", ("S25",))


def test_g8_only_the_buyer_opens_a_dispute() -> None:
    for stranger in (OTHER_BUYER, OTHER_SELLER):
        refused(SHIPPED, NotFound, actor=stranger)
    for party in (SELLER, CASE_TEAM, Actor(id=BUYER.id, roles=frozenset({"support"}))):
        refused(SHIPPED, Forbidden, actor=party)
    refused({}, NotFound)


def test_g8_the_seller_of_any_line_knows_the_order() -> None:
    several = order(order_line("l1"), order_line("l2", seller_id=OTHER_SELLER.id), shipped="Mar 1")
    refused(several, Forbidden, actor=OTHER_SELLER)


def test_s26_g5_no_dispute_on_a_released_line() -> None:
    refusal = refused({ORDER_STREAM: [*SHIPPED[ORDER_STREAM], payment_released()]}, OrderAlreadyCompleted)
    assert (refusal.code, refusal.cited) == ("order_completed", ("S26",))


def test_s26_g5_no_dispute_on_a_cancelled_order() -> None:
    refused(after(order(), record("cancelled", on("Mar 2"))), OrderAlreadyCompleted, "Mar 30")


def test_s26_g5_no_dispute_on_a_fully_refunded_line() -> None:
    refused({ORDER_STREAM: [*SHIPPED[ORDER_STREAM], refunded("50.00")]}, OrderAlreadyCompleted)
    accepted({ORDER_STREAM: [*SHIPPED[ORDER_STREAM], refunded("49.99")]}, "Mar 12", amount="0.01")


def test_g5_a_gift_may_be_named_with_the_rest_of_the_parcel() -> None:
    with_gift = order(order_line("l1"), order_line("gift", "0.00"), shipped="Mar 1")
    both = (RequestedLine(line_id="l1", quantity=1), RequestedLine(line_id="gift", quantity=1))
    accepted(with_gift, "Mar 12", lines=both)
    refused(with_gift, AmountExceedsCap, lines=both[1:], amount="0.01")


# G6: the ground


def test_s10_g6_an_unauthorised_charge_is_for_the_card_company() -> None:
    refusal = refused(SHIPPED, ReasonNotCovered, reason=Reason.UNAUTHORISED_CHARGE)
    assert (refusal.code, refusal.cited, refusal.members["referral"]) == ("reason_not_covered", ("S10",), "card_issuer")


def test_s11_g6_not_received_is_not_covered_once_the_carrier_delivered() -> None:
    refusal = refused(order(shipped="Mar 1", delivered="Mar 5"), ReasonNotCovered)
    assert (refusal.cited, refusal.members["suggest"]) == (("S11",), "wrong_address")


def test_k9_delivery_does_not_block_a_wrong_address() -> None:
    """What then stops it is the evidence of the mismatch, which S30 demands."""
    refused(order(shipped="Mar 1", delivered="Mar 5"), EvidenceRequired, reason=Reason.WRONG_ADDRESS)


def test_s13_k20_an_unwanted_item_is_no_ground_and_a_matter_for_the_seller() -> None:
    refusal = refused(SHIPPED, ReasonNotCovered, reason=Reason.CHANGE_OF_MIND)
    assert refusal.cited == ("S13",)
    assert [action["rel"] for action in refusal.members["actions"]] == ["contact-seller"]


@pytest.mark.parametrize("reason", RULE_OF_REASON)
def test_s1_s2_s4_s6_every_fault_and_delivery_reason_is_a_ground(reason: Reason) -> None:
    assured = order_of(order(order_line(flags=("authenticity_assured",)), shipped="Mar 1"))
    guard_reason(assured, named_pieces(assured, [("l1", 1)]), reason, on("Mar 12"))


def test_every_reason_is_covered_or_refused_by_a_rule() -> None:
    assert set(Reason) - set(RULE_OF_REASON) == {Reason.UNAUTHORISED_CHARGE, Reason.CHANGE_OF_MIND, Reason.NOT_STATED}


def test_s3_a_counterfeit_is_a_ground_where_the_listing_assured_authenticity() -> None:
    refusal = refused(SHIPPED, ReasonNotCovered, reason=Reason.COUNTERFEIT)
    assert (refusal.cited, refusal.members["suggest"]) == (("S3",), "not_as_described")
