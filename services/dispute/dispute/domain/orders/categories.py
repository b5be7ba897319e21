"""Categories of a listing, by the words in them: shops name them as they like (`tablets_printing`, `Mobile phones`)."""

from __future__ import annotations

import re


def words_of(category: str) -> frozenset[str]:
    """The words of a category in small letters, each in the singular."""
    return frozenset(_singular(word) for word in re.findall(r"[^\W\d_]+", category.casefold()))


def _singular(word: str) -> str:
    return f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")
