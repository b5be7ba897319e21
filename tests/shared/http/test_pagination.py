"""A cursor leads on in the list and under the filter that gave it, and nowhere else."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.pagination import Listing
from shared.http.problems import Refusal

DISPUTES, REFUNDS = Listing("disputes", ("o1", None)), Listing("refunds", ("o1", None))
AT = datetime(2026, 11, 25, tzinfo=UTC)


def cursor_of(listing: Listing) -> str:
    """The cursor behind the first of two rows."""
    page = listing.page([AT, AT], 1, lambda row: row, lambda row: (row.isoformat(), "dsp_1"))
    assert page["next_cursor"]
    return page["next_cursor"]


def test_a_cursor_is_read_by_the_list_that_gave_it() -> None:
    assert DISPUTES.read(cursor_of(DISPUTES), datetime, str) == [AT, "dsp_1"]
    assert DISPUTES.read(None, datetime, str) is None


def forged(_: str) -> str:
    return base64.urlsafe_b64encode(b'["2026-11-25T00:00:00+00:00","dsp_1"]').rstrip(b"=").decode()


@pytest.mark.parametrize(
    "changed",
    [
        lambda _: cursor_of(REFUNDS),
        lambda _: cursor_of(Listing("disputes", ("o2", None))),
        lambda _: cursor_of(Listing("disputes", (None, "o1"))),
        lambda _: cursor_of(Listing("disputes", ("o1", "None"))),
        forged,
        lambda cursor: f"{cursor}!!",
        lambda cursor: f"{cursor}=",
        lambda cursor: f"{cursor[:4]}\n{cursor[4:]}",
        lambda cursor: cursor[:-1],
        lambda _: "",
        lambda _: "é",
    ],
)
def test_no_other_cursor_is_taken(changed: Callable[[str], str]) -> None:
    with pytest.raises(Refusal) as refused:
        DISPUTES.read(changed(cursor_of(DISPUTES)), datetime, str)
    assert (refused.value.code, [each["pointer"] for each in refused.value.errors]) == (
        "validation_failed",
        ["/query/cursor"],
    )


@given(st.text(max_size=80))
def test_nothing_that_we_have_not_written_is_taken(text: str) -> None:
    with pytest.raises(Refusal):
        DISPUTES.read(text, datetime, str)
