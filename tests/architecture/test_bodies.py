"""What a request may say is closed, where what an event may say is open: a body's unknown member or word is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import pytest

from shared.http.problems import Refusal
from shared.http.routing import Route
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


NO_OBJECTS: Sequence[Any] = ([], [{}], "x", 1, 1.5, True)


@pytest.mark.parametrize("service", SERVICES)
def test_a_body_that_is_no_object_is_one_fault_of_the_whole_body(service: str) -> None:
    read = {route.path: route.fast_path.body for route in routes(service) if route.fast_path and route.fast_path.body}
    assert len(read) > 1
    for path, body in read.items():
        for value in NO_OBJECTS:
            with pytest.raises(Refusal) as refused:
                body.read(json.dumps(value).encode(), value)
            assert [fault["pointer"] for fault in refused.value.errors] == [""], (path, value)


def test_t31_an_object_without_members_asks_for_another_try_as_no_body_does() -> None:
    (retry,) = [route for route in routes("refund") if route.path.endswith("/retry")]
    assert retry.fast_path and retry.fast_path.body
    assert retry.fast_path.body.read(b"{}", {}) == {"body": None}


def routes(service: str) -> Iterator[Route]:
    app = import_module(f"{service}.app").build(Settings())
    return (route for route in all_routes(app.routes) if isinstance(route, Route))


def all_routes(found: Sequence[Any]) -> Iterator[Any]:
    """The routes, also those of what is mounted or included."""
    for route in found:
        yield route
        yield from all_routes(getattr(route, "routes", None) or ())
