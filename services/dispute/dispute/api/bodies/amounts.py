"""Amounts of an order: money, or as the orders file writes it a decimal in the currency that the payment names."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, TypeAdapter, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.events.fields import Currency, WireMoney, money_of, wire_money
from shared.events.money import Money

_DECIMAL = r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?$"
_SCHEMA = {"anyOf": [TypeAdapter(WireMoney).json_schema(), {"type": "string", "pattern": _DECIMAL}]}


def _amount(value: Any) -> Money | str:
    return value if isinstance(value, str) else wire_money(value)


def _written(amount: Money | str) -> Any:
    return amount if isinstance(amount, str) else {"amount": amount.amount, "currency": amount.currency}


Amount = Annotated[
    Money | str,
    PlainValidator(_amount),
    PlainSerializer(_written, when_used="json"),
    WithJsonSchema(_SCHEMA),
]


def money(amount: Money | str, currency: Currency | None, *place: str | int) -> Money:
    """The amount as money; a fault at this place where its currency is not known, or not the one that is named."""
    if isinstance(amount, str):
        if currency is None:
            raise PydanticCustomError("money", "Money is an object with exactly amount and currency", {"member": place})
        return money_of(amount, currency, place)
    if currency not in (None, amount.currency):
        raise PydanticCustomError("wrong_currency", "There are two currencies for one payment", {"member": place})
    return amount
