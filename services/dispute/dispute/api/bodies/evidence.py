"""Fields beside the file of an upload."""

from __future__ import annotations

from typing import Annotated

from shared.events.evidence import EvidencePurpose
from shared.events.fields import Text
from shared.http.request.body import RequestBody


class EvidenceForm(RequestBody):
    """What its sender says of it."""

    purpose: EvidencePurpose = EvidencePurpose.ITEM
    caption: Annotated[str, Text(500)] | None = None
