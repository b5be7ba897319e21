"""Judging: the programme as a dispute would be judged, the cancellation, the best right, and what would change it."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.entitlements.changes import would_change
from dispute.domain.entitlements.judging import best
from shared.events.dispute import Payer, Reason
from shared.events.order import Remedy
from tests.support.builders.disputes import cancel, opened
from tests.support.builders.entitlements import (
    NOT_RECEIVED,
    NOT_SHIPPED,
    all_judged,
    code_of,
    judged,
    rules_of,
    sold,
)
from tests.support.builders.orders import (
    Histories,
    after,
    on,
    order,
    order_line,
    record,
    refunded,
)

BASIC = "programme aliexpress_basic"
RECEIVED = sold(country="US")


def best_of(happened: Histories, day: str, reason: Reason | None = None) -> str | None:
    found = all_judged(happened, on(day), reason)
    winner = best(found.values())
    return next((name for name, one in found.items() if one is winner), None)


# The programme


def test_s21_s22_the_programme_is_granted_from_the_receipt_until_its_end() -> None:
    granted = judged(BASIC, RECEIVED, "Mar 20", "23:59")
    assert (granted.is_granted, granted.opens_at, granted.ends_at) == (True, on("Mar 5"), on("Mar 21", "00:00"))
    assert rules_of(granted) == ("S21", "S22", "S90", "S98")
    assert code_of(BASIC, RECEIVED, "Mar 21", "00:00") == "protection_expired"


def test_s99_a_programme_from_the_purchase_cites_its_own_rule() -> None:
    bought = sold(country="US", programme="temu")
    assert rules_of(judged("programme temu", bought, "Mar 6", reason=Reason.LATE)) == ("S6", "S21", "S99")


def test_s13_s10_a_reason_that_is_no_ground_is_refused_by_its_rule() -> None:
    assert rules_of(judged(BASIC, RECEIVED, "Mar 6", reason=Reason.CHANGE_OF_MIND)) == ("S13",)
    assert rules_of(judged(BASIC, RECEIVED, "Mar 6", reason=Reason.UNAUTHORISED_CHARGE)) == ("S10",)


def test_k26_g7_what_came_may_go_back_at_the_sellers_freight_and_what_never_came_may_not() -> None:
    faulty = judged(BASIC, RECEIVED, "Mar 6", reason=Reason.DEFECTIVE).entitlement
    assert (faulty.payer, faulty.remedies) == (Payer.SELLER, (Remedy.REFUND_ONLY, Remedy.RETURN_AND_REFUND))
    missing = judged(BASIC, sold(**NOT_RECEIVED), "Mar 12", reason=Reason.NOT_RECEIVED).entitlement
    assert (missing.payer, missing.remedies) == (None, (Remedy.REFUND_ONLY,))


def test_s109_of_several_lines_those_are_named_that_have_it() -> None:
    two = order(order_line("l1"), order_line("l2"), shipped="Mar 1", delivered="Mar 5")
    disputed = opened(on("Mar 6"), happened=two, reason=Reason.LATE)
    assert judged(BASIC, disputed, "Mar 7").pieces == [("l2", 1)]
    assert all_judged(disputed, on("Mar 7"), None, "l1")[BASIC].refusal is not None


def test_s109_of_a_line_of_several_pieces_so_many_are_named_as_are_free() -> None:
    three = order(order_line(quantity=3), shipped="Mar 1", delivered="Mar 5")
    disputed = opened(on("Mar 6"), happened=three, reason=Reason.LATE)
    assert judged(BASIC, three, "Mar 7").pieces == [("l1", 3)]
    assert judged(BASIC, disputed, "Mar 7").pieces == [("l1", 2)]


def test_s48_g18_a_dispute_that_was_withdrawn_leaves_the_right() -> None:
    withdrawn = after(opened(on("Mar 6"), happened=RECEIVED, reason=Reason.LATE), cancel(on("Mar 6", "13:00")))
    assert code_of(BASIC, withdrawn, "Mar 7") == "granted"


# The cancellation


def test_s88_s66_a_paid_order_may_be_cancelled_until_it_is_shipped() -> None:
    unshipped = judged("cancellation", sold(**NOT_SHIPPED), "Mar 2")
    assert (unshipped.is_granted, unshipped.entitlement.remedies) == (True, (Remedy.CANCELLATION,))
    shipped = judged("cancellation", sold(**NOT_RECEIVED), "Mar 2")
    assert (shipped.refusal and shipped.refusal.code, rules_of(shipped)) == ("already_shipped", ("S88",))


def test_s88_what_is_not_paid_or_is_cancelled_cannot_be() -> None:
    assert code_of("cancellation", sold(paid_at=None, **NOT_SHIPPED), "Mar 2") == "too_early"
    cancelled = after(sold(**NOT_SHIPPED), record("cancelled", on("Mar 2")))
    assert code_of("cancellation", cancelled, "Mar 3") == "order_completed"


@pytest.mark.parametrize("kind", ["free_return", "statutory eu_withdrawal", "warranty advanced"])
def test_s26_of_what_was_paid_back_or_cancelled_nothing_is_owed_any_more(kind: str) -> None:
    bought: dict[str, Any] = {"programme": "aliexpress_advanced"}
    paid_back = {name: [*events, refunded("50.00")] for name, events in sold("free_return", **bought).items()}
    assert code_of(kind, paid_back, "Mar 6") == "order_completed"
    cancelled = after(sold("free_return", **bought, **NOT_SHIPPED), record("cancelled", on("Mar 2")))
    assert code_of(kind, cancelled, "Mar 6") == "order_completed"


@pytest.mark.parametrize("kind", ["free_return", "statutory eu_withdrawal"])
def test_g5_while_a_dispute_goes_on_nothing_else_begins_for_its_pieces(kind: str) -> None:
    disputed = opened(on("Mar 6"), happened=sold("free_return"), reason=Reason.LATE)
    assert code_of(kind, disputed, "Mar 7") == "already_open"


# The best right


def test_k11_the_best_right_gives_money_before_goods() -> None:
    assert best_of(sold("free_return", **NOT_SHIPPED), "Mar 2") == "cancellation"
    assert best_of(sold("free_return"), "Mar 6") == BASIC
    assert best_of(sold("free_return"), "Mar 6", Reason.CHANGE_OF_MIND) == "free_return"
    assert best_of(sold(), "Mar 6", Reason.CHANGE_OF_MIND) == "statutory eu_withdrawal"


def test_k11_somebody_elses_freight_comes_before_the_buyers_and_the_longer_time_before_the_shorter() -> None:
    both = sold("extra_returns", country="BR")
    assert best_of(both, "Mar 6", Reason.CHANGE_OF_MIND) == "statutory br_regret"
    assert best_of(both, "Mar 14", Reason.CHANGE_OF_MIND) == "extra_return"
    phone = sold("one_year_warranty", programme="aliexpress_advanced", category="phone", country="US")
    assert best_of(phone, "May 1", Reason.DEFECTIVE) == "warranty advanced"


def test_where_nothing_is_granted_nothing_is_best() -> None:
    assert best_of(sold(country="US"), "May 1") is None


# What would have to change


def changes(what: str, happened: Histories, day: str, **more: Any) -> list[tuple[str, object]]:
    refusal = judged(what, happened, day, **more).refusal
    assert refusal
    return [(change.code, change.at) for change in would_change(refusal)]


def test_s21_what_is_too_early_says_when() -> None:
    assert changes(BASIC, sold(**NOT_RECEIVED), "Mar 2") == [("too_early", on("Mar 12", "00:00"))]
    assert changes("free_return", sold("free_return", **NOT_RECEIVED), "Mar 6") == [("too_early", None)]


def test_k9_a_reason_that_does_not_fit_says_which_would() -> None:
    refusal = judged(BASIC, RECEIVED, "Mar 6", reason=Reason.NOT_RECEIVED).refusal
    assert refusal
    (change,) = would_change(refusal)
    assert (change.code, change.detail) == ("reason_not_covered", "The reason is wrong_address.")


def test_s14_what_somebody_can_lift_is_said_and_what_is_over_stays_so() -> None:
    assert changes(BASIC, sold(country="US", buyer_account_status="restricted"), "Mar 6") == [
        ("account_not_in_good_standing", None)
    ]
    assert changes(BASIC, RECEIVED, "May 1") == []
    assert changes("free_return", RECEIVED, "Mar 6") == []
