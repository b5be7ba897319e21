"""Programmes: versions side by side, and the terms that follow from them (S90, S91, S96, S98–S102)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from dispute.app import load_programmes
from dispute.domain.decider import decider
from dispute.domain.programmes import Programmes
from dispute.domain.rejections import ProtectionAlreadyExpired
from shared.events.moments import BEGINNING
from shared.events.order import Anchor, LawRight, RightKind, Terms
from shared.rejections import ValidationFailed
from shared.rules.book import RULES
from tests.support.builders.disputes import dispute_of, open_dispute, opened
from tests.support.builders.orders import BASIC, PROGRAMMES, on, order, order_of, programme_documents
from tests.support.spec import given

NOW = on("Feb 27")
SHOP: dict[str, Any] = {"programme": "corner_shop", "version": 3, "protection": {"days": 30}}


def programmes(*more: dict[str, Any]) -> Programmes:
    return Programmes([*programme_documents(), *more])


def resolved(name: str | None, *more: dict[str, Any], at: datetime = NOW, **of: Any) -> Terms:
    return programmes(*more).resolve(name, at, **of)


def test_s90_aliexpress_basic_is_everyones_who_has_no_other() -> None:
    assert resolved(None) == resolved("aliexpress_basic") == BASIC


def test_s91_an_order_that_names_no_programme_has_advanced_where_a_line_bears_the_flag() -> None:
    assert resolved(None, flags={"advanced"}).programme == "aliexpress_advanced"
    assert resolved("aliexpress_basic", flags={"advanced"}).programme == "aliexpress_basic"
    assert resolved(None, flags={"free_return"}).programme == "aliexpress_basic"


def test_s91_advanced_is_basic_and_two_years_of_warranty() -> None:
    advanced = resolved("aliexpress_advanced")
    own = {"programme", "version", "hash", "rules", "warranty_years"}
    assert (BASIC.warranty_years, advanced.warranty_years) == (0, 2)
    assert advanced.model_dump(exclude=own) == BASIC.model_dump(exclude=own)


def test_a_programme_may_name_its_holidays_and_the_default_has_none() -> None:
    assert resolved("corner_shop", SHOP | {"holidays": "BR"}).holidays == "BR"
    assert BASIC.holidays is None


def test_s98_aliexpress_basic_has_the_default_parameters() -> None:
    assert BASIC.model_dump(exclude={"hash"}) == {
        "programme": "aliexpress_basic",
        "version": 1,
        "rules": ("S90", "S98"),
        "timezone": "UTC",
        "anchor": Anchor.FINISHED,
        "protection_days": 15,
        "undelivered_fallback_days": 75,
        "opens_after_shipment_days": 11,
        "opens_again_per_day": 5,
        "opens_unshipped_days": 30,
        "release_delay_hours": 1,
        "payment_methods": ("visa", "mastercard", "qiwi", "western_union", "bank_transfer", "maestro"),
        "payment_methods_only": False,
        "tracking_lag_days": 7,
        "seller_response_days": 5,
        "buyer_response_days": 5,
        "buyer_timeout_action": "escalate",
        "negotiation_days": 7,
        "max_rounds": 10,
        "escalation_after_days": 0,
        "evidence_days": 3,
        "evidence_policy": "union",
        "evidence_image_types": ("jpg", "jpeg", "bmp", "gif", "png"),
        "evidence_max_bytes": 2_097_152,
        "evidence_video_max_bytes": 52_428_800,
        "evidence_video_max_seconds": 180,
        "evidence_max_items": 20,
        "evidence_unattached_hours": 24,
        "review_days": 7,
        "appeal_days": 7,
        "appeal_review_days": 7,
        "survey_days": 15,
        "two_person_amounts": (),
        "proposal_days": 7,
        "return_ship_days": 10,
        "return_transit_alarm_days": 30,
        "return_inspect_bd": 2,
        "return_warehouse": "Returns warehouse, 1 Example Street, 10115 Berlin, Germany",
        "return_points": ("usps",),
        "return_free_days": 15,
        "return_extra_days": 15,
        "return_domestic_days": 15,
        "return_large_side_cm": 120,
        "return_large_sum_cm": 210,
        "return_large_kg": 30,
        "warranty_years": 0,
        "warranty_one_year": ("phone RU", "phone ES", "phone DE", "phone US", "tablet RU"),
        "warranty_review_days": 7,
        "refund_bank_window_bd": (3, 15),
        "refund_window_by_method": ({"method": "wallet", "bank_window_bd": (3, 10)},),
        "refund_after_return_bd": 20,
        "replacement_days": 30,
        "reminder_hours": 24,
        "holidays": None,
        "law": (),
    }


SHIPPED: Sequence[tuple[str, Anchor, int, tuple[str, ...]]] = [
    ("temu", Anchor.PAID, 90, ("usps", "ups_store")),  # S99
    ("wish", Anchor.FINISHED, 30, ("usps",)),  # S100
    ("dhgate", Anchor.PAID, 90, ("usps",)),  # S101
]


@pytest.mark.parametrize(("name", "anchor", "days", "points"), SHIPPED)
def test_s102_s9_a_programme_inherits_every_parameter_that_it_does_not_set(
    name: str, anchor: Anchor, days: int, points: tuple[str, ...]
) -> None:
    terms = resolved(name)
    own = {"anchor": anchor, "protection_days": days, "payment_methods": (), "return_points": points}
    named = {"programme": name, "hash": terms.hash, "rules": terms.rules}
    assert terms.model_dump() == BASIC.model_dump() | own | named


def judged(name: str, last: str, next_day: str, **facts: str) -> None:
    """A dispute is accepted in the last minute of the one day and refused in the first of the next."""
    bought = order(terms=resolved(name), **facts)
    reason = "late" if "finished" in facts else "not_received"
    assert given(decider, bought).when(open_dispute(on(last, "23:59"), reason=reason)).events
    late = given(decider, bought).when(open_dispute(on(next_day, "00:00"), reason=reason))
    late.then_rejects(ProtectionAlreadyExpired)


def test_s98_basic_protects_until_15_days_after_the_delivery() -> None:
    judged("aliexpress_basic", "Apr 4", "Apr 5", shipped="Mar 1", finished="Mar 20")


def test_s99_temu_protects_for_90_days_after_the_purchase() -> None:
    """Paid on 27 February: 90 days later is 28 May."""
    judged("temu", "May 28", "May 29", shipped="Mar 1")


def test_s100_wish_protects_until_30_days_after_the_delivery() -> None:
    judged("wish", "Apr 19", "Apr 20", shipped="Mar 1", finished="Mar 20")


def test_s101_dhgate_protects_for_90_days_after_the_purchase() -> None:
    judged("dhgate", "May 28", "May 29", shipped="Mar 1")


def test_every_rule_that_a_shipped_rule_set_names_exists() -> None:
    rights = [right for one in PROGRAMMES.all for right in getattr(one, "rights", ())]
    named = {rule for one in (*PROGRAMMES.all, *rights) for rule in one.rules}
    assert named <= set(RULES)


# Versions


FIRST: dict[str, Any] = {"programme": "corner_shop", "version": 1, "protection": {"days": 20}}
SECOND: dict[str, Any] = FIRST | {"version": 2, "protection": {"days": 40}, "effective_from": date(2026, 6, 1)}


def days(found: Programmes, at: datetime) -> int:
    return found.resolve("corner_shop", at).protection_days


@pytest.mark.parametrize("documents", [(FIRST, SECOND), (SECOND, FIRST)])
def test_s102_versions_stand_side_by_side_and_each_is_in_force_from_its_day(documents: Any) -> None:
    found = programmes(*documents)
    assert (days(found, on("May 31", "23:59")), days(found, on("Jun 1", "00:00"))) == (20, 40)
    assert [(one.version, one.begins_at, found.until(one)) for one in found.versions("corner_shop")] == [
        (1, BEGINNING, on("Jun 1", "00:00")),
        (2, on("Jun 1", "00:00"), None),
    ]


def test_a_programme_that_has_not_begun_is_none_yet() -> None:
    found = programmes(SECOND)
    with pytest.raises(ValidationFailed):
        found.resolve("corner_shop", on("May 31"))
    assert found.in_force("corner_shop", on("May 31")) is None
    assert days(found, on("Jun 1")) == 40


def test_a_later_default_changes_nobodys_terms_who_began_before() -> None:
    stricter = {"programme": "aliexpress_basic", "version": 2, "negotiation": {"seller_response_days": 2}}
    stricter |= {"effective_from": date(2026, 3, 1)}
    found = programmes(stricter, FIRST, SECOND)
    assert found.resolve("corner_shop", on("Apr 1")) == programmes(FIRST).resolve("corner_shop", on("Apr 1"))
    assert found.resolve(None, on("Apr 1")).seller_response_days == 2
    assert found.resolve(None, on("Apr 1")).protection_days == 15, "what a later default does not set is the first's"
    assert found.resolve("corner_shop", on("Jun 1")).seller_response_days == 2, "it began under the second default"


def test_an_edit_that_keeps_its_version_shows_in_the_hash() -> None:
    edited = FIRST | {"protection": {"days": 21}}
    assert resolved("corner_shop", FIRST).hash != resolved("corner_shop", edited).hash
    renamed = FIRST | {"title": "The corner shop"}
    assert resolved("corner_shop", FIRST).hash == resolved("corner_shop", renamed).hash


def test_an_order_stays_bound_and_its_dispute_repeats_the_terms() -> None:
    bound = resolved("corner_shop", FIRST, SECOND)
    bought = order(shipped="Mar 1", terms=bound)
    assert order_of(bought).terms == bound
    assert dispute_of(opened(happened=bought)).terms == bound


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("stands twice", {"programme": "temu", "version": 1}),
    ("stands twice", {"law_pack": "eu", "version": 1, "countries": ["FR"], "rights": []}),
    ("programme and a law pack", {"programme": "eu", "version": 2}),
    ("version", {"programme": "odd"}),
    ("version", {"programme": "odd", "version": 0}),
    ("version", {"programme": "odd", "version": "1"}),
    ("name", {"programme": "Odd Shop", "version": 1}),
    ("name", {"version": 1}),
    ("odd", {"programme": "odd", "version": 1, "protection": {"days": "many"}}),
    ("odd", {"programme": "odd", "version": 1, "protecion": {"days": 30}}),
    ("odd", {"programme": "odd", "version": 1, "protection": {"day": 30}}),
    ("odd", {"programme": "odd", "version": 1, "colour": "red"}),
    ("calendar XX", {"programme": "odd", "version": 1, "holidays": "XX"}),
    ("odd", {"programme": "odd", "version": 1, "returns": {"free_countries": "DE"}}),
    ("rule", {"programme": "odd", "version": 1, "rules": ["the third"]}),
    ("effective_from", {"programme": "odd", "version": 1, "effective_from": "soon"}),
    ("effective_from", {"programme": "odd", "version": 1, "effective_from": datetime(2026, 6, 1)}),  # noqa: DTZ001
    ("law pack odd", {"law_pack": "odd", "version": 1, "countries": ["XX"]}),
    ("law pack odd", {"law_pack": "odd", "version": 1, "countries": ["XX"], "rights": []}),
    ("odd: right", {"law_pack": "odd", "version": 1, "countries": ["XX"], "rights": [{"days": "many"}]}),
]


@pytest.mark.parametrize(("words", "odd"), WRONG)
def test_what_is_misspelt_is_refused_when_it_is_read_and_never_inherited(words: str, odd: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=words):
        programmes(odd)


RIGHT = {"right": "r1", "kind": "withdrawal", "days": 14, "payer": "buyer", "remedies": ["return"], "rules": ["S96"]}
WRONG_RIGHTS: list[tuple[str, dict[str, Any]]] = [
    ("r1: unknown: grace", {"kind": "grace"}),
    ("r1: unknown: nobody", {"payer": "nobody"}),
    ("r1: unknown: luck", {"remedies": ["luck"]}),
    ("r1 has either days or years", {"years": 1}),
    ("r1 has either days or years", {"days": None}),
]


@pytest.mark.parametrize(("words", "odd"), WRONG_RIGHTS)
def test_a_right_by_law_that_nobody_could_judge_is_refused_when_it_is_read(words: str, odd: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=words):
        programmes({"law_pack": "odd", "version": 1, "countries": ["XX"], "rights": [RIGHT | odd]})


def test_an_unknown_programme_is_a_form_error() -> None:
    with pytest.raises(ValidationFailed) as refusal:
        resolved("nowhere")
    assert (refusal.value.errors[0]["pointer"], refusal.value.errors[0]["code"]) == ("/programme", "unknown_programme")


def test_a_law_pack_is_no_programme() -> None:
    with pytest.raises(ValidationFailed):
        resolved("eu")


# Law packs


def test_s96_s17_the_law_of_the_buyers_country_is_bound_with_the_order() -> None:
    assert [right.right for right in resolved(None, country="DE").law] == ["eu_conformity", "eu_withdrawal"]
    assert [right.right for right in resolved("temu", country="BR").law] == ["br_conformity", "br_regret"]
    assert resolved(None, country="US").law == ()


def test_k25_s94_the_eu_are_its_27_members() -> None:
    pack = PROGRAMMES.in_force("eu", NOW)
    assert pack
    assert len(set(pack.parameters["countries"])) == 27
    assert {"GB", "CH", "NO"}.isdisjoint(pack.parameters["countries"])


def test_s96_a_law_needs_no_code() -> None:
    pack = {"law_pack": "uk", "version": 1, "countries": ["GB"], "rights": [RIGHT | {"right": "uk_cancel"}]}
    (found,) = resolved(None, pack, country="GB").law
    assert (found.pack, found.version, found.right, found.days) == ("uk", 1, "uk_cancel", 14)
    assert isinstance(found, LawRight)
    assert found.kind == RightKind.WITHDRAWAL


# The operator's folder


def test_the_operators_own_folder_is_read_beside_what_is_shipped(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text('programme = "corner_shop"\nversion = 1\n[protection]\ndays = 7\n')
    (tmp_path / "notes.txt").write_text("not a programme")
    found = load_programmes(tmp_path)
    assert found.resolve("corner_shop", NOW).protection_days == 7
    assert found.resolve(None, NOW) == BASIC


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("programme = ", "shop.toml"),
        ('programme = "temu"\nversion = 1\n', "temu: version 1 stands twice"),
        ('programme = "corner_shop"\nversion = 1\n[protection]\ndays = "many"\n', "corner_shop: protection_days"),
    ],
)
def test_a_folder_that_cannot_be_read_ends_the_process_with_one_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "shop.toml").write_text(text)
    with pytest.raises(SystemExit, match=words) as ended:
        load_programmes(tmp_path)
    assert "\n" not in str(ended.value)


def test_a_folder_that_is_not_there_ends_the_process(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="MAKEWHOLE_PROGRAMMES"):
        load_programmes(tmp_path / "nowhere")


def test_s27_of_15_days_4_remain_after_11() -> None:
    ends_at = order_of(order(shipped="Mar 1", finished="Mar 20")).protection_ends_at
    assert ends_at is not None
    assert (ends_at.date() - on("Mar 31").date()).days - 1 == 4, "the 11th day, and 4 whole ones until the end"
