"""What the HTTP API takes: the shapes of request bodies, and how an order's body becomes a command's fields."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError, to_json

from dispute.domain.commands import CounterOffer, Fact, RegisteredLine, RequestedLine
from shared.events.base import Instant, digest
from shared.events.dispute import Decision, Payer, Reason, SolutionType
from shared.events.order import OrderPayment, ShipTo
from shared.runtime.wire import Text, WireMoney

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]
Quantity = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Measure = Annotated[Decimal, Field(ge=0, le=100_000, max_digits=9, decimal_places=3)]
Word = Annotated[str, Field(min_length=1, max_length=64)]

BEGINNING, END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Far from the years where a calendar ends, so that every deadline that follows from an instant still fits behind it."""


def _within_reach(at: datetime) -> datetime:
    if not BEGINNING <= at < END:
        raise PydanticCustomError("out_of_reach", "from 1970 to 2199")
    return at


Moment = Annotated[Instant, AfterValidator(_within_reach)]
Day = Annotated[date, Field(ge=BEGINNING.date(), lt=END.date())]


class Body(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PaymentBody(Body):
    """How the order was paid; without `payment_id` the order's id serves."""

    payment_id: Id | None = None
    method: Word
    payee: Literal["escrow", "seller"] = "escrow"
    amount: WireMoney
    paid_at: Moment | None = None


class LineBody(Body):
    """One order line; `price` is for one piece."""

    line_id: Id
    seller_id: Id | None = None
    sku: Annotated[str, Field(max_length=128)] = ""
    category: Annotated[str, Field(max_length=128)] = ""
    price: WireMoney
    quantity: Quantity = 1
    weight_kg: Measure | None = None
    dimensions_cm: Annotated[tuple[Measure, ...], Field(max_length=3)] = ()
    flags: Annotated[tuple[Word, ...], Field(max_length=20)] = ()
    listing_warranty: Annotated[str, Field(max_length=256)] | None = None


class ShipToBody(Body):
    """As much of the address as rules need."""

    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    region: Word | None = None
    postal_code: Annotated[str, Field(max_length=16)] | None = None


class OrderBody(Body):
    """An order as the shop knows it, with the facts so far."""

    order_id: Id | None = None
    buyer_id: Id
    seller_id: Id
    channel: Literal["platform", "off_platform"] = "platform"
    programme: Word | None = None
    payment: PaymentBody
    lines: Annotated[tuple[LineBody, ...], Field(min_length=1, max_length=100)]
    buyer_account_status: Literal["good", "restricted"] = "good"
    return_address: Annotated[str, Text(500)] | None = None
    free_return_confirmed: bool = False
    ship_to: ShipToBody
    promised_by: Day | None = None
    placed_at: Moment
    facts: Annotated[tuple[FactBody, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _lines_agree_with_payment(self) -> Self:
        amount = self.payment.amount
        if not amount:
            raise PydanticCustomError("not_positive", "the payment is more than nothing")
        if any(not line.price.same_currency(amount) for line in self.lines):
            raise PydanticCustomError("wrong_currency", "the lines and the payment are of one currency")
        if len({line.line_id for line in self.lines}) < len(self.lines):
            raise PydanticCustomError("repeated", "every line has its own line_id")
        return self

    def fields(self, order_id: str) -> dict[str, Any]:
        """The fields of `RegisterOrder` that the body gives; its digest tells the same body from another."""
        payment = self.payment
        plain = {name: getattr(self, name) for name in _SAME}
        return {
            **plain,
            "order_id": order_id,
            "payment": OrderPayment(
                payment_id=payment.payment_id or order_id,
                method=payment.method,
                payee=payment.payee,
                amount=payment.amount,
            ),
            "paid_at": payment.paid_at,
            "lines": tuple(self._line(line) for line in self.lines),
            "ship_to": ShipTo(**dict(self.ship_to)),
            "facts": tuple(fact.fact() for fact in self.facts),
            "body_digest": digest(to_json(self.model_dump(mode="json", exclude={"order_id"}))),
        }

    def _line(self, line: LineBody) -> RegisteredLine:
        return RegisteredLine(**{**dict(line), "seller_id": line.seller_id or self.seller_id})


_SAME = (
    "buyer_id",
    "seller_id",
    "channel",
    "buyer_account_status",
    "return_address",
    "free_return_confirmed",
    "promised_by",
    "placed_at",
)


class ParcelBody(Body):
    """One parcel of a shipment."""

    weight_kg: Measure | None = None
    dimensions_cm: Annotated[tuple[Measure, ...], Field(max_length=3)] = ()
    lines: Annotated[tuple[Id, ...], Field(max_length=100)] = ()


class PlainFact(Body):
    """Something happened to the order."""

    type: Literal["delivered", "finished", "carrier_lost", "delivery_corrected"]
    at: Moment

    def fact(self) -> Fact:
        return Fact.model_validate(self.model_dump())


class ShippedFact(PlainFact):
    """The seller shipped, in these parcels."""

    type: Literal["shipped"]  # type: ignore[assignment]
    parcels: Annotated[tuple[ParcelBody, ...], Field(max_length=50)] = ()


class CancelledFact(PlainFact):
    """The order was cancelled, by whom."""

    type: Literal["cancelled"]  # type: ignore[assignment]
    by: Literal["buyer", "seller", "platform"] = "seller"


class AccountFact(PlainFact):
    """The buyer's account changed its standing."""

    type: Literal["account_status"]  # type: ignore[assignment]
    status: Literal["good", "restricted"]


FactBody = Annotated[PlainFact | ShippedFact | CancelledFact | AccountFact, Field(discriminator="type")]
OrderBody.model_rebuild()


class RequestedLineBody(RequestedLine):
    """So many of an order line."""

    line_id: Id
    quantity: Quantity = 1


class OpenDisputeBody(Body):
    """The dispute form (S29, S30)."""

    order_id: Id
    lines: Annotated[tuple[RequestedLineBody, ...], Field(min_length=1, max_length=100)]
    reason: Reason
    type: SolutionType
    amount: WireMoney
    description: Annotated[str, Text(2000)]
    evidence: Annotated[tuple[Word, ...], Field(max_length=20)] = ()
    contacted_seller: bool = False


class SolutionBody(CounterOffer):
    """What the seller offers instead (S42)."""

    type: SolutionType
    amount: WireMoney
    freight_payer: Payer | None = None
    address: Annotated[str, Text(500)] | None = None


class ResponseBody(Body):
    """The seller's answer: a counter-offer has a solution, a refusal a reason."""

    decision: Decision
    solution: SolutionBody | None = None
    reason: Annotated[str, Text(2000)] | None = None


class ModificationBody(Body):
    """The buyer's changes: at least one (S43)."""

    type: SolutionType | None = None
    amount: WireMoney | None = None
    reason: Reason | None = None
    description: Annotated[str, Text(2000)] | None = None
    evidence: Annotated[tuple[Word, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_changed", "change at least one thing")
        return self


class CancellationBody(Body):
    """The buyer's withdrawal (S47)."""

    acknowledge_release: bool = False
