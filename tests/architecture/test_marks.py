"""Marks of tests: `-m unit` runs what needs no server, and nothing that starts one by itself."""

from __future__ import annotations

import pytest

from tests.conftest import costs


@pytest.mark.parametrize(
    ("fixtures", "marked", "cost"),
    [
        ((), (), ["unit"]),
        (("came",), ("case",), ["unit"]),
        (("postgres_url", "kafka"), (), ["postgres", "kafka"]),
        (("migrated", "postgres_url"), ("proof",), ["postgres"]),
        (("tmp_path",), ("chaos", "slow"), []),
        (("services",), ("e2e",), []),
        ((), ("slow",), []),
    ],
)
def test_what_a_test_costs(fixtures: tuple[str, ...], marked: tuple[str, ...], cost: list[str]) -> None:
    assert costs(fixtures, marked) == cost
