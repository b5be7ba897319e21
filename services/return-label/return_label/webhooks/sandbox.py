"""The sandbox's carrier's webhooks, in the form of Standard Webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ValidationError

from return_label.domain.tracking.scans import ScanKind
from return_label.webhooks.port import Malformed, Receive, Word
from shared.http.request.webhooks import key_of, verified

SCANNED = "parcel.scanned"


class _Kind(BaseModel):
    type: str


class _Scan(BaseModel):
    id: str
    reference: str
    tracking_number: str
    kind: ScanKind


class _Message(_Kind):
    data: _Scan


def sandbox_webhooks(secrets: Sequence[str]) -> Receive:
    """The plug-in: `whsec_<base64>`."""
    keys = [key_of(secret) for secret in secrets]

    def receive(headers: Mapping[bytes, bytes], body: bytes, now: float) -> Word | None:
        verified(keys, headers, body, now)
        try:
            if _Kind.model_validate_json(body).type != SCANNED:
                return None
            scan = _Message.model_validate_json(body).data
        except ValidationError as error:
            raise Malformed from error
        return Word(scan.id, scan.reference, scan.tracking_number, scan.kind)

    return receive
