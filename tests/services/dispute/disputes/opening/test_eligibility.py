"""Who may dispute what, and when: guards G1–G4, their order, and the rules behind them."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.opening.eligibility import guard_eligible
from dispute.domain.orders.pieces import named_pieces
from dispute.domain.rejections import (
    AccountNotInGoodStanding,
    AlreadyOpen,
    EvidenceRequired,
    NotEligibleOffPlatform,
    OrderAlreadyCompleted,
    PaymentMethodNotAccepted,
    ProtectionAlreadyExpired,
    ReasonNotCovered,
    TooEarly,
)
from shared.events.base import wire_time
from shared.events.dispute import DisputeOpened, Reason
from shared.events.order import HeldPieces, Hold, PaymentHeld
from shared.rejections import AmountExceedsCap, Rejected, ValidationFailed
from tests.support.builders.disputes import cancel, open_dispute, opened
from tests.support.builders.orders import (
    BASIC,
    ORDER,
    ORDER_STREAM,
    Histories,
    after,
    on,
    order,
    order_of,
    payment_released,
    record,
    terms,
    usd,
)
from tests.support.spec import given

SHIPPED = order(shipped="Mar 1")
EARLIEST = on("Mar 12", "00:00")


def refused(happened: Histories, code: type[Rejected], at: str = "Mar 12", **changed: Any) -> Rejected:
    return given(decider, happened).when(open_dispute(on(at), **changed)).then_rejects(code)


def accepted(happened: Histories, at: str, time: str = "12:00", **changed: Any) -> None:
    given(decider, happened).when(open_dispute(on(at, time), **changed)).then_types(DisputeOpened, PaymentHeld)


# G1: the platform, the payee, the way to pay


def test_s7_g1_a_purchase_made_elsewhere_is_not_protected() -> None:
    refusal = refused(order(shipped="Mar 1", channel="off_platform"), NotEligibleOffPlatform)
    assert (refusal.code, refusal.cited) == ("not_eligible_off_platform", ("S7",))


def test_s8_g1_a_payment_to_the_seller_is_not_protected() -> None:
    refusal = refused(order(shipped="Mar 1", payment={"payee": "seller"}), NotEligibleOffPlatform)
    assert refusal.cited == ("S8",)


@pytest.mark.parametrize("method", ["visa", "mastercard", "qiwi", "western_union", "bank_transfer", "maestro"])
def test_s9_g1_each_listed_way_to_pay_is_covered(method: str) -> None:
    accepted(order(shipped="Mar 1", payment={"method": method}), "Mar 12")


LISTED_ONLY = terms(payment_methods_only=True)


def test_s9_g1_a_programme_may_make_its_list_a_gate() -> None:
    paid = order(shipped="Mar 1", payment={"method": "voucher"}, terms=LISTED_ONLY)
    refusal = refused(paid, PaymentMethodNotAccepted)
    accepted(order(shipped="Mar 1", payment={"method": "visa"}, terms=LISTED_ONLY), "Mar 12")
    assert (refusal.code, refusal.cited, refusal.members["method"]) == (
        "payment_method_not_accepted",
        ("S9",),
        "voucher",
    )


@pytest.mark.parametrize("method", ["voucher", "paypal", "gift_card"])
def test_s9_g1_the_list_is_a_hint_and_escrow_protects_whatever_the_way(method: str) -> None:
    for listed in ((), BASIC.payment_methods):
        accepted(order(shipped="Mar 1", payment={"method": method}, terms=terms(payment_methods=listed)), "Mar 12")


def test_k13_a_bank_transfer_into_escrow_is_covered_and_one_to_the_seller_is_not() -> None:
    accepted(order(shipped="Mar 1", payment={"method": "bank_transfer"}), "Mar 12")
    refused(order(shipped="Mar 1", payment={"method": "bank_transfer", "payee": "seller"}), NotEligibleOffPlatform)


# G2: the account


def test_s14_g2_an_account_in_bad_standing_may_not_open() -> None:
    refusal = refused(order(shipped="Mar 1", buyer_account_status="restricted"), AccountNotInGoodStanding)
    assert (refusal.code, refusal.cited) == ("account_not_in_good_standing", ("S14",))


def test_s14_g2_the_standing_is_that_of_the_moment() -> None:
    restricted = after(SHIPPED, record("account_status", on("Mar 2"), status="restricted"))
    refused(restricted, AccountNotInGoodStanding)
    accepted(after(restricted, record("account_status", on("Mar 3"), status="good")), "Mar 12")


# G3: from when


def test_s21_g3_shipped_on_march_1_opens_on_march_12() -> None:
    refusal = refused(SHIPPED, TooEarly, "Mar 11")
    assert (refusal.code, refusal.cited, refusal.members) == ("too_early", ("S21",), {"opens_at": EARLIEST})
    given(decider, SHIPPED).when(open_dispute(on("Mar 11", "23:59"))).then_rejects(TooEarly)
    accepted(SHIPPED, "Mar 12", "00:00")


def test_s21_k7_delivered_on_march_5_opens_on_march_5() -> None:
    delivered = order(shipped="Mar 1", delivered="Mar 5")
    given(decider, delivered).when(open_dispute(on("Mar 5", "11:59"), reason=Reason.LATE)).then_rejects(TooEarly)
    accepted(delivered, "Mar 5", "12:00", reason=Reason.LATE)


def test_s1_k7_the_day_after_the_promised_one_opens() -> None:
    promised = order(shipped="Mar 1", promised_by=on("Mar 10").date())
    refusal = refused(promised, TooEarly, "Mar 10")
    assert refusal.members == {"opens_at": on("Mar 11", "00:00")}
    accepted(promised, "Mar 11", "00:00")


def test_s1_the_promised_day_ends_in_the_policy_time_zone() -> None:
    promised = order(shipped="Mar 1", promised_by=on("Mar 10").date(), terms=terms(timezone="America/Sao_Paulo"))
    given(decider, promised).when(open_dispute(on("Mar 11", "02:59"))).then_rejects(TooEarly)
    accepted(promised, "Mar 11", "03:00")


def test_s5_k7_a_parcel_that_the_carrier_lost_opens_at_once() -> None:
    lost = after(SHIPPED, record("carrier_lost", on("Mar 4")))
    given(decider, lost).when(open_dispute(on("Mar 4", "11:59"))).then_rejects(TooEarly)
    accepted(lost, "Mar 4", "12:00")


def test_s21_k2_a_finished_order_was_received_also_where_no_scan_says_so() -> None:
    accepted(order(finished="Mar 5"), "Mar 5", "12:00")


def test_g3_k3_an_order_that_is_neither_shipped_nor_promised_opens_30_days_after_the_payment() -> None:
    assert refused(order(), TooEarly, "Mar 28").members == {"opens_at": on("Mar 29", "00:00")}
    accepted(order(), "Mar 29", "00:00")


def test_g3_an_order_that_is_not_even_paid_has_no_opening_instant() -> None:
    assert refused(order(paid_at=None), TooEarly).members == {}


# G4: until when


def test_s22_g4_finished_on_march_20_ends_with_april_4() -> None:
    finished = order(shipped="Mar 1", finished="Mar 20")
    accepted(finished, "Apr 4", "23:59")
    refusal = refused(finished, ProtectionAlreadyExpired, "Apr 5")
    assert (refusal.code, refusal.cited) == ("protection_expired", ("S22",))
    assert refusal.members["ended_at"] == wire_time(on("Apr 5", "00:00"))
    given(decider, finished).when(open_dispute(on("Apr 5", "00:00"))).then_rejects(ProtectionAlreadyExpired)


def test_s20_what_is_over_names_the_seller_as_another_route() -> None:
    expired = refused(order(finished="Mar 20"), ProtectionAlreadyExpired, "Apr 5")
    completed = refused(after(order(), record("cancelled", on("Mar 2"))), OrderAlreadyCompleted, "Mar 30")
    for refusal in (expired, completed):
        assert "contact-seller" in {action["rel"] for action in refusal.members["actions"]}


def test_k2_after_the_window_protection_expired_wins_over_order_completed() -> None:
    finished = order(shipped="Mar 1", finished="Mar 20")
    released = {ORDER_STREAM: [*finished[ORDER_STREAM], payment_released()]}
    refused(released, OrderAlreadyCompleted, "Apr 4")
    refused(released, ProtectionAlreadyExpired, "Apr 5")


# The order of the guards, and the same guards without a reason


HELD = HeldPieces(line_id="l1", quantity=1, cap=usd("50.00"))
REPAIRS: list[tuple[type[Rejected], dict[str, Any]]] = [
    (NotEligibleOffPlatform, {"channel": "platform"}),
    (PaymentMethodNotAccepted, {"payment": {}}),
    (AccountNotInGoodStanding, {"buyer_account_status": "good"}),
    (ProtectionAlreadyExpired, {"finished": "Mar 1"}),
    (AlreadyOpen, {"held": False}),
    (ReasonNotCovered, {"reason": Reason.DAMAGED}),
    (ValidationFailed, {"lines": (RequestedLine(line_id="l1", quantity=1),)}),
    (ValidationFailed, {"description": "Broken."}),
    (EvidenceRequired, {"reason": Reason.LATE}),
    (AmountExceedsCap, {"amount": "50.00"}),
]
"""What says no, in order, and what puts it right."""


def test_g1_g2_g3_g4_g5_g6_g7_g9_the_first_guard_that_fails_gives_the_code() -> None:
    """Everything is wrong at first; each repair brings the next guard to light."""
    bought: dict[str, Any] = {
        "channel": "off_platform",
        "payment": {"method": "voucher"},
        "terms": LISTED_ONLY,
        "buyer_account_status": "restricted",
        "finished": "Feb 3",
        "placed_at": on("Jan 27"),
        "paid_at": on("Jan 27"),
    }
    asked: dict[str, Any] = {
        "reason": Reason.CHANGE_OF_MIND,
        "lines": (RequestedLine(line_id="l1", quantity=2),),
        "description": "坏",
        "amount": "50.01",
    }
    held = True
    for code, repair in REPAIRS:
        happened = order(shipped="Mar 1", **bought)
        happened[ORDER_STREAM] += (
            [PaymentHeld(order_id=ORDER, hold=Hold.DISPUTE, dispute_id="dsp_x", lines=(HELD,), held_at=on("Mar 2"))]
            if held
            else []
        )
        refused(happened, code, **asked)
        held = repair.get("held", held)
        bought |= {name: value for name, value in repair.items() if name in bought}
        asked |= {name: value for name, value in repair.items() if name in asked}
    accepted(order(shipped="Mar 1", **bought), "Mar 12", **asked)


def test_g3_comes_before_g4() -> None:
    lost_in_time = order(finished="Mar 20")
    given(decider, lost_in_time).when(open_dispute(on("Mar 19"))).then_rejects(TooEarly)


def test_without_a_reason_all_guards_but_the_ground_are_asked() -> None:
    state = order_of(SHIPPED)
    pieces = named_pieces(state, [("l1", 1)])
    guard_eligible(state, pieces, None, EARLIEST)
    with pytest.raises(TooEarly):
        guard_eligible(state, pieces, None, on("Mar 11"))


def test_s48_after_a_cancelled_dispute_the_line_is_free_again() -> None:
    accepted(after(opened(), cancel(on("Mar 13"))), "Mar 14", n=2)


def test_the_terms_are_those_of_the_order() -> None:
    accepted(order(shipped="Mar 1", terms=terms(opens_after_shipment_days=3)), "Mar 4")
    refused(order(shipped="Mar 1", terms=BASIC), TooEarly, "Mar 4")
