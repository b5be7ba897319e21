"""The rule book is complete, every reference in it leads somewhere, and a fault in a file is named."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.rules.book import BOOK, RULES, SOURCES, BadRuleBook, UnknownRule, by_id, cited_in, kind_of, rule

ROOT = Path(__file__).parents[3]
NUMBERED = {"S": 110, "K": 27, "T": 45, "G": 18, "D": 14, "I": 10}
BESIDE = {"P", "R", "T1x", "T22a", "T22b", "T25a", "T27x", "T30a", "T30b", "T31a", "T32a"}
HEAD = {"title": "Statements", "about": "What is promised."}
ENTRY = {"statement": "It is so.", "source": "001"}


def test_no_rule_is_left_out() -> None:
    numbered = {f"{letter}{number}" for letter, last in NUMBERED.items() for number in range(1, last + 1)}
    assert {one.id for one in RULES.values() if one.kind not in {"parameters", "states"}} == numbered | BESIDE


def test_a_rule_is_found_by_its_id() -> None:
    found = rule("S39")
    assert (found.kind, found.source, found.parameters, found.built) == (
        "statements",
        ("003",),
        ("negotiation.seller_response_days",),
        "0.1",
    )
    assert "5 days" in found.statement


def test_an_id_of_no_rule_is_named() -> None:
    with pytest.raises(UnknownRule, match="S111"):
        rule("S111")


def test_every_document_is_used() -> None:
    assert {source for one in RULES.values() for source in one.source} >= SOURCES.keys()


def test_a_rule_uses_each_of_its_parameters_and_every_number_is_somebodys() -> None:
    used = {name for one in RULES.values() for name in one.parameters}
    alone = {
        "timezone",
        "holidays",
        "refunds.hold_during_appeal",
    }
    assert used | alone == {one.id for one in RULES.values() if one.kind == "parameters"}


def test_a_parameter_that_is_built_stands_in_the_default_programme_with_its_default() -> None:
    elsewhere = {"refunds.retry_limit", "law_packs.eu", "law_packs.br"}
    elsewhere |= {"returns.labels_per_month", "returns.labels_per_order", "refunds.bonus_currencies"}
    built = {
        one.id: one.default
        for one in RULES.values()
        if one.kind == "parameters" and one.built and one.id not in elsewhere
    }
    assert built == dict(default_programme())


def default_programme() -> Iterator[tuple[str, Any]]:
    (file,) = ROOT.glob("services/dispute/dispute/programmes/aliexpress_basic.toml")
    document = tomllib.loads(file.read_text("utf-8"))
    yield "timezone", document["timezone"]
    yield "holidays", document.get("holidays", "none")
    for table, values in document.items():
        yield from ((f"{table}.{key}", value) for key, value in values.items()) if isinstance(values, dict) else ()


def test_paragraphs_stay_and_line_ends_go() -> None:
    (one,) = kind_of("statements", {**HEAD, "S1": {**ENTRY, "statement": "One\nline.\n\nAnother."}}).rules
    assert one.statement == "One line.\n\nAnother."


def test_a_text_cites_ids_and_nothing_that_looks_like_one() -> None:
    assert cited_in("S41, T22a and (K16), S41 again; UA-09, x.S1, S1.5k-3, T1x") == ["S41", "T22a", "K16", "S1", "T1x"]


@pytest.mark.parametrize(
    ("fault", "document"),
    [
        ("S1 lacks source", {**HEAD, "S1": {"statement": "It is so."}}),
        ("S1 has unknown keys: since", {**HEAD, "S1": {**ENTRY, "since": "0.1"}}),
        ("Q1 is no id", {**HEAD, "Q1": ENTRY}),
        ("title and about, and a table for each rule: version", {**HEAD, "version": 1}),
        ("title and about, and a table for each rule: about", {"title": "Statements"}),
        ("S1 says what is missing of something that is not built", {**HEAD, "S1": {**ENTRY, "missing": "All of it."}}),
    ],
)
def test_a_file_that_does_not_fit_is_named_with_its_fault(fault: str, document: Mapping[str, Any]) -> None:
    with pytest.raises(BadRuleBook, match=f"^statements.toml: {fault}"):
        kind_of("statements", document)


@pytest.mark.parametrize(
    "reference", [{"source": "004"}, {"parameters": ["no.such"]}, {"parameters": ["S1"]}, {"statement": "See S2."}]
)
def test_a_reference_to_nothing_is_named(reference: Mapping[str, Any]) -> None:
    with pytest.raises(BadRuleBook, match="statements.toml: S1 names what does not exist: "):
        by_id([kind_of("statements", {**HEAD, "S1": {**ENTRY, **reference}})], SOURCES)


def test_an_id_that_two_files_use_is_named() -> None:
    with pytest.raises(BadRuleBook, match=r"S1 stands in statements\.toml and in guards\.toml"):
        by_id([kind_of(name, {**HEAD, "S1": ENTRY}) for name in ("statements", "guards")], SOURCES)


def test_the_book_is_in_reading_order() -> None:
    assert [kind.title for kind in BOOK][:3] == ["Statements", "Conflicts and gaps", "Transitions"]
