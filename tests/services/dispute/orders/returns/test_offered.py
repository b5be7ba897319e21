"""A return that the seller offered: granted by the order's flags, and asked of the seller (S84, S85, K20)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.rejections import (
    AlreadyOpen,
    ItemDamaged,
    ItemExcluded,
    ItemUsed,
    PackagingMissing,
    ReasonNotCovered,
    ReturnWindowClosed,
    SealOrLabelBroken,
)
from shared.events.dispute import Payer, Reason, ReturnDue, ReturnKind
from shared.events.order import Hold, PaymentHeld
from shared.rejections import ValidationFailed
from tests.support.builders.entitlements import sold
from tests.support.builders.order_returns import WHOLE, grant
from tests.support.builders.orders import after, on
from tests.support.spec import given

HOME = {"return_address": "1 Seller Road", "return_country": "DE"}
BOTH = sold("extra_returns", "domestic_return", **HOME)
EXTRA, DOMESTIC = ReturnKind.EXTRA, ReturnKind.DOMESTIC
KINDS = pytest.mark.parametrize("kind", [EXTRA, DOMESTIC])


@KINDS
def test_s84_s85_k26_k22_it_goes_to_the_sellers_address_at_the_buyers_freight(kind: ReturnKind) -> None:
    held, due = given(decider, BOTH).when(grant(on("Mar 6"), kind)).then_types(PaymentHeld, ReturnDue).events
    assert held.hold == Hold.RETURN
    assert (due.kind, due.freight_payer, due.warehouse) == (kind, Payer.BUYER, None)
    assert due.address_ref is not None
    assert {"S84", "S83", "K26"} <= {*due.rules} if kind is DOMESTIC else {"S85", "S13"} <= {*due.rules}


@KINDS
def test_d1_d2_t27x_the_seller_has_days_to_answer_and_the_buyer_days_to_dispute_a_denial(kind: ReturnKind) -> None:
    due = given(decider, BOTH).when(grant(on("Mar 6"), kind)).events[1]
    assert (due.response_days, due.dispute_days) == (5, 5)
    free = given(decider, sold("free_return")).when(grant(on("Mar 6"))).events[1]
    assert (free.response_days, free.dispute_days) == (None, None)


def test_k22_an_extra_return_without_an_address_goes_to_the_warehouse() -> None:
    due = given(decider, sold("extra_returns")).when(grant(on("Mar 6"), EXTRA)).events[1]
    assert due.address_ref is None
    assert due.warehouse


@KINDS
def test_s84_s85_it_is_in_time_until_the_end_of_the_fifteenth_day_after_the_receipt(kind: ReturnKind) -> None:
    given(decider, BOTH).when(grant(on("Mar 20", "23:59"), kind)).then_types(PaymentHeld, ReturnDue)
    given(decider, BOTH).when(grant(on("Mar 21", "00:00"), kind)).then_rejects(ReturnWindowClosed)


@pytest.mark.parametrize(("kind", "rule"), [(EXTRA, "S85"), (DOMESTIC, "S84")])
def test_k20_what_the_seller_did_not_offer_is_not_covered(kind: ReturnKind, rule: str) -> None:
    refused = given(decider, sold("free_return", **HOME)).when(grant(on("Mar 6"), kind)).then_rejects(ReasonNotCovered)
    assert rule in refused.cited


def test_s84_from_a_country_where_the_seller_has_no_address_nothing_goes_back() -> None:
    abroad = sold("domestic_return", return_address="1 Seller Road", return_country="CN")
    refused = given(decider, abroad).when(grant(on("Mar 6"), DOMESTIC)).then_rejects(ReasonNotCovered)
    assert "S84" in refused.cited


@pytest.mark.parametrize(
    ("flag", "rule"),
    [("virtual", "S68"), ("free_gift", "S68"), ("customised", "S16"), ("perishable", "S16"), ("hygiene", "S16")],
)
@KINDS
def test_s68_s16_excluded_goods_do_not_go_back(kind: ReturnKind, flag: str, rule: str) -> None:
    excluded = sold("extra_returns", "domestic_return", flag, **HOME)
    refused = given(decider, excluded).when(grant(on("Mar 6"), kind)).then_rejects(ItemExcluded)
    assert rule in refused.cited


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("unused", ItemUsed),
        ("undamaged", ItemDamaged),
        ("original_packaging", PackagingMissing),
        ("seals_intact", SealOrLabelBroken),
    ],
)
def test_s28_s84_each_of_the_four_conditions_that_does_not_hold_has_its_own_code(name: str, refusal: Any) -> None:
    said = WHOLE.model_copy(update={name: False})
    extra = given(decider, BOTH).when(grant(on("Mar 6"), EXTRA, condition=said)).then_rejects(refusal)
    assert extra.cited == ("S28", "S68")
    domestic = given(decider, BOTH).when(grant(on("Mar 6"), DOMESTIC, condition=said)).then_rejects(refusal)
    assert domestic.cited == ("S28", "S84", "S68")


@KINDS
def test_s28_s108_k21_the_buyers_word_on_the_condition_and_the_reason_are_needed(kind: ReturnKind) -> None:
    silent = given(decider, BOTH).when(grant(on("Mar 6"), kind, condition=None)).then_rejects(ValidationFailed)
    assert silent.errors[0]["pointer"] == "/condition"
    why = grant(on("Mar 6"), kind, reason=Reason.NOT_STATED)
    refused = given(decider, BOTH).when(why).then_rejects(ValidationFailed)
    assert (refused.errors[0]["pointer"], refused.cited) == ("/reason", ("S108", "K21"))


def test_g5_a_piece_that_the_seller_is_asked_about_is_in_no_other_return() -> None:
    waiting = after(BOTH, grant(on("Mar 6"), EXTRA))
    for kind in (EXTRA, DOMESTIC, ReturnKind.STATUTORY):
        given(decider, waiting).when(grant(on("Mar 7"), kind, n=2)).then_rejects(AlreadyOpen)
