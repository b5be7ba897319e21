"""JSON text from outside: parsed once, each member once, with a limit to its members, and in one canonical form."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson

from shared.faults import fault
from shared.http.problems import Refusal

MOST_MEMBERS = 2_500
"""Of all objects of a text: an order of a hundred lines has half as many, and each unknown one costs a fault."""
MOST_OF_ONE = 100
"""Of one object: no body knows a fifth of it."""
_JSON = re.compile(rb"application/(?:[\w.+-]+\+)?json(?:\s*;.*)?", re.IGNORECASE)
_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*"([ \t\r\n]*:)?')
"""The texts of a JSON text, and what makes one the name of a member."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

Place = tuple[str | int, ...]
Unstorable = tuple[Place, str, str]


class Repeated(ValueError):
    """A member stands twice in one object: whoever reads the first and whoever reads the last would disagree."""


class TooManyMembers(ValueError):
    """More members than any text here has."""


def parse_json(raw: bytes, headers: Mapping[bytes, bytes]) -> Any:
    """The JSON value of a body: 415 where it is said to be something else, 400 where it is none."""
    if not _JSON.fullmatch(headers.get(b"content-type", b"")):
        raise Refusal(
            "unsupported_media_type", "The body is sent as application/json.", headers={"Accept": "application/json"}
        )
    try:
        return each_member_once(raw)
    except Repeated:
        raise Refusal("malformed_json", "A member stands twice in one object.") from None
    except TooManyMembers:
        raise Refusal("too_large", f"A body has at most {MOST_MEMBERS} members, {MOST_OF_ONE} in one object.") from None
    except (ValueError, RecursionError):
        raise Refusal("malformed_json", "The body is not JSON in UTF-8.") from None


def each_member_once(raw: bytes) -> Any:
    """The value of JSON text in UTF-8; Repeated, TooManyMembers, or ValueError or RecursionError where it is none."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        # orjson calls half a surrogate pair a syntax error. RFC 8259 allows it, Unicode and PostgreSQL do not: so it is
        # reported as a fault of that field.
        if not _ESCAPED_SURROGATE.search(raw):
            raise
        value = json.loads(raw.decode(), parse_constant=_no_number)
    # Both parsers take the last of two members without a word, so the members of the text are counted; by the colons
    # first, of which it has no fewer.
    kept, named = _members(value), raw.count(b":")
    if named > kept:
        named = sum(map(bool, _TEXTS.findall(raw)))
    if named > MOST_MEMBERS:
        raise TooManyMembers
    if named > kept:
        raise Repeated
    return value


def _members(value: Any) -> int:
    """How many members all objects of a value have together."""
    found, left = 0, [value]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            if len(part) > MOST_OF_ONE:
                raise TooManyMembers
            found += len(part)
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)
    return found


def _no_number(name: str) -> Any:
    raise ValueError("JSON has no NaN and no Infinity")


def canonical(value: Any) -> bytes:
    """The same bytes for the same JSON value, whatever the order of members and the white space; 400 where it is nested
    beyond reason.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise Refusal("malformed_json", "The body is nested too deeply.") from None


def refuse_unstorable(raw: bytes, value: Any) -> None:
    """422 where a text of the JSON value, or a member's name, holds a NUL or half a surrogate pair, which no log can
    keep.
    """
    # The bytes are searched first: hardly any body has such an escape.
    if b"\\u0000" not in raw and not _ESCAPED_SURROGATE.search(raw):
        return
    faults = [fault(("body", *place), code, f"The text holds {what}.") for place, code, what in _unstorable(value)]
    if faults:
        raise Refusal("validation_failed", errors=faults)


def refuse_nul(name: str, text: str) -> None:
    """The same of a form's field."""
    faults = [fault(("body", name), code, f"The text holds {what}.") for code, what in _wrong_with(text)]
    if _wrong_with(name) or faults:
        raise Refusal("validation_failed", errors=faults or [fault(("body",), "nul", "A name holds a NUL.")])


def _unstorable(value: Any) -> list[Unstorable]:
    found: list[Unstorable] = []
    left: list[tuple[Place, Any]] = [((), value)]
    while left:
        place, part = left.pop()
        if isinstance(part, str):
            found += [(place, code, what) for code, what in _wrong_with(part)]
        elif isinstance(part, dict):
            # A bad name is reported at its object: a pointer must be storable too.
            found += [(place, code, what) for name in part for code, what in _wrong_with(name)]
            left += [((*place, name), inner) for name, inner in part.items() if not _wrong_with(name)]
        elif isinstance(part, list):
            left += [((*place, number), inner) for number, inner in enumerate(part)]
    return found


def _wrong_with(text: str) -> list[tuple[str, str]]:
    nul = [("nul_character", "a NUL character")] if "\0" in text else []
    return nul + ([("lone_surrogate", "half a surrogate pair")] if _SURROGATE.search(text) else [])
