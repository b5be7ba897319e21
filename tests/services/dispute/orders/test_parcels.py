"""Parcels: what happens to one of them happens to the pieces in it, and to no other (S11, S21, S22, S109)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.orders.naming import NamedParcel
from dispute.domain.orders.protection import opens_at
from shared.events.order import DeliveryCorrected, OrderDelivered, Pieces, TrackingCorrected
from tests.cases.plugin import Came
from tests.support.builders.disputes import agreed, cancel, note_refund, open_dispute, refund_due
from tests.support.builders.orders import (
    ORDER_STREAM,
    Histories,
    after,
    expire_order,
    on,
    order,
    order_line,
    order_of,
    record,
    register,
    usd,
)
from tests.support.spec import Outcome, given

NOW = on("Mar 20")
TWO = (order_line("l1", "30.00"), order_line("l2", "20.00"))
THREE_PIECES = (order_line("l1", "10.00", quantity=3),)


def of(*lines: str, name: str | None = None, **more: int) -> NamedParcel:
    pieces = [Pieces(line_id=line) for line in lines]
    pieces += [Pieces(line_id=line, quantity=quantity) for line, quantity in more.items()]
    return NamedParcel(tracking_number=name, lines=tuple(pieces))


def named(name: str) -> NamedParcel:
    return NamedParcel(tracking_number=name)


def sent(*parcels: NamedParcel, at: str = "Mar 1", happened: Histories | None = None) -> Histories:
    """Two lines of one piece each, unless another order is given, sent in these parcels."""
    return after(happened or order(*TWO), record("shipped", on(at), parcels=parcels))


def tell(happened: Histories, name: str, at: str, *parcels: NamedParcel, **more: Any) -> Outcome:
    return given(decider, happened).when(record(name, on(at), told=NOW, parcels=parcels, **more))


def told(happened: Histories, name: str, at: str, *parcels: NamedParcel) -> Histories:
    return after(happened, record(name, on(at), told=NOW, parcels=parcels))


def dispute(happened: Histories, at: datetime = NOW, n: int = 1, **changed: Any) -> str:
    lines = changed.pop("lines", {"l2": 1})
    asked = tuple(RequestedLine(line_id=name, quantity=quantity) for name, quantity in lines.items())
    outcome = given(decider, happened).when(open_dispute(at, n=n, lines=asked, **{"amount": "10.00"} | changed))
    refusal = outcome.rejection
    return " ".join([refusal.code, *refusal.cited]) if refusal else "opened"


def fault(outcome: Outcome) -> str:
    refusal = outcome.rejection
    return f"{refusal.errors[0]['pointer']} {refusal.errors[0]['code']}" if refusal else "taken"


SPLIT = sent(of("l1"), of("l2"))
NUMBERED = sent(of("l1", name="A"), of("l2", name="B"))


@pytest.mark.case("B60", given="parcels [[1],[2]], the first delivered 3 days ago; line 2 not received", right="opened")
def test_s11_an_arrival_is_that_of_its_parcel(came: Came) -> None:
    came(dispute(told(SPLIT, "delivered", "Mar 17", of("l1"))))


@pytest.mark.case(
    "B60+1", given="parcels [[1],[2]], the first delivered 28 days ago; line 2 not received", right="opened"
)
def test_s22_protection_runs_for_the_pieces_that_have_not_come(came: Came) -> None:
    at = on("Apr 10")
    delivered = told(SPLIT, "delivered", "Mar 13", of("l1"))
    assert dispute(delivered, at, lines={"l1": 1}, reason="late") == "protection_expired S22"
    came(dispute(delivered, at))


@pytest.mark.case(
    "B60+2", given="parcels A [1] and B [2], both delivered; line 2 not received", right="reason_not_covered S11"
)
def test_s11_what_came_in_its_own_parcel_has_come(came: Came) -> None:
    both = told(told(NUMBERED, "delivered", "Mar 17", named("A")), "delivered", "Mar 18", named("B"))
    came(dispute(both))


@pytest.mark.case("B60+3", given="of 3 pieces 2 came in parcel A; one not received", right="opened")
def test_s11_pieces_of_one_line_travel_apart(came: Came) -> None:
    split = sent(of(name="A", l1=2), of(name="B", l1=1), happened=order(*THREE_PIECES))
    arrived = told(split, "delivered", "Mar 17", named("A"))
    assert dispute(arrived, lines={"l1": 2}) == "reason_not_covered S11"
    came(dispute(arrived, lines={"l1": 1}))


@pytest.mark.case("B60+4", given="two parcels known, delivered names none", right="/parcels parcel_required")
def test_with_several_parcels_a_fact_says_which(came: Came) -> None:
    came(fault(tell(NUMBERED, "delivered", "Mar 17")))


@pytest.mark.case("B60+5", given="delivered names a parcel that was not shipped", right="/parcels unknown_parcel")
def test_a_parcel_that_nobody_shipped_is_unknown(came: Came) -> None:
    came(fault(tell(NUMBERED, "carrier_lost", "Mar 17", named("C"))))


@pytest.mark.case("B60+6", given="two boxes A and B hold line 1 together, A came; not received", right="opened")
def test_what_travels_in_two_parcels_has_come_with_the_last(came: Came) -> None:
    boxes = sent(named("A"), named("B"), happened=order(order_line("l1", "30.00")))
    first = told(boxes, "delivered", "Mar 17", named("A"))
    assert dispute(told(first, "delivered", "Mar 18", named("B")), lines={"l1": 1}) == "reason_not_covered S11"
    came(dispute(first, lines={"l1": 1}))


@pytest.mark.case(
    "B60+7", given="line 1 sent in parcel A, line 2 nowhere; disputed 11 days after", right="too_early S21"
)
def test_s21_a_shipment_opens_the_dispute_of_its_own_pieces(came: Came) -> None:
    part = sent(of("l1", name="A"))
    assert dispute(part, on("Mar 12"), lines={"l1": 1}) == "opened"
    came(dispute(part, on("Mar 12")))


def test_s5_k7_a_loss_opens_the_dispute_of_its_own_pieces_at_once() -> None:
    lost = told(NUMBERED, "carrier_lost", "Mar 5", named("B"))
    assert dispute(lost, on("Mar 5")) == "opened"
    assert dispute(lost, on("Mar 5"), lines={"l1": 1}) == "too_early S21"
    assert order_of(lost).piece_groups[1].never_came


def test_k3_the_order_is_protected_as_long_as_its_longest_pieces() -> None:
    first = told(NUMBERED, "delivered", "Mar 5", named("A"))
    assert order_of(first).protection_ends_at == on("May 16", "00:00")
    both = told(first, "delivered", "Mar 9", named("B"))
    assert order_of(both).protection_ends_at == on("Mar 25", "00:00")
    assert opens_at(order_of(both)) == on("Mar 5")


def test_naming_none_is_the_whole_order_while_at_most_one_parcel_is_known() -> None:
    whole = told(sent(of("l1", "l2", name="A")), "delivered", "Mar 17")
    assert dispute(whole) == "reason_not_covered S11"
    assert order_of(whole).delivered_at == on("Mar 17")


def test_a_parcel_that_is_told_again_is_nothing_new_and_another_one_is() -> None:
    outcome = tell(sent(of("l1", name="A")), "shipped", "Mar 2", of("l1", name="A"), of("l2", name="B"))
    assert [parcel.parcel_id for parcel in outcome.events[0].parcels] == ["B"]
    outcome.when(record("shipped", on("Mar 3"), parcels=(of("l2", name="B"),))).then_nothing()
    delivered = tell(NUMBERED, "delivered", "Mar 17", named("A"))
    delivered.when(record("delivered", on("Mar 18"), parcels=(named("A"),))).then_nothing()
    delivered.when(record("delivered", on("Mar 18"), parcels=(named("B"),))).accepted  # noqa: B018


def test_a_parcel_may_be_named_by_what_is_in_it() -> None:
    outcome = tell(NUMBERED, "delivered", "Mar 17", of("l2"))
    assert outcome.events[0] == OrderDelivered(
        order_id="o1", delivered_at=on("Mar 17"), parcels=("B",), protection_ends_at=None
    )


def test_pieces_may_be_named_across_parcels() -> None:
    one = sent(of(name="A", l1=3), happened=order(*THREE_PIECES))
    part = told(one, "delivered", "Mar 17", of(l1=1))
    assert sorted((group.quantity, group.delivered_at is not None) for group in order_of(part).piece_groups) == [
        (1, True),
        (2, False),
    ]


def test_a_delivery_may_be_told_before_its_shipment() -> None:
    early = after(
        {},
        record("delivered", on("Mar 5"), parcels=(named("B"),)),
        record("shipped", on("Mar 1"), parcels=(of("l1", name="A"), of("l2", name="B"))),
    )
    happened = after(early, register(*TWO))
    assert [group.delivered_at for group in order_of(happened).piece_groups] == [None, on("Mar 5")]


def test_a_fact_that_lies_before_its_order_is_none_of_it_also_where_it_was_told_first() -> None:
    early = after({}, record("delivered", on("Feb 1")), record("finished", on("Feb 2")))
    state = order_of(after(early, register(*TWO)))
    assert (state.delivered_at, state.finished_at) == (None, None)
    assert state.protection_ends_at == on("May 14", "00:00")


def test_s109_a_parcel_holds_what_was_ordered_and_no_more() -> None:
    three = order(*THREE_PIECES)
    assert fault(tell(three, "shipped", "Mar 1", of(l1=4))) == "/parcels/0/lines/0 above_ordered"
    assert fault(tell(three, "shipped", "Mar 1", of(name="A", l1=2), of(name="B", l1=2))).endswith("above_ordered")
    assert fault(tell(three, "shipped", "Mar 1", of("l9"))) == "/parcels/0/lines/0/line_id unknown_line"


def test_a_corrected_delivery_is_that_of_its_parcel() -> None:
    first = told(told(NUMBERED, "delivered", "Mar 5", named("A")), "delivered", "Mar 6", named("B"))
    corrected = tell(first, "delivery_corrected", "Mar 12", named("B"))
    assert isinstance(corrected.events[0], DeliveryCorrected)
    assert [group.delivered_at for group in corrected.states[0].piece_groups] == [on("Mar 5"), on("Mar 12")]
    assert corrected.states[0].protection_ends_at == on("Mar 28", "00:00")


def test_a_mistyped_number_is_corrected_and_the_parcel_answers_to_both() -> None:
    outcome = tell(NUMBERED, "tracking_corrected", "Mar 2", named("B"), tracking_number="C", carrier="Correos España")
    outcome.then(
        TrackingCorrected(
            order_id="o1", parcel_id="B", tracking_number="C", carrier="Correos España", corrected_at=on("Mar 2")
        )
    )
    for number in ("B", "C"):
        fact = record("delivered", on("Mar 17"), parcels=(named(number),))
        assert outcome.when(fact).events[0].parcels == ("B",)
    again = record(
        "tracking_corrected", on("Mar 3"), parcels=(named("B"),), tracking_number="C", carrier="Correos España"
    )
    outcome.when(again).then_nothing()


@pytest.mark.parametrize(
    ("parcels", "number", "right"),
    [
        ((), "C", "/parcels parcel_required"),
        ((named("X"),), "C", "/parcels unknown_parcel"),
        ((named("B"),), "A", "/tracking_number of_another_parcel"),
    ],
)
def test_a_correction_names_a_parcel_and_takes_no_others_number(
    parcels: tuple[NamedParcel, ...], number: str, right: str
) -> None:
    assert fault(tell(NUMBERED, "tracking_corrected", "Mar 2", *parcels, tracking_number=number)) == right


# Pieces of a line (G5, S109)


PIECES = order(*THREE_PIECES, shipped="Mar 1")


def one_agreed() -> Histories:
    """Of three pieces one is agreed on, and 5.00 of its 10.00 is paid back."""
    half = agreed(happened=PIECES, amount="5.00", lines=(RequestedLine(line_id="l1", quantity=1),))
    return after(half, note_refund(refund_due(half), on("Mar 14")))


@pytest.mark.case("B13", given="quantity 3, one piece agreed and refunded; the second piece disputed", right="opened")
def test_s109_g5_an_agreement_on_one_piece_leaves_the_others(came: Came) -> None:
    came(dispute(one_agreed(), n=2, lines={"l1": 1}))


@pytest.mark.case("B13+1", given="quantity 3, one agreed; three disputed", right="already_agreed S25")
def test_s25_g5_the_piece_that_is_agreed_on_is_not_disputed_again(came: Came) -> None:
    came(dispute(one_agreed(), n=2, lines={"l1": 3}))


@pytest.mark.case(
    "B13+2", given="quantity 3, one agreed at 5.00 of 10.00; 20.01 for the others", right="amount_exceeds_cap S45"
)
def test_g9_the_others_keep_their_share_of_the_cap(came: Came) -> None:
    assert dispute(one_agreed(), n=2, lines={"l1": 2}, amount="20.00") == "opened"
    came(dispute(one_agreed(), n=2, lines={"l1": 2}, amount="20.01"))


@pytest.mark.case("R8", given="one of three pieces in an open dispute; another piece disputed", right="opened")
def test_s109_g5_an_open_dispute_on_one_piece_leaves_the_others(came: Came) -> None:
    first = after(PIECES, open_dispute(on("Mar 12"), amount="10.00", lines=(RequestedLine(line_id="l1", quantity=1),)))
    assert dispute(first, n=2, lines={"l1": 3}) == "already_open G5"
    came(dispute(first, n=2, lines={"l1": 2}))


@pytest.mark.case("R8+1", given="one of three pieces in an open dispute at R", right="20.00 released, then the rest")
def test_s24_s109_the_pieces_that_nobody_disputes_are_released(came: Came) -> None:
    finished = after(PIECES, record("finished", on("Mar 12")))
    held = after(
        finished,
        open_dispute(on("Mar 26"), amount="10.00", reason="late", lines=(RequestedLine(line_id="l1", quantity=1),)),
        expire_order("protection_end", on("Mar 28", "00:00")),
    )
    released = given(decider, held).when(expire_order("release", on("Mar 28", "01:00")))
    assert released.events[0].amount == usd("20.00")
    ended = released.when(cancel(on("Mar 29"), acknowledge_release=True))
    assert [type(event).__name__ for event in ended.by_stream[ORDER_STREAM]] == ["PaymentReleased", "OrderCompleted"]
    came("20.00 released, then the rest")


@pytest.mark.case("R8+2", given="three pieces of 10.00 disputed one by one", right="3.33 + 3.34 + 3.33")
def test_g9_the_caps_of_the_pieces_sum_to_that_of_the_line(came: Came) -> None:
    happened = order(order_line("l1", "10.00", quantity=3), shipped="Mar 1", payment={"amount": usd("10.00")})
    caps = []
    for n in range(3):
        piece = (RequestedLine(line_id="l1", quantity=1),)
        happened = after(happened, open_dispute(on("Mar 12"), n=n, amount="0.01", lines=piece))
        caps.append(list(order_of(happened).lines["l1"].claims.values())[-1].cap)
    assert sum(cap.minor for cap in caps) == 1000
    came(" + ".join(cap.amount for cap in caps))


def test_s11_the_piece_that_is_disputed_as_missing_is_not_missing_twice() -> None:
    split = sent(of(name="A", l1=2), of(name="B", l1=1), happened=order(*THREE_PIECES))
    arrived = told(split, "delivered", "Mar 17", named("A"))
    first = after(arrived, open_dispute(NOW, amount="10.00", lines=(RequestedLine(line_id="l1", quantity=1),)))
    assert dispute(first, n=2, lines={"l1": 1}) == "reason_not_covered S11"
    assert dispute(first, n=2, lines={"l1": 2}, reason="late") == "opened"


def test_g7_what_one_parcel_lost_does_not_stop_the_return_of_another() -> None:
    lost = told(told(NUMBERED, "carrier_lost", "Mar 5", named("B")), "delivered", "Mar 6", named("A"))
    assert dispute(lost, reason="late", type="return_and_refund") == "validation_failed G7"
    assert dispute(lost, reason="late", type="return_and_refund", lines={"l1": 1}) == "opened"
