"""Files on their way in and out: received, looked at in a process of their own, and kept in the object storage."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from dispute.api.bodies.evidence import EvidenceForm
from dispute.domain.evidence.limits import SentFile, guard_size, guard_type, most_bytes
from dispute.evidence_bytes import EvidenceBytes
from shared.events.evidence import EvidenceItem
from shared.events.order import Terms
from shared.http.admission.uploads import Uploads
from shared.http.files.download import Span, download
from shared.http.files.form import Form, read_form
from shared.http.problems import invalid
from shared.http.request.command_id import RequestIdentity
from shared.media.inspection import Inspector, size_of
from shared.media.types import ENDINGS, MediaType, media_type
from shared.media.verdict import TooLong, Undecodable
from shared.process.settings import Settings
from shared.rejections import NotFound, ValidationFailed
from shared.storage.objects import open_objects
from shared.storage.port import NotStored, ObjectStorage

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool


@dataclass(slots=True)
class Received:
    """A form with a file: what is known of it before anybody has looked inside. `most` are the bytes that a file of
    each type may have here.
    """

    form: Form
    fields: EvidenceForm
    most_seconds: int
    kept: IO[bytes] = field(default_factory=tempfile.TemporaryFile)

    def __enter__(self) -> Received:
        return self

    def __exit__(self, *_: object) -> None:
        self.form.file.close()
        self.kept.close()

    @property
    def sent_as(self) -> MediaType | None:
        return media_type(self.form.head)

    def identity(self, request: Request) -> RequestIdentity:
        """What makes it the same request: its file, by the digest, and its fields."""
        value = {"file": self.form.digest, **self.form.fields}
        return RequestIdentity.of(request.method, request.scope["path"], value)


@dataclass
class Files:
    """Where this process takes files in, and where it keeps them."""

    settings: Settings
    inspector: Inspector = field(default_factory=Inspector)
    uploads: Uploads = field(default_factory=Uploads)

    @cached_property
    def objects(self) -> ObjectStorage:
        """Opened when it is needed first."""
        return open_objects(self.settings.objects)

    async def inspect(self, received: Received) -> SentFile:
        """Looks inside, in a process of its own; ValidationFailed where the file is none of its type (S32)."""
        sent_as, form = received.sent_as, received.form
        assert sent_as
        try:
            seen = await self.inspector.inspect(form.file, received.kept, sent_as, received.most_seconds)
        except Undecodable as error:
            code = "too_long" if isinstance(error, TooLong) else "undecodable"
            raise ValidationFailed.at("/file", code, str(error), "S32", "G12") from None
        return SentFile(
            sent_as=sent_as,
            sent_size=form.size,
            media_type=seen.media_type,
            size=size_of(received.kept),
            width=seen.width,
            height=seen.height,
            seconds=seen.seconds,
            sha256=digest_of(received.kept),
        )

    def over(self, pool: Pool) -> EvidenceBytes:
        """The contents that are kept, by the database that knows their copies."""
        return EvidenceBytes(pool, self.objects)

    async def answer(self, pool: Pool, item: EvidenceItem, headers: Mapping[bytes, bytes]) -> Response:
        """The bytes as a download; NotFound where they are gone."""
        try:
            copy = await self.over(pool).copy(item.sha256)
            size = await self.objects.size(copy)
        except NotStored:
            raise NotFound("The bytes of this evidence are gone.") from None
        span, name = Span.asked(headers, size), f"{item.evidence_id}.{ENDINGS[item.media_type]}"
        return download(self.objects.read(copy, span.start, span.end), span, item.media_type, name)


async def receive(request: Request, terms: Terms, escalated: bool) -> Received:
    """The form, read to its end: a file above its limit is counted, and not kept."""
    most = most_bytes(terms, escalated)
    largest = max(most.values(), default=0)
    headers: Mapping[bytes, bytes] = request.scope["context"].headers
    form = await read_form(request.receive, headers, largest, lambda head: most.get(media_type(head) or "", 0))
    try:
        fields = EvidenceForm.model_validate(form.fields)
    except ValidationError as error:
        form.file.close()
        raise invalid(error) from None
    return Received(form, fields, terms.evidence_video_max_seconds)


def guard_received(received: Received, terms: Terms, escalated: bool) -> None:
    """G12, before anybody looks inside: the type by the first bytes, and the size."""
    guard_size(guard_type(terms, escalated, received.sent_as), received.form.size)


def digest_of(file: IO[bytes]) -> str:
    """SHA-256 of the whole file."""
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def form_described() -> dict[str, Any]:
    """The form for the OpenAPI document."""
    fields = EvidenceForm.model_json_schema()
    file = {"type": "string", "format": "binary", "description": "jpg, png, gif or bmp below 2 MiB, or an mp4"}
    schema = {**fields, "properties": {"file": file, **fields["properties"]}, "required": ["file"]}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
