"""Events of a next version: known types with more members, a type and words of vocabularies that today nobody knows."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

from shared.events.base import Event, Instant, Value

E = TypeVar("E", bound=Event)


class Depot(Value):
    """Where a parcel was seen last."""

    country: str
    scanner: str


class OrderCarrierLost(Event):
    """As today, and where it was seen last."""

    order_id: str
    lost_at: Instant
    last_seen: Depot


class OrderRerouted(Event):
    """A type of event that today nobody knows."""

    order_id: str
    via: Depot


DEPOT = Depot(country="PL", scanner="7")


def with_strange_words(event: E) -> E:
    """The event with each word of a vocabulary replaced by one that today nobody knows."""
    return type(event).model_validate(_strange(event))


def _strange(value: Any) -> Any:
    match value:
        case StrEnum():
            return "unheard"
        case Value():
            return {name: _strange(part) for name, part in value}
        case tuple():
            return [_strange(part) for part in value]
    return value


def with_more_members(document: Any) -> Any:
    """The JSON with a member more in every object."""
    match document:
        case dict():
            return {name: with_more_members(part) for name, part in document.items()} | {"unheard_of": {"rank": [7]}}
        case list():
            return [with_more_members(part) for part in document]
    return document
