"""Renderer of plain texts by language, from the templates beside it: a notification, and a decision as a sentence."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from typing_extensions import TypedDict

from shared.events.money import Money
from shared.events.notification import NotificationRequested

LANGUAGES = ("en", "es", "pt", "ru", "zh")
"""The first one where none that is asked for is here."""

NamedAmounts = Sequence[tuple[str, Money]]
"""What a decision comes to: the names of texts, each with its amount."""

_PARTED_BY = {"zh": ""}


class NotificationText(TypedDict):
    """What the recipient reads."""

    lang: str
    title: str
    body: str


def _texts(language: str) -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("texts", f"{language}.toml").read_text("utf-8"))


TEXTS: Mapping[str, Mapping[str, Any]] = {language: _texts(language) for language in LANGUAGES}
"""By language: the sentences of every notification, the words for each kind of deadline, title and body by kind, and
the sentence of a decision.
"""


def render(asked: NotificationRequested, language: str) -> NotificationText:
    """The notification in this language; a kind or a deadline that only a newer version knows is named as it is."""
    texts = TEXTS[language]
    kind = texts["kinds"].get(asked.kind, {"title": asked.kind, "body": ""})
    values = {
        "order": asked.order_id,
        "about": asked.about,
        "due": asked.due_at and f"{asked.due_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        "deadline": texts["deadlines"].get(asked.deadline, asked.deadline),
        "amount": asked.amount and _money(asked.amount),
    }
    sentences = [texts[name].format_map(values) for name in ("amount", "due") if values[name]]
    body = [kind["body"], *sentences, texts["order"].format_map(values)]
    return {"lang": language, "title": kind["title"], "body": _PARTED_BY.get(language, " ").join(filter(None, body))}


def decision_in_words(kind: str, at: datetime, parts: NamedAmounts, rules: Sequence[str], language: str) -> str:
    """A decision as one sentence: by whom, when, what it comes to part by part, by which rules."""
    texts = TEXTS[language]["decision"]
    what = texts["between"].join(texts[name].format(amount=_money(amount)) for name, amount in parts)
    values = {"day": f"{at:%Y-%m-%d}", "what": what, "rules": ", ".join(rules)}
    sentence: str = texts["sentence"].format(how=texts["by"][kind], **values)
    return sentence


def _money(amount: Money) -> str:
    return f"{amount.amount} {amount.currency}"


def language_for(accept: str) -> str:
    """The language that Accept-Language likes best of those that are here (RFC 9110, 12.5.4)."""
    wanted = sorted((_weighted(each) for each in accept.split(",")), key=lambda one: -one[1])
    return next((name for name, weight in wanted if weight > 0 and name in LANGUAGES), LANGUAGES[0])


def _weighted(language_range: str) -> tuple[str, float]:
    name, _, parameter = language_range.partition(";")
    try:
        weight = float(parameter.strip().removeprefix("q=") or 1)
    except ValueError:
        weight = 0.0
    return name.strip().lower().partition("-")[0], weight
