"""Law of members: a JSON text in which one object has a member twice is found out, however deep and however written."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.http.request.json_text import Repeated, each_member_once
from tests.laws.size import examples

NAMES = st.sampled_from(["a", "b", '":', "\\", '"', '\\":', 'a":"b', "{", "[1,"]) | st.text(max_size=3)
PLAIN = st.none() | st.booleans() | st.integers(-9, 9) | NAMES
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.lists(st.tuples(NAMES, inner), max_size=4).map(tuple)
)
"""A tuple of pairs stands for an object, which may say a name twice."""


def written(value: Any, colon: str) -> str:
    if isinstance(value, tuple):
        members = (f"{json.dumps(name)}{colon}{written(inner, colon)}" for name, inner in value)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(inner, colon) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def says_one_twice(value: Any) -> bool:
    if isinstance(value, tuple):
        return len({name for name, _ in value}) < len(value) or any(says_one_twice(inner) for _, inner in value)
    return isinstance(value, list) and any(map(says_one_twice, value))


@settings(max_examples=examples(300))
@given(VALUES, st.sampled_from([":", " : ", "\r\n:\t"]))
def test_a_member_that_stands_twice_is_found(value: Any, colon: str) -> None:
    try:
        each_member_once(written(value, colon).encode())
        found = False
    except Repeated:
        found = True
    assert found == says_one_twice(value)
