"""Bodies of the commands about returns."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.events.fields import Text
from shared.events.return_label import InspectionFault, InspectionResult


class Body(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ShipmentBody(Body):
    """The parcel, as the carrier numbers it."""

    tracking_number: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9 .-]{1,62}[A-Za-z0-9]$")
    ]
    carrier: (
        Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._&-]{0,63}$")] | None
    ) = None


class InspectionBody(Body):
    """What the inspection found; a failure has a fault."""

    result: InspectionResult
    fault: InspectionFault | None = None
    note: Annotated[str, Text(2000)] | None = None
