"""Pagination: a page of a list, its opaque cursor, and the position to wait for."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from shared.events.slot import SlotPosition
from shared.faults import fault
from shared.http.problems import Refusal
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
SEAL = 6
"""Bytes of a cursor that tell which list it is for. They keep nobody out: a cursor shows nothing by itself."""
Cursor = Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before")]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list and what it was asked for: a cursor that it gives leads on in it, and in no other."""

    name: str
    filters: Sequence[object] = ()

    def page(
        self,
        rows: Sequence[Any],
        limit: int,
        show: Callable[[Any], Row],
        sort_values: Callable[[Any], Sequence[Any]],
    ) -> Page[Row]:
        """The first `limit` of `limit + 1` rows; where there was one more, `next_cursor` holds the `sort_values` of the
        last one shown.
        """
        shown = rows[:limit]
        more = len(rows) > limit
        return {
            "data": [show(row) for row in shown],
            "next_cursor": self._written(sort_values(shown[-1])) if more else None,
        }

    def read(self, cursor: str | None, *kinds: type) -> list[Any] | None:
        """The sort values that a cursor holds, each an int, a str or a datetime; None without a cursor, 422 for one
        that was not written for this list.
        """
        if cursor is None:
            return None
        try:
            sort_values = orjson.loads(self._told(cursor))
            return [_READ[kind](sort_value) for kind, sort_value in zip(kinds, sort_values, strict=True)]
        except (binascii.Error, OverflowError, TypeError, ValueError):
            raise Refusal(
                "validation_failed", errors=[fault(("query", "cursor"), "cursor", "This is no cursor of this list.")]
            ) from None

    def _written(self, sort_values: Sequence[Any]) -> str:
        told = orjson.dumps(list(sort_values))
        return base64.urlsafe_b64encode(self._seal(told) + told).rstrip(b"=").decode()

    def _told(self, cursor: str) -> bytes:
        given = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        seal, told = given[:SEAL], given[SEAL:]
        # Written again it is the same, or letters were read over.
        if seal != self._seal(told) or base64.urlsafe_b64encode(given).rstrip(b"=").decode() != cursor:
            raise ValueError(cursor)
        return told

    def _seal(self, told: bytes) -> bytes:
        bound = repr((self.name, [None if each is None else str(each) for each in self.filters])).encode()
        return hashlib.blake2s(told, key=hashlib.blake2s(bound).digest(), digest_size=SEAL).digest()


# Exactly what we write: a cursor may be forged all the same, and its values go into a query.
def _whole(sort_value: Any) -> int:
    if type(sort_value) is not int or not 0 <= sort_value < 2**63:
        raise ValueError(sort_value)
    return sort_value


def _text(sort_value: Any) -> str:
    if not isinstance(sort_value, str) or "\0" in sort_value:
        raise ValueError(sort_value)
    return sort_value


def _instant(sort_value: Any) -> datetime:
    instant = datetime.fromisoformat(sort_value)
    if instant.tzinfo is None:
        raise ValueError(sort_value)
    return instant.astimezone(UTC)


_READ: Mapping[type, Callable[[Any], Any]] = {int: _whole, str: _text, datetime: _instant}
