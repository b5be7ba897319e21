"""Bodies of commands: what they take of their command, and what they leave to the rest of the request."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.events.base import Command
from shared.events.fields import Quantity, Text
from shared.http.command_body import CommandBody


class ParcelCommand(Command):
    parcel_id: str


class WeighParcel(ParcelCommand):
    grams: Quantity
    note: Annotated[str, Text(10)] | None = None


class WeighBody(CommandBody, of=WeighParcel):
    """How heavy it is."""


def faults(body: object) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(ValidationError) as refused:
        WeighBody.model_validate(body)
    return [(fault["loc"], fault["type"]) for fault in refused.value.errors()]


def test_a_body_has_the_fields_that_its_command_declares_with_their_rules_and_defaults() -> None:
    assert dict(WeighBody.model_validate({"grams": 5})) == {"grams": 5, "note": None}
    assert faults({"grams": 0, "note": " "}) == [(("grams",), "greater_than_equal"), (("note",), "string_too_short")]
    schema = TypeAdapter(WeighBody).json_schema()
    assert (schema["title"], schema["required"], [*schema["properties"]]) == ("WeighBody", ["grams"], ["grams", "note"])


@pytest.mark.parametrize("name", ["parcel_id", "actor", "at", "command_id", "colour"])
def test_what_the_request_says_elsewhere_is_no_member_of_the_body(name: str) -> None:
    assert faults({"grams": 5, name: "p1"}) == [((name,), "extra_forbidden")]
