"""Bodies of the shop's requests: an order with its facts, and the fields of the command that they become."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError, to_json

from dispute.api.bodies.amounts import Amount, money
from dispute.api.bodies.facts import OrderFactBody
from dispute.api.bodies.payments import PaymentBody
from dispute.domain.orders.registration import RegisteredLine
from shared.events.fields import Measure, Quantity, ShortText, Text
from shared.events.ids import digest
from shared.events.moments import Day, Moment
from shared.events.money import Money
from shared.events.order import ShipTo
from shared.events.outside.ids import Id, PartyId
from shared.events.outside.words import Code, Name, PostalCode, Words
from shared.http.request.body import RequestBody, example

POSTAL_AREA = 3
"""Characters of a postal code that tell a territory or a military post from the rest of its country."""

Flag = Literal[
    "free_return",
    "extra_returns",
    "domestic_return",
    "authenticity_assured",
    "advanced",
    "one_year_warranty",
    "not_durable",
    "free_gift",
    "customised",
    "perishable",
    "fragile",
    "hygiene",
    "copiable_media",
    "virtual",
]
"""What a listing may say of a line: rules ask for these, so a word that is none of them is refused."""


Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]


class LineBody(RequestBody):
    """One order line; `price` is for one piece, a plain decimal in the payment's currency."""

    line_id: Id
    seller_id: PartyId | None = None
    sku: Code = ""
    category: Annotated[Words, Field(max_length=128)] = ""
    price: Amount
    quantity: Quantity = 1
    weight_kg: Measure | None = None
    dimensions_cm: Annotated[tuple[Measure, ...], Field(max_length=3)] = ()
    flags: Annotated[tuple[Flag, ...], Field(max_length=20)] = ()
    listing_warranty: Words | None = None


class ShipToBody(RequestBody):
    """As much of the address as rules need; of the postal code they need how it begins, and no more is recorded. The
    address as people write it, in any script and in lines, is for labels of returns, and stands in no event.
    """

    country: Country
    region: Name | None = None
    postal_code: PostalCode | None = None
    address: Annotated[str, Text(500)] | None = None

    @property
    def recorded(self) -> ShipTo:
        """What the order's event says."""
        begins = self.postal_code and self.postal_code[:POSTAL_AREA]
        return ShipTo(country=self.country, region=self.region, postal_code=begins)


class OrderBody(RequestBody):
    """An order as the shop knows it, with the facts so far."""

    model_config = example(
        buyer_id="ann",
        seller_id="soundhouse",
        channel="platform",
        payment={
            "method": "visa",
            "payee": "escrow",
            "amount": {"amount": "68.00", "currency": "USD"},
            "paid_at": "2026-03-01T12:01:00Z",
        },
        lines=[
            {
                "line_id": "1",
                "sku": "headphones-1",
                "category": "headphones",
                "price": {"amount": "49.90", "currency": "USD"},
                "quantity": 1,
            },
            {
                "line_id": "2",
                "sku": "case-2",
                "category": "case",
                "price": {"amount": "12.50", "currency": "USD"},
                "quantity": 1,
            },
        ],
        ship_to={"country": "DE", "postal_code": "10115"},
        promised_by="2026-03-15",
        placed_at="2026-03-01T12:00:00Z",
        facts=[{"type": "shipped", "at": "2026-03-04T12:00:00Z"}],
    )

    order_id: Id | None = None
    buyer_id: PartyId
    seller_id: PartyId
    channel: Literal["platform", "off_platform"] = "platform"
    programme: ShortText | None = None
    payment: PaymentBody
    lines: Annotated[tuple[LineBody, ...], Field(min_length=1, max_length=100)]
    buyer_account_status: Literal["good", "restricted"] = "good"
    return_address: Annotated[str, Text(500)] | None = None
    return_country: Country | None = None
    free_return_confirmed: bool = False
    ship_to: ShipToBody
    promised_by: Day | None = None
    placed_at: Moment
    facts: Annotated[tuple[OrderFactBody, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _lines_agree_with_payment(self) -> Self:
        paid = self._paid
        if not paid:
            raise PydanticCustomError("not_positive", "the payment is more than nothing", {"member": ("payment",)})
        self.payment.guard_parts(paid)
        for number, line in enumerate(self.lines):
            if not self._price(line, number).same_currency(paid):
                place = ("lines", number, "price")
                raise PydanticCustomError(
                    "wrong_currency", "the lines and the payment are of one currency", {"member": place}
                )
        if len({line.line_id for line in self.lines}) < len(self.lines):
            raise PydanticCustomError("repeated", "every line has its own line_id", {"member": ("lines",)})
        return self

    @model_validator(mode="after")
    def _country_is_of_an_address(self) -> Self:
        if self.return_country and not self.return_address:
            raise PydanticCustomError("missing", "the country is that of an address", {"member": ("return_address",)})
        return self

    @property
    def flags(self) -> frozenset[str]:
        """What the listing said of any of its lines."""
        return frozenset(flag for line in self.lines for flag in line.flags)

    @property
    def _paid(self) -> Money:
        named = isinstance(self.payment.amount, str)
        return money(self.payment.amount, self.payment.currency, "payment", "amount" if named else "currency")

    def _price(self, line: LineBody, number: int) -> Money:
        # A price that is money is held against the payment as a whole, not against the payment's other spelling.
        currency = self._paid.currency if isinstance(line.price, str) else None
        return money(line.price, currency, "lines", number, "price")

    def fields(self, order_id: str) -> dict[str, Any]:
        """The fields of `RegisterOrder` that the body gives; its digest tells the same body from another."""
        payment = self.payment
        return {
            "order_id": order_id,
            "buyer_id": self.buyer_id,
            "seller_id": self.seller_id,
            "channel": self.channel,
            "buyer_account_status": self.buyer_account_status,
            "return_address": self.return_address,
            "return_country": self.return_country,
            "free_return_confirmed": self.free_return_confirmed,
            "promised_by": self.promised_by,
            "placed_at": self.placed_at,
            "payment": payment.recorded(order_id, self._paid),
            "paid_at": payment.paid_at or self.placed_at,
            "lines": tuple(self._line(line, number) for number, line in enumerate(self.lines)),
            "ship_to": self.ship_to.recorded,
            "ship_to_address": self.ship_to.address,
            "facts": tuple(fact.fact() for fact in self.facts),
            "body_digest": digest(to_json(self._said)),
        }

    @property
    def _said(self) -> dict[str, Any]:
        """All that tells it from another; one payment, or no address, says what it said before there could be more."""
        said: dict[str, Any] = self.model_dump(mode="json", exclude={"order_id"})
        if not self.payment.parts:
            del said["payment"]["parts"]
        if not self.ship_to.address:
            del said["ship_to"]["address"]
        if not self.return_country:
            del said["return_country"]
        return said

    def _line(self, line: LineBody, number: int) -> RegisteredLine:
        seller_id, price = line.seller_id or self.seller_id, self._price(line, number)
        return RegisteredLine(**{**dict(line), "seller_id": seller_id, "price": price})
