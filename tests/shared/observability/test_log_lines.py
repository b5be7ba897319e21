"""A library that says the same again and again is heard once a minute; what we say ourselves always is."""

from __future__ import annotations

import logging

from shared.observability.log_lines import Repeats


def line(name: str, number: int, text: str = "Unable connect to node") -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "client.py", number, text, None, None)


def test_the_same_line_of_a_library_goes_out_once_a_minute() -> None:
    now = [0.0]
    repeats = Repeats({"shared", "refund"}, lambda: now[0])
    heard = []
    for second in range(150):
        now[0] = float(second)
        heard.append(repeats.filter(line("aiokafka", 7, f"Unable connect to node {second}")))
    assert [second for second, out in enumerate(heard) if out] == [0, 60, 120]


def test_another_place_and_our_own_lines_are_always_heard() -> None:
    repeats = Repeats({"shared", "refund"}, lambda: 0.0)
    assert [repeats.filter(line("aiokafka", number)) for number in (1, 2, 1)] == [True, True, False]
    assert all(repeats.filter(line(name, 1)) for name in ("shared.relay.relay", "shared.relay.relay", "refund.x"))


def test_places_without_end_are_not_kept_without_end() -> None:
    repeats = Repeats(set(), lambda: 0.0)
    for number in range(10_000):
        repeats.filter(line("library", number))
    assert len(repeats._said) <= 500
