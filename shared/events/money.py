"""Money: integers of a currency's smallest unit in memory and tables, a decimal string on the wire; never a float."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from iso4217 import Currency
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

MOST_DIGITS = 12
"""Of an amount's whole part: with four decimals it still fits the integers that tables and the audit count in."""
_DECIMAL = re.compile(rf"(0|[1-9][0-9]{{0,{MOST_DIGITS - 1}}})(?:\.([0-9]{{1,4}}))?")

_BY_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
    CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK
    HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
    MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP
    SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG
    YER ZAR ZMW ZWG ZWL""",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
DECIMALS = {code: decimals for decimals, codes in _BY_DECIMALS.items() for code in codes.split()}
"""Of every currency that was ever active while this table was kept: it only grows. Metals and units of account have no
decimals, and pay nothing.
"""
ACTIVE = frozenset(currency.code for currency in Currency if currency.exponent is not None) & DECIMALS.keys()
"""In which an order may be paid now; a test says where one is missing above."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency: `minor` units of 10^-`exponent`.

    On the wire it is `{"amount": "12.34", "currency": "USD"}`; the number of decimals is the exponent, so replay never
    depends on a table of currencies.
    """

    minor: int
    currency: str
    exponent: int = 2

    @classmethod
    def zero(cls, like: Money) -> Money:
        """Nothing, in the same currency."""
        return cls(0, like.currency, like.exponent)

    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, amount: str, currency: str) -> Money:
        """The wire form; ValueError where it is not a plain decimal that is not negative."""
        if not (parts := _DECIMAL.fullmatch(amount)):
            raise ValueError("amount must be a decimal string such as 12.34")
        whole, decimals = parts[1], parts[2] or ""
        return cls(int(whole + decimals), currency, len(decimals))

    @property
    def amount(self) -> str:
        """The decimal string, with exactly the currency's decimals."""
        return _decimal(self.minor, self.exponent)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def same_currency(self, other: Money) -> bool:
        return (self.currency, self.exponent) == (other.currency, other.exponent)

    def _with(self, minor: int, other: Money) -> Money:
        if not self.same_currency(other):
            raise ValueError(f"{self} and {other} are not of one currency")
        return Money(minor, self.currency, self.exponent)

    def __add__(self, other: Money) -> Money:
        return self._with(self.minor + other.minor, other)

    def __sub__(self, other: Money) -> Money:
        return self._with(self.minor - other.minor, other)

    def __lt__(self, other: Money) -> bool:
        return self._with(self.minor, other).minor < other.minor

    def __le__(self, other: Money) -> bool:
        return not other < self

    def __bool__(self) -> bool:
        return self.minor != 0

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Parts in proportion to the weights, by largest remainder: they sum to the whole; ties go to the earlier
        part.
        """
        return [Money(part, self.currency, self.exponent) for part in _largest_remainder(self.minor, weights)]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        wire = core_schema.no_info_plain_validator_function(_from_wire)
        return core_schema.json_or_python_schema(
            json_schema=wire,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), wire], mode="left_to_right"),
            serialization=core_schema.plain_serializer_function_ser_schema(_to_wire, when_used="json"),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "type": "object",
            "title": "Money",
            "properties": {
                "amount": {"type": "string", "pattern": f"^{_DECIMAL.pattern}$", "examples": ["12.34"]},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["USD"]},
            },
            "required": ["amount", "currency"],
        }


def total(amounts: Sequence[Money]) -> Money:
    """The sum of at least one amount."""
    first, *rest = amounts
    return sum(rest, start=first)


class OfLine(Protocol):
    """Money of an order's line."""

    @property
    def line_id(self) -> str: ...

    @property
    def amount(self) -> Money: ...


def minor_by_line(lines: Iterable[OfLine]) -> Counter[str]:
    """The money of each line, in minor units."""
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.line_id] += line.amount.minor
    return sums


@lru_cache(maxsize=4096)
def _decimal(minor: int, exponent: int) -> str:
    # An event and an answer tell the same few amounts several times.
    digits = str(abs(minor)).rjust(exponent + 1, "0")
    sign = "-" if minor < 0 else ""
    return sign + (f"{digits[:-exponent]}.{digits[-exponent:]}" if exponent else digits)


def _from_wire(value: Any) -> Money:
    if not isinstance(value, dict) or not value.keys() >= {"amount", "currency"}:
        raise PydanticCustomError("money", "money is an object with amount and currency")
    if not isinstance(value["amount"], str) or not isinstance(value["currency"], str):
        raise PydanticCustomError("money", "amount and currency are strings")
    try:
        return Money.parse(value["amount"], value["currency"])
    except ValueError as error:
        raise PydanticCustomError("money", "{reason}", {"reason": str(error)}) from error


def _to_wire(money: Money) -> dict[str, str]:
    return {"amount": money.amount, "currency": money.currency}


def _largest_remainder(whole: int, weights: Sequence[int]) -> list[int]:
    """`whole` split by weights; all parts are floors but the largest remainders, which get one more."""
    if not (sum_of_weights := sum(weights)):
        raise ValueError("the weights sum to nothing")
    shares = [divmod(whole * weight, sum_of_weights) for weight in weights]
    left = whole - sum(floor for floor, _ in shares)
    favoured = set(sorted(range(len(shares)), key=lambda i: (-shares[i][1], i))[:left])
    return [floor + (i in favoured) for i, (floor, _) in enumerate(shares)]
