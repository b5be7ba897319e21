"""Pictures and films for tests, made here."""

from __future__ import annotations

import io
import random
from struct import pack

from PIL import Image

HIDDEN = b"<?php this must not survive ?>"


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), mode: str = "RGB", **more: object) -> bytes:
    """A picture with something to see: a gradient, so that its sides can be told apart."""
    image = Image.linear_gradient("L").resize(size).convert(mode)
    file = io.BytesIO()
    image.save(file, kind, **more)
    return file.getvalue()


def noise(side: int) -> bytes:
    """A jpeg that hardly shrinks."""
    file = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(7).randbytes(3 * side * side)).save(file, "JPEG", quality=95)
    return file.getvalue()


def of_length(length: int, content: bytes = b"") -> bytes:
    """A jpeg with exactly so many bytes: what is appended is no part of the picture."""
    content = content or picture("JPEG")
    return content + bytes(length - len(content))


def film(seconds: float = 2.0, *, brand: bytes = b"isom", more: bytes = b"", kind: bytes = b"vide") -> bytes:
    """An mp4 as its boxes go: an index with one track of 320 x 240, and media that nobody decodes."""
    header = _box(b"mvhd", pack(">I", 0) + pack(">IIII", 0, 0, 1000, round(seconds * 1000)) + bytes(80))
    track = _box(b"tkhd", pack(">I", 7) + bytes(72) + pack(">II", 320 << 16, 240 << 16))
    handler = _box(b"hdlr", bytes(8) + kind + bytes(13))
    index = _box(b"moov", header + _box(b"trak", track + _box(b"mdia", handler)) + more)
    return _box(b"ftyp", brand + bytes(4) + brand) + index + _box(b"mdat", b"media" * 100)


def told_place(text: bytes = HIDDEN) -> bytes:
    """The box in which a telephone writes where it was."""
    return _box(b"udta", _box(b"\xa9xyz", text))


def _box(kind: bytes, content: bytes) -> bytes:
    return pack(">I", 8 + len(content)) + kind + content
