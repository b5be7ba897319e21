"""Formats: names, instants, time spans and money as a person reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

from console.markup import Html, el

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_SNAKE_CASE = re.compile(r"[a-z]+(_[a-z]+)*")
_UNITS = (
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
    (timedelta(seconds=1), "s"),
)


def label(name: str) -> str:
    """`protection_ends_at` reads `Protection ends`."""
    words = name.removesuffix("_at").replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def plain(value: str) -> str:
    """`not_as_described` reads `not as described`; an id stays as it is."""
    return value.replace("_", " ") if _SNAKE_CASE.fullmatch(value) else value


def money(value: Any) -> str:
    """`12.34 USD`, or a dash where there is none."""
    return f"{value['amount']} {value['currency']}" if is_money(value) else "–"


def is_money(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether the value is money in its wire form."""
    return isinstance(value, Mapping) and value.keys() == {"amount", "currency"}


def instant(value: Any) -> datetime | None:
    """The instant that a text stands for, or nothing where it is another text."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def time_element(value: Any, now: datetime | None = None) -> Html | str:
    """The instant to the minute, and how far it is from `now`; a dash where there is none."""
    if not (at := instant(value)):
        return str(value) if value else "–"
    shown = el("time", f"{at.day} {at:%b %Y, %H:%M}", datetime=str(value), title=f"{value}")
    return Html(shown + " " + el("small", distance(at - now))) if now else shown


def distance(span: timedelta) -> str:
    """`in 5 d 3 h`, `2 min ago`: the two largest units that are not nothing."""
    text = span_of(abs(span))
    return f"in {text}" if span > timedelta() else f"{text} ago"


def span_of(span: timedelta) -> str:
    """The two largest units of a span."""
    parts = []
    for length, unit in _UNITS:
        count, span = divmod(span, length)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts[:2]) or "0 s"
