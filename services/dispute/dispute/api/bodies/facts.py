"""Bodies of facts: what happened to an order, its parcels or its pieces."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from dispute.domain.orders.facts import Fact
from dispute.domain.orders.naming import NamedParcel
from shared.events.fields import Measure, Quantity
from shared.events.mediation.clawbacks import ClawbackEnd
from shared.events.moments import Moment
from shared.events.order import Pieces
from shared.events.outside.ids import Id
from shared.events.outside.words import Name, TrackingNumber
from shared.http.request.body import RequestBody, example


class PiecesBody(RequestBody):
    """So many of an order line; without a quantity all that are left of it."""

    line_id: Id
    quantity: Quantity | None = None


Contents = Annotated[tuple[Id | PiecesBody, ...], Field(max_length=100)]
"""Lines with quantities; a bare line_id means all of it."""


class ParcelName(RequestBody):
    """A parcel by its id, by its number, or by what is in it."""

    parcel_id: Id | None = None
    tracking_number: TrackingNumber | None = None
    lines: Contents = ()

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not (self.parcel_id or self.tracking_number or self.lines):
            raise PydanticCustomError("missing", "a parcel_id, a tracking_number or lines")
        return self

    def named(self) -> NamedParcel:
        return NamedParcel(**{**dict(self), "lines": _pieces(self.lines)})


class ParcelBody(RequestBody):
    """One parcel of a shipment, as its carrier numbers it: its number is its id where it has no other; without lines it
    has all that is in no other parcel.
    """

    parcel_id: Id | None = None
    tracking_number: TrackingNumber | None = None
    carrier: Name | None = None
    weight_kg: Measure | None = None
    dimensions_cm: Annotated[tuple[Measure, ...], Field(max_length=3)] = ()
    lines: Contents = ()

    def named(self) -> NamedParcel:
        return NamedParcel(**{**dict(self), "lines": _pieces(self.lines)})


class PlainFact(RequestBody):
    """Something happened to the order."""

    model_config = example(type="finished", at="2026-03-17T12:00:00Z")

    type: Literal["finished"]
    at: Moment

    def fact(self) -> Fact:
        return Fact.model_validate(self.model_dump(exclude={"parcels"}) | {"parcels": self.named})

    @property
    def named(self) -> tuple[NamedParcel, ...]:
        """The parcels that it is about; none are all."""
        return ()


class ShippedFact(PlainFact):
    """The seller shipped, in these parcels; without parcels all that was not shipped yet."""

    model_config = example(
        type="shipped",
        at="2026-03-04T12:00:00Z",
        parcels=[
            {"tracking_number": "RR123456785ES", "carrier": "Correos", "lines": [{"line_id": "1", "quantity": 1}]}
        ],
    )

    type: Literal["shipped"]  # type: ignore[assignment]
    parcels: Annotated[tuple[ParcelBody, ...], Field(max_length=50)] = ()

    @property
    def named(self) -> tuple[NamedParcel, ...]:
        return tuple(parcel.named() for parcel in self.parcels)


class ParcelFact(PlainFact):
    """Something happened to parcels; without parcels, while at most one is known, to the whole order."""

    model_config = example(type="delivered", at="2026-03-17T12:00:00Z")

    type: Literal["delivered", "carrier_lost", "delivery_corrected"]  # type: ignore[assignment]
    parcels: Annotated[tuple[ParcelName, ...], Field(max_length=50)] = ()

    @property
    def named(self) -> tuple[NamedParcel, ...]:
        return tuple(parcel.named() for parcel in self.parcels)


class CorrectedParcel(ParcelName):
    """A parcel whose number is corrected; where several are, by its id with the right number and carrier."""

    carrier: Name | None = None


class TrackingFact(PlainFact):
    """A parcel has another number than was typed, and keeps its id: `tracking_number` is the right one of the parcel
    that is named. Or several have: without it, each of the parcels is named by its `parcel_id` beside its right number,
    so that two may swap theirs.
    """

    model_config = example(
        type="tracking_corrected",
        at="2026-03-05T12:00:00Z",
        parcels=[{"tracking_number": "RR123456785ES"}],
        tracking_number="RR123456758ES",
    )

    type: Literal["tracking_corrected"]  # type: ignore[assignment]
    parcels: Annotated[tuple[CorrectedParcel, ...], Field(max_length=50)] = ()
    tracking_number: TrackingNumber | None = None
    carrier: Name | None = None

    @model_validator(mode="after")
    def _one_or_each(self) -> Self:
        if self.tracking_number and (len(self.parcels) > 1 or any(parcel.carrier for parcel in self.parcels)):
            raise PydanticCustomError("not_expected", "the right number of one parcel, or each beside its parcel")
        if not self.tracking_number and not self._each_has_its_own:
            raise PydanticCustomError(
                "missing", "the right tracking_number, or parcels by parcel_id, each with its own"
            )
        return self

    @property
    def _each_has_its_own(self) -> bool:
        whole = all(parcel.parcel_id and parcel.tracking_number and not parcel.lines for parcel in self.parcels)
        return bool(self.parcels) and whole and not self.carrier

    @property
    def named(self) -> tuple[NamedParcel, ...]:
        return tuple(parcel.named() for parcel in self.parcels)


class CancelledFact(PlainFact):
    """The order was cancelled before it was shipped, by whom."""

    model_config = example(type="cancelled", at="2026-03-02T12:00:00Z", by="buyer")

    type: Literal["cancelled"]  # type: ignore[assignment]
    by: Literal["buyer", "seller", "platform"] = "seller"


class AccountFact(PlainFact):
    """The buyer's account changed its standing."""

    model_config = example(type="account_status", at="2026-03-02T12:00:00Z", status="restricted")

    type: Literal["account_status"]  # type: ignore[assignment]
    status: Literal["good", "restricted"]


class ClawbackFact(RequestBody):
    """What was asked back has come, or does not come, and the bank's or the provider's word for why (K19)."""

    model_config = example(type="clawback_settled", at="2026-04-02T12:00:00Z", clawback_id="clw_2f1c9a7be4d05583")

    type: Literal["clawback_settled", "clawback_failed"]
    at: Moment
    clawback_id: Id
    reason_code: Annotated[Name, Field(max_length=32)] | None = None

    @property
    def end(self) -> ClawbackEnd:
        return ClawbackEnd(self.type.removeprefix("clawback_"))


Told = PlainFact | ShippedFact | ParcelFact | TrackingFact | CancelledFact | AccountFact
OrderFactBody = Annotated[Told, Field(discriminator="type")]
"""What an order may bring along."""
FactBody = Annotated[Told | ClawbackFact, Field(discriminator="type")]


def _pieces(lines: tuple[str | PiecesBody, ...]) -> tuple[Pieces, ...]:
    return tuple(Pieces(line_id=line) if isinstance(line, str) else Pieces(**dict(line)) for line in lines)
