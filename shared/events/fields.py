"""Field types of request bodies and commands: text with a limit, money as it is sent."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from shared.events.money import DECIMALS, MOST_DIGITS, Money
from shared.events.outside.words import holds_card_number

NO_CURRENCY = "This is no active currency (ISO 4217)"
_CURRENCY = re.compile(r"[A-Z]{3}")
_TOO_LONG = re.compile(rf"[1-9][0-9]{{{MOST_DIGITS},}}(?:\.[0-9]+)?")
_MEASURE = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,3})?")


def _measure(value: Any) -> Decimal:
    """A number of JSON, or the same as text: digits, and after a point at most three more."""
    if isinstance(value, Decimal):
        return value
    text = str(value) if isinstance(value, Real) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _MEASURE.fullmatch(text):
        raise PydanticCustomError("measure", "A measure is a decimal such as 1.250, with at most 3 decimals")
    return Decimal(text)


_MEASURE_SCHEMA = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 100_000},
        {"type": "string", "pattern": f"^{_MEASURE.pattern}$"},
    ]
}

Word = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
Ticket = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,64}$")]
"""The number of a case in somebody's own system."""
ShortText = Annotated[str, Field(min_length=1, max_length=64)]
Quantity = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Measure = Annotated[Decimal, Field(le=100_000), BeforeValidator(_measure), WithJsonSchema(_MEASURE_SCHEMA)]
EvidenceIds = Annotated[tuple[ShortText, ...], Field(max_length=20)]


_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159")
"""Letters and symbols by their category that show nothing: fillers, and an empty pattern."""


def shows_something(text: str) -> bool:
    """Whether there is anything to read: a letter, a digit, a sign or a symbol, not only marks and invisible ones."""
    return any(unicodedata.category(letter)[0] in "LNPS" and letter not in _BLANK for letter in text)


def _to_read(text: str) -> str:
    if not shows_something(text):
        raise PydanticCustomError("nothing_to_read", "there is nothing to read in this text")
    if holds_card_number(text):
        raise PydanticCustomError("card_number", "This reads like the number of a card, which is kept nowhere")
    return text


@dataclass(frozen=True, slots=True)
class Text:
    """What a person wrote: `Annotated[str, Text(2000)]` is 1 to 2,000 characters, of which some can be read."""

    limit: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        limited = StringConstraints(strip_whitespace=True, min_length=1, max_length=self.limit)
        return handler.generate_schema(Annotated[str, limited, AfterValidator(_to_read)])


def _currency(value: Any) -> str:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value) or value not in DECIMALS:
        raise PydanticCustomError("currency", NO_CURRENCY)
    return value


Currency = Annotated[str, BeforeValidator(_currency), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"})]


def wire_money(value: Any) -> Money:
    """Money as a request writes it: exactly amount and currency, one that is or was active, with its decimals."""
    if isinstance(value, Money):
        return value
    if not isinstance(value, dict) or value.keys() != {"amount", "currency"}:
        raise PydanticCustomError("money", "Money is an object with exactly amount and currency")
    try:
        currency = _currency(value["currency"])
    except PydanticCustomError as error:
        raise PydanticCustomError("currency", error.message_template, {"member": ("currency",)}) from None
    return money_of(value["amount"], currency, ("amount",))


def money_of(amount: Any, currency: str, place: tuple[str | int, ...]) -> Money:
    """Money of a currency with exactly its decimals; otherwise a fault at this place."""
    decimals = DECIMALS[currency]
    if isinstance(amount, str) and _TOO_LONG.fullmatch(amount):
        rule = f"An amount has at most {MOST_DIGITS} digits before its decimals"
        raise PydanticCustomError("amount", "{rule}", {"rule": rule, "member": place})
    try:
        money = Money.parse(amount, currency) if isinstance(amount, str) else None
    except ValueError:
        money = None
    if money is None or money.exponent != decimals:
        raise PydanticCustomError(
            "amount",
            "{rule}",
            {"rule": f"An amount of {currency} is a decimal string with {decimals} decimals", "member": place},
        )
    return money


WireMoney = Annotated[
    Money, WrapValidator(lambda value, _: wire_money(value)), Field(json_schema_extra={"additionalProperties": False})
]
"""Money in a request: a currency with exactly its decimals; the fault is at the amount or at the currency."""
