"""An event that a next version has written: more members at every depth, words that are not in our vocabularies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from shared.events.codec import EVENT_CLASSES, decode, encode
from shared.events.dispute import Reason
from shared.events.errors import UnknownWord
from shared.events.open_enums import Open, known
from tests.support.toys.newer import with_more_members, with_strange_words

ROOT = Path(__file__).parents[3]


def golden(name: str) -> str:
    return (ROOT / "tests" / "golden" / f"{name}.json").read_text("utf-8")


def schema(name: str) -> Any:
    return json.loads((ROOT / "docs" / "schemas" / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", EVENT_CLASSES)
def test_members_that_nobody_knows_are_passed_over_at_every_depth(name: str) -> None:
    more = with_more_members(json.loads(golden(name)))
    assert decode(name, json.dumps(more)) == decode(name, golden(name))
    Draft202012Validator(schema(name)).validate(more)


@pytest.mark.parametrize("name", EVENT_CLASSES)
def test_a_word_that_nobody_knows_is_kept_as_it_came(name: str) -> None:
    strange = with_strange_words(decode(name, golden(name)))
    stored = encode(strange)
    assert decode(*stored) == strange
    assert json.loads(stored[1]).keys() == json.loads(golden(name)).keys()
    Draft202012Validator(schema(name)).validate(json.loads(stored[1]))


@pytest.mark.parametrize("name", EVENT_CLASSES)
def test_the_published_schema_closes_no_vocabulary_and_no_object(name: str) -> None:
    whole = schema(name)
    vocabularies = {f"#/$defs/{name}" for name, part in whole.get("$defs", {}).items() if "enum" in part}
    for part in objects({key: value for key, value in whole.items() if key != "$defs"} | objects_of(whole)):
        assert part.get("additionalProperties", True) is True
        assert part.get("$ref") not in vocabularies or part in opened(whole), "a vocabulary without `Open`"


def objects_of(whole: Any) -> dict[str, Any]:
    return {name: part for name, part in whole.get("$defs", {}).items() if "enum" not in part}


def objects(part: Any) -> Iterator[Any]:
    """Every object in a schema."""
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from objects(inner)


def opened(whole: Any) -> list[Any]:
    """What stands beside "any text"."""
    return [
        choice for part in objects(whole) if {"type": "string"} in part.get("anyOf", ()) for choice in part["anyOf"]
    ]


class Form(BaseModel):
    """A request, and an event's part beside it."""

    asked: Reason
    told: Open[Reason] = Reason.LATE


def test_a_request_takes_known_words_alone() -> None:
    assert Form.model_validate_json('{"asked": "late", "told": "eaten"}').told == "eaten"
    with pytest.raises(ValidationError):
        Form.model_validate_json('{"asked": "eaten"}')


def test_a_known_word_is_the_very_member() -> None:
    assert Form.model_validate_json('{"asked": "late", "told": "damaged"}').told is Reason.DAMAGED


def test_a_strange_word_reads_like_any_other() -> None:
    told: StrEnum = Form.model_validate({"asked": "late", "told": "eaten"}).told
    assert (told.value, f"{told}", told in {Reason.LATE: 1}) == ("eaten", "eaten", False)
    assert {told: 1}["eaten"] == 1  # type: ignore[index]
    assert (
        Form.model_validate({"asked": "late", "told": "eaten"}).model_dump_json() == '{"asked":"late","told":"eaten"}'
    )


def test_where_something_depends_on_a_word_an_unknown_one_is_told() -> None:
    assert known(Reason.LATE) is Reason.LATE
    with pytest.raises(UnknownWord, match="Reason eaten"):
        known(Form.model_validate({"asked": "late", "told": "eaten"}).told)
