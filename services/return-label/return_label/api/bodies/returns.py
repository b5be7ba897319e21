"""Bodies of the commands about returns."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from shared.events.fields import Text
from shared.events.return_label import InspectionFault, InspectionResult
from shared.http.request_body import RequestBody


class ShipmentBody(RequestBody):
    """The parcel, as the carrier numbers it."""

    tracking_number: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9 .-]{1,62}[A-Za-z0-9]$")
    ]
    carrier: (
        Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._&-]{0,63}$")] | None
    ) = None


class InspectionBody(RequestBody):
    """What the inspection found; a failure has a fault."""

    result: InspectionResult
    fault: InspectionFault | None = None
    note: Annotated[str, Text(2000)] | None = None
