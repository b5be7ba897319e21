"""Laws of slots: they are Kafka's own choice of a partition, and an id says its key's slot whatever the key looks
like.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as kafkas_murmur2
from hypothesis import example, given
from hypothesis import strategies as st

from shared.events import slot
from shared.events.slot import PREFIXES, SLOTS, divides, id_in_slot, murmur2, slot_of, slot_of_id, slot_of_stream

DIVISORS = [number for number in range(1, SLOTS + 1) if SLOTS % number == 0]
LOOKALIKES = st.sampled_from(
    ["bff", "fff", "dsp_000", "order-dsp_fff", "a|b", "-", "_", "0x1f", "１２３", "Ω", "", " "]
)
OUTSIDE = (
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.lists(LOOKALIKES, max_size=4).map("".join)
    | st.integers().map("{:x}".format)
)
UUIDS = st.uuids().map(lambda uuid: uuid.hex)


@given(st.binary())
@example(b"")
@example(b"\xff" * 7)
def test_the_hash_is_kafkas(data: bytes) -> None:
    assert murmur2(data) == kafkas_murmur2(data)


@given(OUTSIDE)
def test_a_slot_modulo_the_partitions_is_kafkas_partition_for_every_number_of_them(key: str) -> None:
    chosen = [DefaultPartitioner()(key.encode(), range(partitions), []) for partitions in DIVISORS]
    assert [slot_of(key) % partitions for partitions in DIVISORS] == chosen


@given(st.sampled_from(sorted(PREFIXES.items())), OUTSIDE, UUIDS)
def test_an_id_and_its_stream_carry_the_slot_of_their_key(kind: tuple[str, str], key: str, digits: str) -> None:
    category, prefix = kind
    made = id_in_slot(slot_of(key), prefix, digits)
    assert slot_of_id(prefix, made) == slot_of_stream(f"{category}-{made}") == slot_of(key)
    assert made.endswith(digits[3:])
    assert len(made) == len(prefix) + 1 + 32


@given(st.sampled_from(sorted(slot.KEYED_BY_NAME)), OUTSIDE)
def test_a_stream_named_by_its_key_has_the_keys_slot_even_where_the_key_looks_like_an_id_of_ours(
    category: str, key: str
) -> None:
    assert slot_of_stream(f"{category}-{key}") == slot_of(key)


@given(st.sampled_from(sorted(PREFIXES.items())), OUTSIDE)
def test_any_text_for_an_id_names_a_slot_or_none(kind: tuple[str, str], name: str) -> None:
    category, prefix = kind
    found = slot_of_stream(f"{category}-{name}")
    assert found is None or name.startswith(f"{prefix}_{found:03x}")


@given(st.integers(SLOTS, 0xFFF))
def test_digits_above_the_last_slot_name_none(number: int) -> None:
    assert slot_of_stream(f"dispute-dsp_{number:03x}{UUID(int=number).hex[3:]}") is None


@pytest.mark.parametrize(
    "name",
    ["", "dsp", "dsp_", "dsp_00", "dsp_0_1", "dsp_+01", "dsp_ 01", "dsp_0X1", "dsp_BFF0", "dsp_１２３", "ret_000"],
)
def test_what_is_written_otherwise_than_we_write_it_names_no_slot(name: str) -> None:
    assert slot_of_stream(f"dispute-{name}") is None


def test_a_category_that_nobody_listed_is_a_defect() -> None:
    with pytest.raises(KeyError):
        slot_of_stream("claim-clm_000")


def test_partitions_divide_the_slots() -> None:
    assert [number for number in range(-3, SLOTS + 2) if divides(number)] == DIVISORS
    assert {12, 24, 96, 384} <= set(DIVISORS)


def test_slots_are_the_same_for_ever() -> None:
    assert [slot_of(key) for key in ("", "o1", "order-7", "Ω")] == [2265, 2467, 1537, 1984]


def test_whoever_reads_only_slots_needs_nothing_but_the_standard_library() -> None:
    code = "import sys; import shared.events.slot; sys.exit('pydantic' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(slot.__file__).parents[2])
