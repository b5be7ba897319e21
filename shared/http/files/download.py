"""Downloads: bytes of a file as an answer, all of them or the part that a Range names."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from starlette.responses import StreamingResponse

PARTIAL = 206
_RANGE = re.compile(rb"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to before `end` of a file of `size` bytes."""

    start: int
    end: int
    size: int

    @classmethod
    def asked(cls, headers: Mapping[bytes, bytes], size: int) -> Span:
        """What the Range header asks for; all of it where it names several parts, or none that there is."""
        found = _RANGE.fullmatch(headers.get(b"range", b"").strip())
        if not found:
            return cls(0, size, size)
        if found[3]:
            start, end = max(0, size - int(found[3])), size
        else:
            start, end = int(found[1]), min(size, int(found[2]) + 1) if found[2] else size
        return cls(start, end, size) if start < end else cls(0, size, size)

    @property
    def whole(self) -> bool:
        """Whether it is all of the file."""
        return self.end - self.start == self.size


def download(pieces: AsyncIterator[bytes], span: Span, media_type: str, name: str) -> StreamingResponse:
    """The answer: for this caller alone, kept by nobody on the way, and saved, never shown as part of a page."""
    headers = {
        "Content-Length": str(span.end - span.start),
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
        "Accept-Ranges": "bytes",
    }
    if not span.whole:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{span.size}"
    return StreamingResponse(pieces, 200 if span.whole else PARTIAL, headers, media_type)
