"""Bodies of the parties' requests: the dispute form, the seller's response, the buyer's changes."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from dispute.api.bodies.fields import Id, Quantity, ShortText
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.negotiation import CounterOffer
from shared.events.dispute import Decision, Payer, Reason, SolutionType
from shared.events.fields import Text, WireMoney
from shared.http.request_body import RequestBody


class RequestedLineBody(RequestedLine):
    """So many of an order line."""

    line_id: Id
    quantity: Quantity = 1


class OpenDisputeBody(RequestBody):
    """The dispute form (S29, S30)."""

    order_id: Id
    lines: Annotated[tuple[RequestedLineBody, ...], Field(min_length=1, max_length=100)]
    reason: Reason
    type: SolutionType
    amount: WireMoney
    description: Annotated[str, Text(2000)]
    evidence: Annotated[tuple[ShortText, ...], Field(max_length=20)] = ()
    contacted_seller: bool = False


class SolutionBody(CounterOffer):
    """What the seller offers instead (S42)."""

    type: SolutionType
    amount: WireMoney
    freight_payer: Payer | None = None
    address: Annotated[str, Text(500)] | None = None


class ResponseBody(RequestBody):
    """The seller's answer: a counter-offer has a solution, a refusal a reason."""

    decision: Decision
    solution: SolutionBody | None = None
    reason: Annotated[str, Text(2000)] | None = None


class ModificationBody(RequestBody):
    """The buyer's changes: at least one (S43)."""

    type: SolutionType | None = None
    amount: WireMoney | None = None
    reason: Reason | None = None
    description: Annotated[str, Text(2000)] | None = None
    evidence: Annotated[tuple[ShortText, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_changed", "change at least one thing")
        return self


class CancellationBody(RequestBody):
    """The buyer's withdrawal (S47)."""

    acknowledge_release: bool = False
