"""What a request may say is closed, where what an event may say is open: a body's unknown member or word is refused."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from shared.process.settings import Settings
from tests.shared.events.test_newer import objects

SERVICES = ("dispute", "refund", "return_label", "sandbox")


def bodies(service: str) -> Iterator[tuple[str, Any]]:
    """Every schema that a body of the service is made of, by its name."""
    document = import_module(f"{service}.app").build(Settings()).openapi()
    named = document.get("components", {}).get("schemas", {})
    left = [
        part
        for path in document["paths"].values()
        for call in path.values()
        for part in objects(call.get("requestBody"))
    ]
    seen: set[str] = set()
    while left:
        part = left.pop()
        yield part.get("title", "a body"), part
        name = part.get("$ref", "").rpartition("/")[2]
        if name and name not in seen:
            seen.add(name)
            left += objects(named[name])


@pytest.mark.parametrize("service", SERVICES)
def test_a_body_takes_no_member_and_no_word_that_it_does_not_know(service: str) -> None:
    for name, part in bodies(service):
        if part.get("type") == "object" and "properties" in part:
            assert part.get("additionalProperties") is False, name
        words = [choice for choice in part.get("anyOf", ()) if "$ref" in choice or "enum" in choice]
        assert not words or {"type": "string"} not in part["anyOf"], name
