"""What a client is told of a position is opaque text that only we write and read."""

import pytest

from shared.events.slot import SlotPosition


@pytest.mark.parametrize("place", [SlotPosition(0, 0), SlotPosition(3071, 1), SlotPosition(7, 2**63 - 1)])
def test_it_comes_back_as_it_was(place: SlotPosition) -> None:
    assert SlotPosition.parse(str(place)) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "1.",
        ".1",
        "1.2.3",
        "01.2",
        "1.02",
        "-1.2",
        "1.-2",
        "+1.2",
        "1. 2",
        "3072.1",
        "1.9223372036854775808",
        "１.2",
    ],
)
def test_any_other_text_is_none_of_ours(text: str) -> None:
    with pytest.raises(ValueError, match="no position of ours"):
        SlotPosition.parse(text)
