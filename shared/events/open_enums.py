"""Words of an enumeration that a later version may add to: kept as they came, and refused only where they decide."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from shared.events.errors import UnknownWord

W = TypeVar("W", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class _Open:
    """Reads any word: one that the enumeration lacks becomes a member without a name of its own."""

    def __get_pydantic_core_schema__(self, words: type[StrEnum], handler: GetCoreSchemaHandler) -> CoreSchema:
        other = core_schema.no_info_after_validator_function(partial(_kept, words), core_schema.str_schema())
        return core_schema.union_schema([handler(words), other], mode="left_to_right")


Open = Annotated[W, _Open()]
"""An enumeration in an event: `Open[Reason]` keeps the words of later versions as they are; a request's is closed."""


def known(word: W) -> W:
    """The word, where something depends on what it means; UnknownWord for one of a newer version."""
    if word not in type(word).__members__.values():
        raise UnknownWord(f"{type(word).__name__} {word.value}")
    return word


def _kept(words: type[W], word: str) -> W:
    kept = str.__new__(words, word)
    kept._name_ = kept._value_ = word
    return kept
