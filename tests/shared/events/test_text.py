"""A text is there to be read: what shows nothing is no description, whatever characters it has (S30)."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.events.fields import Text
from tests.cases.plugin import Came

TEXT: TypeAdapter[str] = TypeAdapter(Annotated[str, Text(100)])


def outcome(text: str) -> str:
    try:
        return f"taken as {TEXT.validate_python(text)}"
    except ValidationError as error:
        return str(error.errors()[0]["type"])


@pytest.mark.case("B17", given="two zero-width spaces", right="nothing_to_read")
def test_zero_width_spaces_are_no_text(came: Came) -> None:
    came(outcome("\u200b\u200b"))


INVISIBLE = {
    "U+FEFF": "\ufeff",
    "U+3164, a Hangul filler": "\u3164",
    "U+2800, an empty Braille pattern": "\u2800",
    "U+202E U+202C, directions": "\u202e\u202c",
    "U+00AD, a soft hyphen": "\u00ad",
    "U+034F, a joiner of graphemes": "\u034f",
    "U+115F U+1160, fillers": "\u115f\u1160",
    "U+FFA0, a half-width filler": "\uffa0",
    "variation selectors": "\ufe0f\U000e0100",
    "tags": "\U000e0041\U000e007f",
    "a mark without a letter": "\u0301",
    "a private character": "\ue000",
    "white space around a joiner": " \u200d\n",
}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, marks=pytest.mark.case(f"B17+{n}", given=name, right="nothing_to_read"), id=name)
        for n, (name, text) in enumerate(INVISIBLE.items(), 1)
    ],
)
def test_what_shows_nothing_is_no_text(text: str, came: Came) -> None:
    came(outcome(text))


@pytest.mark.parametrize(
    "text", ["a", "7", "!", "…", "😀", "👩\u200d🔧", "é", "e\u0301", "한", "かな", "\u200bx", "€", "नि"]
)
def test_what_can_be_read_is_taken_as_it_is(text: str) -> None:
    assert outcome(text) == f"taken as {text}"


@pytest.mark.parametrize(
    ("text", "fault"), [("", "string_too_short"), (" \n\t ", "string_too_short"), ("x" * 101, "string_too_long")]
)
def test_length_counts_without_white_space_around(text: str, fault: str) -> None:
    assert outcome(text) == fault
    assert outcome("  x  ") == "taken as x"
