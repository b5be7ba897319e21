"""Faults of a request: where each is, as a JSON pointer, its code and a sentence that repeats nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

Faults = list[dict[str, str]]
"""What is wrong with a request, each with a pointer, a code and a detail."""
_TELLS_NOTHING = 2  # letters
_MOST_FAULTS = 50
_QUOTING = frozenset(
    {
        "uuid_parsing",
        "url_parsing",
        "json_invalid",
        "int_parsing_size",
        "unexpected_keyword_argument",
        "iteration_error",
        "mapping_type",
        "get_attribute_error",
        "url_syntax_violation",
    }
)
"""Sentences of pydantic's own into which it writes what it was given."""
_UNION_TAGS = frozenset({"union_tag_invalid", "union_tag_not_found"})
_RAISED = frozenset({"value_error", "assertion_error"})
"""Sentences of whoever wrote the validator."""


def faults_of(error: ValidationError, value: Any) -> Faults:
    """The faults of a body that does not fit its model, by the JSON that was sent."""
    found = error.errors(include_url=False)
    counted = [fault for fault in found if not _follows(fault, found)][:_MOST_FAULTS]
    return faults([{**fault, "loc": ("body", *_place(fault, value))} for fault in counted])


def _follows(fault: ErrorDetails, found: Sequence[ErrorDetails]) -> bool:
    """Whether a list is too short only because a member of it is invalid: pydantic does not count that one."""
    place = fault["loc"]
    below = (one["loc"] for one in found if len(one["loc"]) > len(place))
    return fault["type"] == "too_short" and any(other[: len(place)] == place for other in below)


def _place(fault: ErrorDetails, value: Any) -> Sequence[str | int]:
    """The place in the body: pydantic also names the variant of a union, which is no member of it; a member that is
    missing has the place where it would be.
    """
    place = fault["loc"]
    if value is None:
        return place
    kept: list[str | int] = []
    held = True
    for part in place:
        if held := _holds(value, part):
            kept.append(part)
            value = value[part]
    return [*kept, *_not_there(fault, held)]


def _not_there(fault: ErrorDetails, held: bool) -> Sequence[str | int]:
    """The member that should be there: of what else is missing, pydantic names the place that there is."""
    if fault["type"] in _UNION_TAGS:
        return [_tag(fault)]
    return [] if held or fault["type"] != "missing" else fault["loc"][-1:]


def _holds(value: Any, part: str | int) -> bool:
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _tag(fault: ErrorDetails) -> str:
    """The member that tells the variants of a union apart."""
    return str((fault.get("ctx") or {}).get("discriminator", "type")).strip("'")


def faults(errors: Sequence[Mapping[str, Any]] | Sequence[ErrorDetails]) -> list[dict[str, str]]:
    """Faults as pydantic finds them, as `{pointer, code, detail}`; a pointer outside the body begins with /query, /path
    or /header.
    """
    return [
        fault([*error["loc"], *(error.get("ctx") or {}).get("member", ())], error["type"], _wording(error))
        for error in errors[:_MOST_FAULTS]
    ]


def fault(place: Sequence[str | int], code: str, detail: str) -> dict[str, str]:
    """One fault; `place` begins with body, query, path or header."""
    inside = place[0] == "body"
    return {"pointer": pointer(place[inside:]), "code": code, "detail": detail} | (
        {} if inside else {"in": str(place[0])}
    )


def pointer(parts: Iterable[str | int]) -> str:
    """RFC 6901."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _wording(error: Mapping[str, Any] | ErrorDetails) -> str:
    """Pydantic's sentence, unless it may quote what was sent: ours never do."""
    if ours := _OURS.get(error["type"]):
        return ours(error)
    words: str = error["msg"].removeprefix("Value error, ")
    quotes = error["type"] in _QUOTING or (
        error["type"] in _RAISED
        and any(len(text) > _TELLS_NOTHING and text in words for text in texts(error.get("input")))
    )
    return "This does not fit." if quotes else words


def _none_of(error: Mapping[str, Any] | ErrorDetails) -> str:
    return f"This is one of {(error.get('ctx') or {})['expected_tags']}"


def texts(value: Any) -> Iterable[str]:
    """Every text in a JSON value, the names of members included; without recursion, for it may be deep."""
    left = [value]
    while left:
        match left.pop():
            case str() as text:
                yield text
            case dict() as members:
                left += [*members, *members.values()]
            case list() | tuple() as parts:
                left += parts


_OURS: Mapping[str, Callable[[Mapping[str, Any] | ErrorDetails], str]] = {
    "union_tag_invalid": _none_of,
    "union_tag_not_found": lambda _: "Field required",
    "model_type": lambda _: "This is an object",
}
"""Sentences of our own where pydantic's quotes the request or names a class."""
