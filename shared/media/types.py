"""Media types: what kinds of files are known, by their first bytes. A file's name proves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

HEAD = 32
"""So many bytes tell the type."""


class MediaType(StrEnum):
    """A type of file that can be looked at."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    GIF = "image/gif"
    BMP = "image/bmp"
    MP4 = "video/mp4"


ENDINGS: Mapping[str, str] = {
    MediaType.JPEG: "jpg",
    MediaType.PNG: "png",
    MediaType.GIF: "gif",
    MediaType.BMP: "bmp",
    MediaType.MP4: "mp4",
}
"""How the name of a file of this type ends."""

_BEGINNINGS: Mapping[bytes, MediaType] = {
    b"\xff\xd8\xff": MediaType.JPEG,
    b"\x89PNG\r\n\x1a\n": MediaType.PNG,
    b"GIF87a": MediaType.GIF,
    b"GIF89a": MediaType.GIF,
    b"BM": MediaType.BMP,
}
BRANDS = frozenset({b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash"})
"""Of an mp4: other containers of the same build, such as avif, heic and mov, have brands of their own."""


def media_type(head: bytes) -> MediaType | None:
    """The type of a file that begins like this; None where it is none that is known."""
    if head[4:8] == b"ftyp" and head[8:12] in BRANDS:
        return MediaType.MP4
    return next((known for beginning, known in _BEGINNINGS.items() if head.startswith(beginning)), None)
