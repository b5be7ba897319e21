"""Returns of what is merely unwanted: who may send it back, until when, and at whose cost (S67–S74, S83–S85)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from dispute.domain.areas import Area, Places
from dispute.domain.entitlements.entitlement import Question
from dispute.domain.entitlements.returns import is_large
from dispute.domain.orders.facts import Fact, FactType
from dispute.domain.orders.naming import NamedParcel
from shared.events.dispute import Payer, Reason
from shared.events.order import Remedy, ShipTo
from tests.support.builders.entitlements import (
    NOT_RECEIVED,
    all_judged,
    code_of,
    judged,
    rules_of,
    sold,
    terms_in,
)
from tests.support.builders.orders import BASIC, PROGRAMMES, Histories, after, on, order, order_line, order_of, record

FREE = sold("free_return")


# Free Return


def test_s67_a_listing_without_the_label_has_no_free_return() -> None:
    refused = judged("free_return", sold(), "Mar 6")
    assert (refused.refusal and refused.refusal.code, rules_of(refused)) == ("not_free_return_item", ("S67",))


def test_s67_k8_day_15_after_the_receipt_is_in_time_and_day_16_is_not() -> None:
    assert code_of("free_return", FREE, "Mar 20", "23:59") == "granted"
    assert code_of("free_return", FREE, "Mar 21", "00:00") == "return_window_closed"
    assert judged("free_return", FREE, "Mar 6").ends_at == on("Mar 21", "00:00")


def test_s67_what_was_not_received_cannot_go_back_yet() -> None:
    assert code_of("free_return", sold("free_return", **NOT_RECEIVED), "Mar 6") == "too_early"


def test_s67_k26_the_platform_pays_and_no_reason_is_asked() -> None:
    granted = judged("free_return", FREE, "Mar 6", reason=Reason.CHANGE_OF_MIND)
    assert (granted.entitlement.payer, granted.entitlement.remedies) == (Payer.PLATFORM, (Remedy.RETURN,))
    assert granted.is_granted


NO_FREE_RETURN = [
    "perishable",  # 2
    "hygiene",  # 3
    "virtual",  # 4
    "free_gift",  # 5
    "customised",  # 6
]


@pytest.mark.parametrize("flag", NO_FREE_RETURN)
def test_s68_some_goods_have_no_free_return_by_number(flag: str) -> None:
    refused = judged("free_return", sold("free_return", flag), "Mar 6")
    assert (refused.refusal and refused.refusal.code, rules_of(refused)) == ("item_excluded", ("S68",))


def test_s68_fragile_goods_have_one() -> None:
    assert code_of("free_return", sold("free_return", "fragile"), "Mar 6") == "granted"


SIZES: list[tuple[dict[str, Any], bool]] = [
    ({"dimensions_cm": (Decimal("120"), Decimal("1"), Decimal("1"))}, False),
    ({"dimensions_cm": (Decimal("120.1"), Decimal("1"), Decimal("1"))}, True),
    ({"dimensions_cm": (Decimal("70"), Decimal("70"), Decimal("70"))}, False),
    ({"dimensions_cm": (Decimal("70"), Decimal("70"), Decimal("70.1"))}, True),
    ({"weight_kg": Decimal("30")}, False),
    ({"weight_kg": Decimal("30.1")}, True),
    ({}, False),
]


@pytest.mark.parametrize(("size", "large"), SIZES)
def test_s69_the_limits_themselves_are_not_large(size: dict[str, Any], large: bool) -> None:
    assert is_large(order_of(sold("free_return", **size)), BASIC) == large
    expected = "confirmation_required" if large else "granted"
    assert code_of("free_return", sold("free_return", **size), "Mar 6") == expected


@pytest.mark.parametrize(("size", "large"), SIZES)
def test_s69_one_large_parcel_makes_the_order_large(size: dict[str, Any], large: bool) -> None:
    small = NamedParcel(parcel_id="p1", weight_kg=Decimal("1"), lines=())
    told = Fact(type=FactType.SHIPPED, at=on("Mar 1"), parcels=(small, NamedParcel(parcel_id="p2", lines=(), **size)))
    assert is_large(order_of(order(order_line(quantity=2), facts=(told,))), BASIC) == large


def test_s69_pieces_that_travel_in_measured_parcels_are_not_measured_again() -> None:
    heavy = order_line(weight_kg=Decimal("31"))
    told = Fact(type=FactType.SHIPPED, at=on("Mar 1"), parcels=(NamedParcel(parcel_id="p1", weight_kg=Decimal("29")),))
    assert is_large(order_of(order(heavy)), BASIC)
    assert not is_large(order_of(order(heavy, facts=(told,))), BASIC)


def test_s71_a_large_order_needs_a_word_before() -> None:
    large: dict[str, Any] = {"weight_kg": Decimal("30.1")}
    refused = judged("free_return", sold("free_return", **large), "Mar 6")
    assert (refused.refusal and refused.refusal.code, rules_of(refused)) == ("confirmation_required", ("S71", "S69"))
    assert code_of("free_return", sold("free_return", free_return_confirmed=True, **large), "Mar 6") == "granted"


@pytest.mark.parametrize(
    ("country", "postal_code", "overseas"),
    [
        ("ES", "350", True),
        ("ES", "380", True),
        ("ES", "510", True),
        ("ES", "520", True),
        ("IC", "350", True),
        ("ES", "280", False),
        ("ES", None, False),
        ("PT", "350", False),
    ],
)
def test_s70_an_overseas_territory_is_told_by_country_and_postal_code(
    country: str, postal_code: str | None, overseas: bool
) -> None:
    places = PROGRAMMES.places("aliexpress_basic", on("Mar 6"))
    assert places.is_overseas(ShipTo(country=country, postal_code=postal_code)) == overseas


def test_s71_s70_an_overseas_territory_needs_a_word_before() -> None:
    there: dict[str, Any] = {"country": "ES", "postal_code": "350"}
    assert rules_of(judged("free_return", sold("free_return", **there), "Mar 6")) == ("S71", "S70")
    assert code_of("free_return", sold("free_return", free_return_confirmed=True, **there), "Mar 6") == "granted"


@pytest.mark.parametrize("region", ["UA-09", "09", "luhansk", "Donetsk", "ZAPOROZHA", "Kherson oblast", "UA-65"])
def test_s72_some_regions_have_no_returns_for_the_time_being(region: str) -> None:
    refused = judged("free_return", sold("free_return", country="UA", region=region), "Mar 6")
    assert (refused.refusal and refused.refusal.code, rules_of(refused)) == ("return_service_suspended", ("S72",))


def test_s72_other_regions_have_them() -> None:
    assert code_of("free_return", sold("free_return", country="UA", region="Kyiv"), "Mar 6") == "granted"


@pytest.mark.parametrize("postal_code", ["090", "099", "962", "966", "340", "006", "009", "967", "969"])
def test_s73_some_us_postal_codes_have_no_returns(postal_code: str) -> None:
    refused = judged("free_return", sold("free_return", country="US", postal_code=postal_code), "Mar 6")
    assert (refused.refusal and refused.refusal.code, rules_of(refused)) == ("return_service_suspended", ("S73",))


@pytest.mark.parametrize("postal_code", ["100", "970", "961", "089", "341", "010", None])
def test_s73_other_us_postal_codes_have_them(postal_code: str | None) -> None:
    assert code_of("free_return", sold("free_return", country="US", postal_code=postal_code), "Mar 6") == "granted"


def test_s74_free_return_is_for_24_countries_and_the_25th_is_data() -> None:
    places = PROGRAMMES.places("aliexpress_basic", on("Mar 6"))
    assert len(set(places.free_countries)) == 24
    assert code_of("free_return", sold("free_return", country="CH"), "Mar 6") == "country_not_eligible"
    more = places.model_copy(update={"free_countries": (*places.free_countries, "CH")})
    state = order_of(sold("free_return", country="CH"))
    assert granted_in(state, more)


def granted_in(state: Any, places: Places) -> bool:
    from dispute.domain.entitlements.judging import judge
    from dispute.domain.orders.pieces import named_pieces

    found = judge(Question(state, None, on("Mar 6"), places), named_pieces(state, [("l1", 1)]))
    return next(one.is_granted for one in found if one.entitlement.kind == "free_return")


def test_an_area_may_be_whole_countries() -> None:
    assert Area(countries=("DE",)).holds(ShipTo(country="DE", region="BE"))
    assert not Area(countries=("DE",)).holds(ShipTo(country="FR"))


# The seller's own returns

OWN = [("extra_return", "extra_returns"), ("domestic_return", "domestic_return")]  # S85, S84
AT_HOME = {"return_address": "1 Seller Road", "return_country": "DE"}


@pytest.mark.parametrize(("kind", "flag"), OWN)
def test_s13_s83_a_sellers_own_return_is_for_15_days_at_the_buyers_cost(kind: str, flag: str) -> None:
    happened = sold(flag, **AT_HOME)
    assert judged(kind, happened, "Mar 6").entitlement.payer == Payer.BUYER
    assert code_of(kind, happened, "Mar 20", "23:59") == "granted"
    assert code_of(kind, happened, "Mar 21", "00:00") == "return_window_closed"


def test_s85_s84_what_the_seller_does_not_offer_is_not_covered() -> None:
    assert rules_of(judged("extra_return", sold("domestic_return"), "Mar 6")) == ("S85", "S13", "S83")
    assert rules_of(judged("domestic_return", sold("extra_returns", **AT_HOME), "Mar 6")) == ("S84", "S83")


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (AT_HOME, "granted"),
        (AT_HOME | {"return_country": "CN"}, "reason_not_covered"),
        ({"return_address": "1 Seller Road"}, "reason_not_covered"),
        ({}, "reason_not_covered"),
    ],
)
def test_s84_a_domestic_return_needs_an_address_in_the_country_that_the_order_went_to(
    told: dict[str, str], code: str
) -> None:
    assert code_of("domestic_return", sold("domestic_return", **told), "Mar 6") == code


def test_s84_k22_the_orders_address_is_the_first_sellers_so_another_ones_line_has_no_domestic_return() -> None:
    lines = [order_line("l1", flags=("domestic_return",)), order_line("l2", "9.00", flags=("domestic_return",))]
    other = lines[1].model_copy(update={"seller_id": "seller-2"})
    bought = order(lines[0], other, terms=terms_in("DE"), shipped="Mar 1", delivered="Mar 5", **AT_HOME)
    found = [all_judged(bought, on("Mar 6"), None, name)["domestic_return"] for name in ("l1", "l2")]
    assert [one.is_granted for one in found] == [True, False]


EXCLUDED = [
    "customised",  # S16 a
    "perishable",  # S16 b
    "fragile",  # S16 b
    "hygiene",  # S16 c
    "copiable_media",  # S16 g
]


@pytest.mark.parametrize("flag", EXCLUDED)
def test_s16_k10_what_cannot_be_sold_again_does_not_go_back_unwanted_and_its_faults_are_covered(flag: str) -> None:
    happened = sold("extra_returns", flag)
    assert code_of("extra_return", happened, "Mar 6") == "item_excluded"
    assert code_of("programme aliexpress_basic", happened, "Mar 6", reason=Reason.CHANGE_OF_MIND) == "item_excluded"
    for fault in (Reason.DAMAGED, Reason.DEFECTIVE, Reason.NOT_AS_DESCRIBED):
        assert code_of("programme aliexpress_basic", happened, "Mar 6", reason=fault) == "granted"


@pytest.mark.parametrize("flag", ["virtual", "free_gift"])  # S68 (4), (5)
def test_s68_what_no_free_return_takes_back_a_sellers_own_does_not_either(flag: str) -> None:
    assert rules_of(judged("extra_return", sold("extra_returns", flag), "Mar 6")) == ("S68",)


def test_s16_a_package_that_was_opened_to_look_may_go_back() -> None:
    """Nothing is known of it before the inspection, so nothing is refused for it."""
    assert code_of("extra_return", sold("extra_returns"), "Mar 6") == "granted"


def test_s7_s8_none_of_them_is_for_what_was_bought_elsewhere() -> None:
    for changed in ({"channel": "off_platform"}, {"payment": {"payee": "seller"}}):
        elsewhere = sold("free_return", "extra_returns", "domestic_return", **changed)
        for kind in ("free_return", "extra_return", "domestic_return", "cancellation"):
            assert code_of(kind, elsewhere, "Mar 6") == "not_eligible_off_platform"


def test_k2_what_is_finished_without_a_scan_was_received() -> None:
    happened: Histories = after(sold("free_return", **NOT_RECEIVED), record("finished", on("Mar 8")))
    assert judged("free_return", happened, "Mar 9").ends_at == on("Mar 24", "00:00")
