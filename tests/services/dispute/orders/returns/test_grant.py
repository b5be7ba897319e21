"""A return without a dispute: granted by the order's own rights, or refused by the rule that says no (S67, S94)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.rejections import (
    AlreadyOpen,
    CountryNotEligible,
    ItemDamaged,
    ItemExcluded,
    ItemUsed,
    NotEligibleOffPlatform,
    NotFreeReturnItem,
    OrderAlreadyCompleted,
    PackagingMissing,
    ReasonNotCovered,
    ReturnServiceSuspended,
    ReturnWindowClosed,
    SealOrLabelBroken,
    TooEarly,
)
from shared.events.dispute import Payer, Reason, ReturnDue, ReturnKind, ReturnLine, SolutionType
from shared.events.order import Hold, PaymentHeld
from shared.rejections import NotFound, ValidationFailed
from tests.support.builders.disputes import cancel, open_dispute
from tests.support.builders.entitlements import NOT_RECEIVED, NOT_SHIPPED, sold, terms_in
from tests.support.builders.order_returns import WHOLE, grant, return_id, stranger
from tests.support.builders.orders import BUYER, after, expire_order, on, order, order_line, usd
from tests.support.spec import given

FREE = sold("free_return")
BY_LAW = ReturnKind.STATUTORY


def test_s67_a_free_return_holds_the_money_of_its_pieces_and_asks_for_the_goods() -> None:
    outcome = given(decider, FREE).when(grant(on("Mar 6"))).then_types(PaymentHeld, ReturnDue)
    held, due = outcome.events
    assert (held.hold, held.dispute_id, held.return_id) == (Hold.RETURN, None, return_id())
    assert [(part.line_id, part.quantity, part.cap) for part in held.lines] == [("l1", 1, usd("50.00"))]
    assert (due.kind, due.dispute_id, due.return_id) == (ReturnKind.FREE, None, return_id())
    assert due.lines == (ReturnLine(line_id="l1", quantity=1),)
    order_after = outcome.states[0]
    assert order_after.lines["l1"].releasable == usd("0.00")
    assert order_after.lines["l1"].free == 0


def test_k26_k22_a_free_return_goes_to_the_warehouse_at_the_platforms_freight() -> None:
    due = given(decider, sold("free_return", return_address="1 Seller Road")).when(grant(on("Mar 6"))).events[1]
    assert (due.freight_payer, due.address_ref) == (Payer.PLATFORM, None)
    assert due.warehouse


def test_k21_no_reason_has_to_be_told_and_one_that_is_stays() -> None:
    assert given(decider, FREE).when(grant(on("Mar 6"))).events[1].reason == Reason.NOT_STATED
    told = given(decider, FREE).when(grant(on("Mar 6"), reason=Reason.CHANGE_OF_MIND)).events[1]
    assert told.reason == Reason.CHANGE_OF_MIND


@pytest.mark.parametrize(("day", "time"), [("Mar 5", "12:00"), ("Mar 20", "23:59")])
def test_s67_it_is_in_time_until_the_end_of_the_fifteenth_day_after_the_receipt(day: str, time: str) -> None:
    given(decider, FREE).when(grant(on(day, time))).then_types(PaymentHeld, ReturnDue)


def test_s67_on_the_sixteenth_day_it_is_too_late() -> None:
    refused = given(decider, FREE).when(grant(on("Mar 21", "00:00"))).then_rejects(ReturnWindowClosed)
    assert refused.members["ended_at"] == "2026-03-21T00:00:00.000000Z"


def test_s67_what_was_not_received_does_not_go_back_yet() -> None:
    given(decider, sold("free_return", **NOT_RECEIVED)).when(grant(on("Mar 6"))).then_rejects(TooEarly)


def test_s67_a_line_without_the_label_has_no_free_return() -> None:
    refused = given(decider, sold()).when(grant(on("Mar 6"))).then_rejects(NotFreeReturnItem)
    assert refused.cited == ("S67",)


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("unused", ItemUsed),
        ("undamaged", ItemDamaged),
        ("original_packaging", PackagingMissing),
        ("seals_intact", SealOrLabelBroken),
    ],
)
def test_s67_s68_each_of_the_four_conditions_that_does_not_hold_has_its_own_code(name: str, refusal: Any) -> None:
    said = WHOLE.model_copy(update={name: False})
    refused = given(decider, FREE).when(grant(on("Mar 6"), condition=said)).then_rejects(refusal)
    assert refused.cited == ("S67", "S68")


def test_s67_a_free_return_needs_the_buyers_word_on_its_condition() -> None:
    refused = given(decider, FREE).when(grant(on("Mar 6"), condition=None)).then_rejects(ValidationFailed)
    assert refused.errors[0]["pointer"] == "/condition"


@pytest.mark.parametrize("flag", ["perishable", "hygiene", "virtual", "free_gift", "customised"])
def test_s68_excluded_goods_do_not_go_back(flag: str) -> None:
    refused = given(decider, sold("free_return", flag)).when(grant(on("Mar 6"))).then_rejects(ItemExcluded)
    assert refused.cited == ("S68",)


def test_s74_where_free_return_is_not_offered_it_is_refused() -> None:
    given(decider, sold("free_return", country="CH")).when(grant(on("Mar 6"))).then_rejects(CountryNotEligible)


@pytest.mark.parametrize(
    ("country", "more", "rule"),
    [("UA", {"region": "Kherson"}, "S72"), ("US", {"postal_code": "09012"}, "S73")],
)
def test_s72_s73_no_return_from_where_the_service_is_suspended(country: str, more: Any, rule: str) -> None:
    suspended = sold("free_return", country=country, **more)
    assert given(decider, suspended).when(grant(on("Mar 6"))).then_rejects(ReturnServiceSuspended).cited == (rule,)


# By law


@pytest.mark.parametrize(
    ("country", "last", "after_it", "payer", "rule"),
    [("DE", "Mar 19", "Mar 20", Payer.BUYER, "S94"), ("BR", "Mar 12", "Mar 13", Payer.SELLER, "S95")],
)
def test_s94_s95_k25_a_buyer_withdraws_within_the_days_of_the_law(
    country: str, last: str, after_it: str, payer: Payer, rule: str
) -> None:
    bought = sold(country=country)
    due = given(decider, bought).when(grant(on(last, "23:59"), BY_LAW)).then_types(PaymentHeld, ReturnDue).events[1]
    assert (due.kind, due.freight_payer) == (BY_LAW, payer)
    assert rule in due.rules
    given(decider, bought).when(grant(on(after_it, "00:00"), BY_LAW)).then_rejects(ReturnWindowClosed)


def test_k22_by_law_the_goods_go_to_the_seller_where_the_order_knows_the_address() -> None:
    due = given(decider, sold(return_address="1 Seller Road")).when(grant(on("Mar 6"), BY_LAW)).events[1]
    assert (due.address_ref is not None, due.warehouse) == (True, None)


def test_s17_s89_what_is_on_its_way_may_go_back_by_law_and_what_was_not_sent_is_cancelled() -> None:
    given(decider, sold(**NOT_RECEIVED)).when(grant(on("Mar 3"), BY_LAW)).then_types(PaymentHeld, ReturnDue)
    refused = given(decider, sold(**NOT_SHIPPED)).when(grant(on("Mar 3"), BY_LAW)).then_rejects(TooEarly)
    assert refused.cited == ("S88",)


def test_k20_where_no_law_gives_the_right_it_is_not_covered() -> None:
    given(decider, sold(country="US")).when(grant(on("Mar 6"), BY_LAW)).then_rejects(ReasonNotCovered)


def test_s95_the_law_of_brazil_excludes_some_goods() -> None:
    given(decider, sold("hygiene", country="BR")).when(grant(on("Mar 6"), BY_LAW)).then_rejects(ItemExcluded)


def test_s94_the_law_asks_for_no_word_on_the_condition() -> None:
    asked = grant(on("Mar 6"), BY_LAW, condition=WHOLE)
    assert given(decider, sold()).when(asked).then_rejects(ValidationFailed).errors[0]["code"] == "not_expected"


# Beside disputes and other returns


def test_g5_a_piece_is_in_one_return_and_in_no_dispute_beside_it() -> None:
    going_back = after(FREE, grant(on("Mar 6")))
    returned, withdrawn = grant(on("Mar 7"), n=2), grant(on("Mar 7"), BY_LAW, n=2)
    for asked in (returned, withdrawn, open_dispute(on("Mar 12"), reason=Reason.LATE)):
        refused = given(decider, going_back).when(asked).then_rejects(AlreadyOpen)
        assert refused.members["return_id"] == return_id()


def test_g5_what_is_disputed_does_not_go_back_beside_it_and_does_once_the_dispute_is_withdrawn() -> None:
    disputed = after(FREE, open_dispute(on("Mar 12"), reason=Reason.LATE))
    refused = given(decider, disputed).when(grant(on("Mar 13"))).then_rejects(AlreadyOpen)
    assert refused.members["dispute_id"].startswith("dsp_")
    withdrawn = after(disputed, cancel(on("Mar 13")))
    given(decider, withdrawn).when(grant(on("Mar 14"))).then_types(PaymentHeld, ReturnDue)


def test_s109_two_pieces_of_a_line_go_back_one_after_the_other_each_with_its_share() -> None:
    line = order_line(price="50.00", quantity=2, flags=("free_return",))
    bought = order(line, terms=terms_in("DE"), shipped="Mar 1", delivered="Mar 5")
    first = after(bought, grant(on("Mar 6")))
    second = given(decider, first).when(grant(on("Mar 7"), n=2)).then_types(PaymentHeld, ReturnDue)
    assert second.events[0].lines[0].cap == usd("50.00")
    given(decider, {name: list(x) for name, x in second.after.items()}).when(grant(on("Mar 8"), n=3)).then_rejects(
        AlreadyOpen
    )


def test_g5_what_the_seller_was_paid_for_does_not_go_back() -> None:
    done = after(
        FREE, expire_order("protection_end", on("Mar 21", "00:00")), expire_order("release", on("Mar 21", "01:00"))
    )
    given(decider, done).when(grant(on("Mar 20"))).then_rejects(OrderAlreadyCompleted)


def test_s8_what_was_paid_to_the_seller_alone_is_between_the_two() -> None:
    direct = sold(payment={"payee": "seller"})
    given(decider, direct).when(grant(on("Mar 6"), BY_LAW)).then_rejects(NotEligibleOffPlatform)


def test_the_return_is_the_buyers_to_ask_for() -> None:
    given(decider, FREE).when(grant(on("Mar 6"), actor=stranger("somebody"))).then_rejects(NotFound)
    given(decider, FREE).when(grant(on("Mar 6"), actor=BUYER)).then_types(PaymentHeld, ReturnDue)


def test_s109_lines_that_are_not_the_orders_are_named() -> None:
    refused = given(decider, FREE).when(grant(on("Mar 6"), lines={"l9": 1})).then_rejects(ValidationFailed)
    assert refused.errors[0]["pointer"] == "/lines/0/line_id"


def test_g7_what_is_disputed_with_return_and_refund_and_what_is_returned_share_one_guard() -> None:
    disputed = after(FREE, open_dispute(on("Mar 12"), reason=Reason.LATE, type=SolutionType.RETURN_AND_REFUND))
    given(decider, disputed).when(grant(on("Mar 13"))).then_rejects(AlreadyOpen)
