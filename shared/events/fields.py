"""Field types of request bodies and commands: text with a limit, money as it is sent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, GetCoreSchemaHandler, StringConstraints, WrapValidator
from pydantic_core import CoreSchema, PydanticCustomError

from shared.events.base import Instant
from shared.events.money import MINOR_UNITS, Money


def example(**body: Any) -> ConfigDict:
    """The `model_config` of a body that OpenAPI shows by this example."""
    return ConfigDict(json_schema_extra={"examples": [body]})


_CURRENCY = re.compile(r"[A-Z]{3}")
_BEGINNING, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Far from the years where a calendar ends, so that every deadline that follows from an instant still fits behind
it.
"""

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]
ShortText = Annotated[str, Field(min_length=1, max_length=64)]
Quantity = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Measure = Annotated[Decimal, Field(ge=0, le=100_000, max_digits=9, decimal_places=3)]
EvidenceIds = Annotated[tuple[ShortText, ...], Field(max_length=20)]
TrackingNumber = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9 .-]{1,62}[A-Za-z0-9]$")
]
CarrierName = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._&-]{0,63}$")]


def _within_reach(at: datetime) -> datetime:
    if not _BEGINNING <= at < _END:
        raise PydanticCustomError("out_of_reach", "from 1970 to 2199")
    return at


WireInstant = Annotated[Instant, AfterValidator(_within_reach)]
WireDay = Annotated[date, Field(ge=_BEGINNING.date(), lt=_END.date())]


_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159")
"""Letters and symbols by their category that show nothing: fillers, and an empty pattern."""


def shows_something(text: str) -> bool:
    """Whether there is anything to read: a letter, a digit, a sign or a symbol, not only marks and invisible ones."""
    return any(unicodedata.category(letter)[0] in "LNPS" and letter not in _BLANK for letter in text)


def _to_read(text: str) -> str:
    if not shows_something(text):
        raise PydanticCustomError("nothing_to_read", "there is nothing to read in this text")
    return text


@dataclass(frozen=True, slots=True)
class Text:
    """What a person wrote: `Annotated[str, Text(2000)]` is 1 to 2,000 characters, of which some can be read."""

    limit: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        limited = StringConstraints(strip_whitespace=True, min_length=1, max_length=self.limit)
        return handler.generate_schema(Annotated[str, limited, AfterValidator(_to_read)])


def _wire_money(value: Any, _: Callable[[Any], Money]) -> Money:
    if isinstance(value, Money):
        return value
    if not isinstance(value, dict) or value.keys() != {"amount", "currency"}:
        raise PydanticCustomError("money", "Money is an object with exactly amount and currency")
    amount, currency = value["amount"], value["currency"]
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency) or currency not in MINOR_UNITS:
        raise PydanticCustomError("currency", "This is no active currency (ISO 4217)", {"member": "currency"})
    return _parsed(amount, currency)


def _parsed(amount: Any, currency: str) -> Money:
    decimals = MINOR_UNITS[currency]
    try:
        money = Money.parse(amount, currency) if isinstance(amount, str) else None
    except ValueError:
        money = None
    if money is None or money.exponent != decimals:
        raise PydanticCustomError(
            "amount",
            "{rule}",
            {"rule": f"An amount of {currency} is a decimal string with {decimals} decimals", "member": "amount"},
        )
    return money


WireMoney = Annotated[Money, WrapValidator(_wire_money), Field(json_schema_extra={"additionalProperties": False})]
"""Money in a request: an active currency with exactly its decimals; the fault is at the amount or at the currency."""
