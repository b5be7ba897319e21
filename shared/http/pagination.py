"""Pagination: a page of a list, its opaque cursor, and the position to wait for."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from shared.events.slot import SlotPosition
from shared.http.problems import Refusal, fault
from shared.views import Page, Row

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most")]


def _position(text: str) -> str:
    try:
        SlotPosition.parse(text)
    except ValueError:
        raise PydanticCustomError(
            "position", "This is no Makewhole-Position that a command was answered with"
        ) from None
    return text


Position = Annotated[
    str | None,
    AfterValidator(lambda text: text if text is None else _position(text)),
    Query(description="The Makewhole-Position of a command's answer: waits until its effect is included"),
]
Cursor = Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before")]


def page_of(
    rows: Sequence[Any], limit: int, show: Callable[[Any], Row], mark: Callable[[Any], Sequence[Any]]
) -> Page[Row]:
    """The first `limit` of `limit + 1` rows; where there was one more, `next_cursor` names the last one shown by its
    `mark`.
    """
    shown = rows[:limit]
    more = len(rows) > limit
    return {"data": [show(row) for row in shown], "next_cursor": _written(mark(shown[-1])) if more else None}


def read_cursor(cursor: str | None, *kinds: type) -> list[Any] | None:
    """The marks that a cursor holds, each an int, a str or a datetime; None without a cursor, 422 where it is none of
    ours.
    """
    if cursor is None:
        return None
    try:
        marks = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [_READ[kind](mark) for kind, mark in zip(kinds, marks, strict=True)]
    except (binascii.Error, OverflowError, TypeError, ValueError):
        raise Refusal(
            "validation_failed", errors=[fault(("query", "cursor"), "cursor", "This is no cursor of this list.")]
        ) from None


# Exactly what we write, for a cursor may have been made up, and goes into a query.
def _whole(mark: Any) -> int:
    if type(mark) is not int or not 0 <= mark < 2**63:
        raise ValueError(mark)
    return mark


def _text(mark: Any) -> str:
    if not isinstance(mark, str) or "\0" in mark:
        raise ValueError(mark)
    return mark


def _instant(mark: Any) -> datetime:
    instant = datetime.fromisoformat(mark)
    if instant.tzinfo is None:
        raise ValueError(mark)
    return instant.astimezone(UTC)


_READ: Mapping[type, Callable[[Any], Any]] = {int: _whole, str: _text, datetime: _instant}


def _written(marks: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(marks))).rstrip(b"=").decode()
