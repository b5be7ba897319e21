"""Ids: a derived one is the UUID of its name, as every implementation of RFC 9562 makes it."""

from __future__ import annotations

from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st

from shared.events.ids import NAMESPACE, derived_id, derived_uuid


@given(st.lists(st.one_of(st.text(), st.integers(), st.uuids()), min_size=1, max_size=4))
def test_a_derived_uuid_is_that_of_its_parts_joined(parts: list[object]) -> None:
    assert derived_uuid(*parts) == uuid5(NAMESPACE, "|".join(map(str, parts)))


def test_a_derived_id_carries_its_keys_slot_and_the_digits_of_that_uuid() -> None:
    assert derived_id("dsp", "o-1", "x")[7:] == derived_uuid("dsp", "x").hex[3:]
