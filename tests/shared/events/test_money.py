"""Money: integers in memory, a decimal string on the wire, never a float."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from iso4217 import Currency
from pydantic import TypeAdapter, ValidationError

from shared.events.fields import WireMoney
from shared.events.money import ACTIVE, DECIMALS, Money, total

WIRE: TypeAdapter[Money] = TypeAdapter(Money)
EDGE: TypeAdapter[Money] = TypeAdapter(WireMoney)


def usd(amount: str) -> Money:
    return Money.parse(amount, "USD")


@pytest.mark.parametrize(
    ("amount", "minor", "exponent"),
    [
        ("12.34", 1234, 2),
        ("0.00", 0, 2),
        ("0.05", 5, 2),
        ("5", 5, 0),
        ("1.234", 1234, 3),
        ("999999999999.99", 99999999999999, 2),
    ],
)
def test_the_decimal_string_gives_the_minor_units_and_the_exponent(amount: str, minor: int, exponent: int) -> None:
    money = Money.parse(amount, "XXX")
    assert (money.minor, money.exponent, money.amount) == (minor, exponent, amount)


@pytest.mark.parametrize(
    "amount",
    [
        "",
        " ",
        "1,00",
        "-1.00",
        "+1.00",
        "1.",
        ".5",
        "01.00",
        "1e2",
        "1_000",
        "NaN",
        "Infinity",
        "0x1",
        "١.٠٠",
        "1.00 ",
        "1.00\n",
        "1.00000",
        "1" * 16,
    ],
)
def test_anything_but_a_plain_decimal_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="decimal"):
        Money.parse(amount, "USD")


def test_the_wire_form_is_an_object_of_two_strings() -> None:
    assert WIRE.dump_python(usd("12.30"), mode="json") == {"amount": "12.30", "currency": "USD"}
    assert WIRE.validate_json('{"amount": "12.30", "currency": "USD"}') == usd("12.30")


@pytest.mark.parametrize(
    "wire",
    [
        {"amount": 12.34, "currency": "USD"},
        {"amount": 12, "currency": "USD"},
        {"amount": "12.34", "currency": 840},
        {"amount": "12.34"},
        {"amount": "-12.34", "currency": "USD"},
        "12.34 USD",
        12.34,
        None,
        [],
    ],
)
def test_a_float_and_every_other_shape_are_refused_on_the_wire(wire: Any) -> None:
    with pytest.raises(ValidationError):
        WIRE.validate_python(wire)


def test_an_amount_is_refused_with_the_wire_form_and_not_with_a_float() -> None:
    with pytest.raises(ValidationError) as refusal:
        WIRE.validate_json('{"amount": 12.34, "currency": "USD"}')
    assert refusal.value.errors()[0]["type"] == "money"


def test_amounts_of_one_currency_add_subtract_and_compare() -> None:
    assert usd("1.00") + usd("0.50") - usd("0.25") == usd("1.25")
    assert usd("1.00") < usd("1.01") <= usd("1.01")
    assert (bool(usd("0.00")), bool(usd("0.01"))) == (False, True)
    assert total([usd("1.00"), usd("2.00"), usd("3.00")]) == usd("6.00")
    assert min(usd("2.00"), usd("1.00")) == usd("1.00")


@pytest.mark.parametrize("other", [Money(1, "EUR"), Money(1, "USD", 3)])
def test_amounts_of_two_currencies_or_exponents_do_not_mix(other: Money) -> None:
    for mix in (Money.__add__, Money.__sub__, Money.__lt__, Money.__le__):
        with pytest.raises(ValueError, match="one currency"):
            mix(usd("1.00"), other)


def test_a_difference_may_be_negative_and_reads_so() -> None:
    assert str(usd("0.05") - usd("1.00")) == "-0.95 USD"


def test_nothing_is_nothing_in_the_same_currency() -> None:
    assert Money.zero(Money(5, "JPY", 0)) == Money(0, "JPY", 0)


@pytest.mark.parametrize(
    ("whole", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (100, [1, 2], [33, 67]),
        (2, [1, 1, 1], [1, 1, 0]),
        (0, [1, 2], [0, 0]),
        (5, [0, 1], [0, 5]),
        (7, [3], [7]),
        (101, [50, 30, 20], [51, 30, 20]),
    ],
)
def test_g9_a_split_is_by_largest_remainder_and_ties_go_to_the_earlier(
    whole: int, weights: list[int], parts: list[int]
) -> None:
    assert [part.minor for part in Money(whole, "USD").split(weights)] == parts


@pytest.mark.parametrize("weights", [[], [0], [0, 0]])
def test_a_split_needs_a_weight(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        usd("1.00").split(weights)


@pytest.mark.parametrize(
    ("currencies", "decimals"),
    [
        ("BRL CNY EUR GBP INR PLN RUB TRY UAH USD", 2),
        ("CLP ISK JPY KRW VND XOF", 0),
        ("BHD JOD KWD OMR TND", 3),
        ("CLF UYW", 4),
    ],
)
def test_a_currency_has_so_many_decimals(currencies: str, decimals: int) -> None:
    assert {DECIMALS[code] for code in currencies.split()} == {decimals}


def test_the_currencies_and_their_decimals_are_those_of_iso_4217(shared_data: Path) -> None:
    with (shared_data / "reference" / "iso4217.csv").open(encoding="utf-8", newline="") as rows:
        official = {row["code"]: row["minor_units"] for row in csv.DictReader(rows)}
    assert {code: str(DECIMALS[code]) for code in ACTIVE} == {
        code: decimals for code, decimals in official.items() if decimals.isdigit()
    }


def test_the_table_of_decimals_has_every_currency_that_the_library_calls_active() -> None:
    listed = {currency.code: currency.exponent for currency in Currency if currency.exponent is not None}
    assert listed.items() <= DECIMALS.items()


@pytest.mark.parametrize("code", ["BGN", "HRK"])
def test_money_in_a_currency_that_was_withdrawn_is_read_and_asked_for_still(code: str) -> None:
    assert code not in ACTIVE
    assert EDGE.validate_python({"amount": "1.00", "currency": code}) == Money(100, code)


@pytest.mark.parametrize("code", ["XAU", "XDR", "XXX", "XTS"])
def test_what_has_no_smallest_unit_pays_nothing(code: str) -> None:
    with pytest.raises(ValidationError, match="no active currency"):
        EDGE.validate_python({"amount": "1.00", "currency": code})


@pytest.mark.parametrize(("amount", "currency"), [("1.00", "USD"), ("100", "JPY"), ("1.000", "KWD"), ("1.00", "XCG")])
def test_the_edge_takes_an_active_currency_with_exactly_its_decimals(amount: str, currency: str) -> None:
    assert EDGE.validate_python({"amount": amount, "currency": currency}) == Money.parse(amount, currency)


@pytest.mark.parametrize(
    "odd",
    [
        {"amount": "1.0", "currency": "USD"},
        {"amount": "1", "currency": "USD"},
        {"amount": "1.00", "currency": "JPY"},
        {"amount": "1.00", "currency": "XXX"},
        {"amount": "1.00", "currency": "usd"},
        {"amount": "1.00", "currency": "USD", "rank": 7},
        {"amount": "1.00"},
    ],
)
def test_the_edge_takes_nothing_else(odd: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EDGE.validate_python(odd)
