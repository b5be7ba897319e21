"""Tracking numbers are ids of the carriers': whatever digits they have, they are taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.events.outside.words import TrackingNumber
from tests.cases.plugin import Came

NUMBERS: TypeAdapter[str] = TypeAdapter(TrackingNumber)


def refused(number: str) -> bool:
    try:
        return NUMBERS.validate_python(number) != number.strip()
    except ValidationError:
        return True


@given(st.text("0123456789", min_size=1, max_size=40))
def test_any_digits_are_taken(number: str) -> None:
    assert not refused(number)


@pytest.mark.case(
    "M10+6", given="ten numbers of 16 digits that differ in the last, from 4111111111111110 on", right="0 refused"
)
def test_a_check_digit_by_chance_makes_no_card(came: Came) -> None:
    came(f"{sum(refused(f'411111111111111{last}') for last in range(10))} refused")


@pytest.mark.case("M10+7", given="valid numbers of real carriers, grouped or not", right="0 refused")
def test_what_carriers_write_is_taken(came: Came, shared_data: Path) -> None:
    lines = (shared_data / "tracking" / "vectors.jsonl").read_text("utf-8").splitlines()
    valid = [row["number"] for row in map(json.loads, lines) if row["valid"]]
    assert len(valid) > 100
    came(f"{sum(map(refused, valid))} refused")
