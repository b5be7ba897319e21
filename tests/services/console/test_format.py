"""Formats: names, instants, spans and money as a person reads them."""

from datetime import UTC, datetime, timedelta

from console.format import distance, label, money, plain, time_element

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_words_read_like_words_and_ids_stay_ids() -> None:
    assert label("protection_ends_at") == "Protection ends"
    assert plain("not_as_described") == "not as described"
    assert plain("rfd_0f2a") == "rfd_0f2a"
    assert money({"amount": "12.34", "currency": "USD"}) == "12.34 USD"
    assert money(None) == "–"


def test_instants_are_told_from_now() -> None:
    assert distance(timedelta(days=2, hours=3, minutes=9)) == "in 2 d 3 h"
    assert distance(-timedelta(seconds=61)) == "1 min 1 s ago"
    shown = time_element("2026-03-06T00:00:00.000000Z", NOW)
    assert "6 Mar 2026, 00:00" in shown
    assert "in 1 d 12 h" in shown
    assert time_element(None) == "–"
