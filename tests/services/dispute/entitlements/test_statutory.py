"""Rights by law: they run from the receipt, and no programme limits them (S17, S94–S96, K25)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dispute.domain.entitlements.judging import best
from shared.events.dispute import Payer, Reason
from shared.events.order import Remedy
from tests.support.builders.entitlements import (
    NOT_RECEIVED,
    NOT_SHIPPED,
    all_judged,
    code_of,
    judged,
    rules_of,
    sold,
    terms_in,
)
from tests.support.builders.orders import Histories, on, order, order_line

EUROPE, BRAZIL, AMERICA = sold(), sold(country="BR"), sold(country="US")


def test_s94_k25_in_the_eu_day_14_is_in_time_and_day_15_is_not_and_the_buyer_pays() -> None:
    assert judged("statutory eu_withdrawal", EUROPE, "Mar 6").entitlement.payer == Payer.BUYER
    assert code_of("statutory eu_withdrawal", EUROPE, "Mar 19", "23:59") == "granted"
    assert code_of("statutory eu_withdrawal", EUROPE, "Mar 20", "00:00") == "return_window_closed"


def test_s94_in_the_eu_a_defect_counts_on_the_last_day_of_two_years_and_not_on_the_next() -> None:
    last, over = datetime(2028, 3, 5, 23, 59, tzinfo=UTC), datetime(2028, 3, 6, tzinfo=UTC)
    assert all_judged(EUROPE, last, Reason.DEFECTIVE)["statutory eu_conformity"].is_granted
    refusal = all_judged(EUROPE, over, Reason.DEFECTIVE)["statutory eu_conformity"].refusal
    assert refusal
    assert refusal.code == "warranty_not_applicable"


def test_k25_a_conformity_claim_is_at_the_sellers_cost() -> None:
    for what, happened in (("statutory eu_conformity", EUROPE), ("statutory br_conformity", BRAZIL)):
        one = judged(what, happened, "Mar 6").entitlement
        assert (one.payer, one.remedies) == (Payer.SELLER, (Remedy.REPAIR, Remedy.REPLACEMENT))


@pytest.mark.parametrize(("flags", "last", "next_day"), [((), "Jun 3", "Jun 4"), (("not_durable",), "Apr 4", "Apr 5")])
def test_s95_in_brazil_conformity_is_for_90_days_and_for_30_of_what_does_not_last(
    flags: tuple[str, ...], last: str, next_day: str
) -> None:
    """Received on 5 March: day 30 is 4 April, day 90 is 3 June."""
    bought = sold(*flags, country="BR")
    assert code_of("statutory br_conformity", bought, last, "23:59") == "granted"
    assert code_of("statutory br_conformity", bought, next_day, "00:00") == "warranty_not_applicable"


def test_s95_k25_in_brazil_regret_is_for_7_days_at_the_sellers_cost() -> None:
    assert judged("statutory br_regret", BRAZIL, "Mar 6").entitlement.payer == Payer.SELLER
    assert code_of("statutory br_regret", BRAZIL, "Mar 12", "23:59") == "granted"
    assert code_of("statutory br_regret", BRAZIL, "Mar 13", "00:00") == "return_window_closed"


EXCLUDED = [
    (("hygiene",), "toys"),
    (("perishable",), "toys"),
    (("customised",), "toys"),
    ((), "fashion_underwear_beach"),
    ((), "Socks"),
    ((), "food_drink"),
    ((), "batteries"),
]


@pytest.mark.parametrize(("flags", "category"), EXCLUDED)
def test_s95_k25_brazils_exclusions_limit_regret_alone(flags: tuple[str, ...], category: str) -> None:
    bought = sold(*flags, country="BR", category=category)
    refused = judged("statutory br_regret", bought, "Mar 6")
    assert (refused.refusal and refused.refusal.code, rules_of(refused)) == ("item_excluded", ("S95", "K25", "S17"))
    assert code_of("statutory br_conformity", bought, "Mar 6") == "granted"


def test_s16_s17_what_the_programme_excludes_the_law_may_still_take_back() -> None:
    bought = sold("extra_returns", "customised")
    assert code_of("extra_return", bought, "Mar 6") == "item_excluded"
    assert code_of("statutory eu_withdrawal", bought, "Mar 6") == "granted"


def test_s17_where_the_programme_refuses_and_the_law_grants_it_is_granted_by_the_laws_rule() -> None:
    """Basic is over on 21 March; two years of conformity are not."""
    found = all_judged(EUROPE, on("May 1"), Reason.DEFECTIVE)
    programme, law = found["programme aliexpress_basic"], found["statutory eu_conformity"]
    assert programme.refusal
    assert programme.refusal.code == "protection_expired"
    assert best(found.values()) is law
    assert set(rules_of(law)) >= {"S17", "S94"}


def test_s96_no_terms_are_stricter_than_the_law() -> None:
    mean = terms_in("DE").model_copy(update={"protection_days": 0, "return_free_days": 0})
    bought = order(order_line(), shipped="Mar 1", delivered="Mar 5", terms=mean)
    assert code_of("programme aliexpress_basic", bought, "Mar 7") == "protection_expired"
    assert code_of("statutory eu_withdrawal", bought, "Mar 7") == "granted"


def by_law(happened: Histories) -> set[str]:
    return {name for name in all_judged(happened, on("Mar 6")) if name.startswith("statutory")}


def test_s96_only_the_law_of_the_country_that_it_went_to_is_judged() -> None:
    assert by_law(EUROPE) == {"statutory eu_withdrawal", "statutory eu_conformity"}
    assert by_law(BRAZIL) == {"statutory br_regret", "statutory br_conformity"}
    assert by_law(AMERICA) == set()


def test_s94_a_buyer_may_withdraw_before_anything_has_come_and_claim_a_fault_only_afterwards() -> None:
    for under_way in (sold(**NOT_SHIPPED), sold(**NOT_RECEIVED)):
        early = judged("statutory eu_withdrawal", under_way, "Mar 6")
        assert (early.is_granted, early.ends_at) == (True, None)
        assert code_of("statutory eu_conformity", under_way, "Mar 6") == "too_early"


def test_s94_what_was_delivered_as_described_is_no_fault() -> None:
    assert code_of("statutory eu_conformity", EUROPE, "Mar 6", reason=Reason.CHANGE_OF_MIND) == "reason_not_covered"
    assert code_of("statutory eu_withdrawal", EUROPE, "Mar 6", reason=Reason.CHANGE_OF_MIND) == "granted"
