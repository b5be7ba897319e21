"""Warranties: four entitlements apart, each by its own rule (S91–S93, S97, K11, K12)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dispute.domain.orders.categories import words_of
from shared.events.calendar import within_years
from shared.events.dispute import Payer, Reason
from shared.events.order import Remedy, ShipTo
from tests.support.builders.entitlements import NOT_RECEIVED, all_judged, code_of, judged, rules_of, sold, terms_in
from tests.support.builders.orders import Histories, on, order, order_line

ADVANCED = sold("advanced", programme="aliexpress_advanced", category="electronics")


def in_year(year: int, day: str, time: str = "12:00") -> datetime:
    return datetime.strptime(f"{year} {day} {time}", "%Y %b %d %H:%M").replace(tzinfo=UTC)


def code_at(what: str, happened: Histories, at: datetime) -> str:
    refusal = all_judged(happened, at)[what].refusal
    return refusal.code if refusal else "granted"


def test_s91_advanced_warrants_for_two_years_from_the_delivery() -> None:
    """Delivered on 5 March 2026: the last day is 5 March 2028."""
    assert code_at("warranty advanced", ADVANCED, in_year(2028, "Mar 5", "23:59")) == "granted"
    assert code_at("warranty advanced", ADVANCED, in_year(2028, "Mar 6", "00:00")) == "warranty_not_applicable"
    assert judged("warranty advanced", ADVANCED, "Mar 6").ends_at == in_year(2028, "Mar 6", "00:00")


def test_s91_basic_has_no_warranty() -> None:
    refused = judged("warranty advanced", sold("advanced"), "Mar 6")
    assert (refused.refusal and refused.refusal.code, rules_of(refused)) == (
        "warranty_not_applicable",
        ("S91", "S92", "K12"),
    )


def test_s91_it_is_for_the_products_that_bear_the_flag_and_for_all_where_none_does() -> None:
    terms = terms_in("DE", "aliexpress_advanced")
    flagged = order(
        order_line("l1", flags=("advanced",)), order_line("l2"), terms=terms, shipped="Mar 1", delivered="Mar 5"
    )
    assert judged("warranty advanced", flagged, "Mar 6").pieces == [("l1", 1)]
    plain = order(order_line("l1"), order_line("l2"), terms=terms, shipped="Mar 1", delivered="Mar 5")
    assert judged("warranty advanced", plain, "Mar 6").pieces == [("l1", 1), ("l2", 1)]


def test_s92_k12_a_replacement_is_due_under_advanced_and_not_under_basic() -> None:
    def replaces(happened: Histories) -> bool:
        found = all_judged(happened, on("Mar 6")).values()
        return any(one.is_granted and Remedy.REPLACEMENT in one.entitlement.remedies for one in found)

    assert replaces(sold("advanced", programme="aliexpress_advanced", country="US"))
    assert not replaces(sold("advanced", country="US"))


ONE_YEAR = [
    ("phone", "RU", True),
    ("phone", "ES", True),
    ("phone", "DE", True),
    ("phone", "US", True),
    ("tablet", "RU", True),
    ("tablet", "DE", False),
    ("phone", "FR", False),
    ("Mobile Phones", "DE", True),
    ("tablets_printing_image", "RU", True),
    ("headphones", "DE", False),
]


@pytest.mark.parametrize(("category", "country", "granted"), ONE_YEAR)
def test_s93_the_one_year_warranty_is_for_pairs_of_device_and_country(
    category: str, country: str, granted: bool
) -> None:
    bought = sold("one_year_warranty", category=category, country=country)
    expected = "granted" if granted else "warranty_not_applicable"
    assert code_of("warranty one_year", bought, "Mar 6") == expected


def test_s93_it_is_bought_and_runs_for_one_year() -> None:
    bought = sold("one_year_warranty", category="phone")
    assert code_of("warranty one_year", sold(category="phone"), "Mar 6") == "warranty_not_applicable"
    assert code_at("warranty one_year", bought, in_year(2027, "Mar 5", "23:59")) == "granted"
    assert code_at("warranty one_year", bought, in_year(2027, "Mar 6", "00:00")) == "warranty_not_applicable"


def test_s97_a_listings_own_warranty_is_as_it_was_when_it_was_ordered() -> None:
    promised = judged("warranty listing", sold(listing_warranty="Three years, bring it to any shop."), "Mar 6")
    assert (promised.is_granted, promised.ends_at) == (True, None)
    assert code_of("warranty listing", sold(), "Mar 6") == "warranty_not_applicable"


@pytest.mark.parametrize("name", ["advanced", "one_year", "listing"])
def test_k11_each_is_against_defects_of_what_was_received_at_the_sellers_freight(name: str) -> None:
    everything: dict[str, Any] = {
        "programme": "aliexpress_advanced",
        "category": "phone",
        "listing_warranty": "Two years.",
    }
    bought = sold("advanced", "one_year_warranty", **everything)
    what = f"warranty {name}"
    assert judged(what, bought, "Mar 6", reason=Reason.DEFECTIVE).entitlement.payer == Payer.SELLER
    assert code_of(what, bought, "Mar 6", reason=Reason.DEFECTIVE) == "granted"
    assert code_of(what, bought, "Mar 6", reason=Reason.CHANGE_OF_MIND) == "reason_not_covered"
    under_way = sold("advanced", "one_year_warranty", **everything, **NOT_RECEIVED)
    assert code_of(what, under_way, "Mar 6") == "too_early"


def test_k11_four_entitlements_stand_side_by_side() -> None:
    bought = sold(
        "advanced", "one_year_warranty", programme="aliexpress_advanced", category="phone", listing_warranty="5 years"
    )
    found = all_judged(bought, in_year(2027, "Jan 1"), Reason.DEFECTIVE)
    against = ("warranty advanced", "warranty one_year", "warranty listing", "statutory eu_conformity")
    assert all(found[name].is_granted for name in against)


def test_k25_years_from_29_february_end_on_28_february() -> None:
    leap = datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert within_years(leap, 2, "UTC") == datetime(2030, 3, 1, tzinfo=UTC)
    assert within_years(leap, 4, "UTC") == datetime(2032, 3, 1, tzinfo=UTC)
    assert within_years(datetime(2026, 3, 5, 23, tzinfo=UTC), 1, "Asia/Shanghai") == datetime(
        2027, 3, 6, 16, tzinfo=UTC
    )


def test_a_category_is_read_by_its_words_in_the_singular() -> None:
    assert words_of("Tablets_printing-image 2") == {"tablet", "printing", "image"}
    assert words_of("batteries & toys") == {"battery", "toy"}


def test_the_place_counts_where_it_goes() -> None:
    assert ShipTo(country="DE").country == "DE"
