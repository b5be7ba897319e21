"""Steps of the story: one request each, and the response that it must have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ops.client import ApiResponse, Call
from ops.story.orders import Order


@dataclass(frozen=True, slots=True)
class Step:
    """One request and its response.

    Texts of the call and the sentence hold names in braces that the run fills in; a time span in a body is the instant
    so long ago. `party` is whose token is sent, nobody's where left out. `expected` and `save` name members of the
    response by their path, headers by a capital; what is saved has a name for later steps. A step that `repeats` asks
    again until the response is the expected one.
    """

    sentence: str
    call: Call
    party: str = ""
    status: int = 200
    expected: Mapping[str, Any] = field(default_factory=dict)
    save: Mapping[str, str] = field(default_factory=dict)
    repeats: bool = False
    opens_dispute: bool = False


@dataclass(frozen=True, slots=True)
class Chapter:
    """What happens to one order."""

    title: str
    order: Order
    steps: tuple[Step, ...]


def member(response: ApiResponse, path: str) -> Any:
    """The member at the path, None where it is missing; in a list, the one of the `kind` that the path names, or the
    one at a place that it counts, from 0.
    """
    if path[0].isupper():
        return response.headers.get(path)
    value = response.body
    for name in path.split("."):
        value = _of_kind(value, name) if isinstance(value, list) else _of_name(value, name)
    return value


def differences(response: ApiResponse, expected: Mapping[str, Any]) -> list[str]:
    """What is not as expected, one sentence each."""
    found = {path: member(response, path) for path in expected}
    return [f"{path} is {found[path]!r} and not {value!r}" for path, value in expected.items() if found[path] != value]


def _of_name(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _of_kind(values: list[Any], kind: str) -> Any:
    if kind.isdigit():
        return values[int(kind)] if int(kind) < len(values) else None
    return next((value for value in values if isinstance(value, dict) and value.get("kind") == kind), None)
