"""Videos: the boxes of an mp4 are read and checked, never its pictures; what is not needed to play it is blotted out.

Only the decoder's process imports this module (docs/adr/0022-what-is-done-with-a-file.md).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import error as StructError
from struct import unpack_from
from typing import IO

from shared.media.types import BRANDS, MediaType
from shared.media.verdict import TooLong, Undecodable, Verdict

OUTER = frozenset({b"ftyp", b"moov", b"mdat", b"moof", b"sidx", b"styp", b"free", b"skip", b"wide"})
"""The boxes of a file that a player needs, or that hold nothing."""
HOLDERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"mvex", b"moof", b"traf", b"dinf"})
"""Boxes that hold boxes."""
UNNEEDED = frozenset({b"udta", b"meta", b"uuid", b"free", b"skip"})
"""Boxes inside of others that tell of place, name and device, or of anything at all."""
MOST_BOXES = 100_000
SMALLEST, LARGE = 8, 16
PICTURES = b"vide"


@dataclass(frozen=True, slots=True)
class Box:
    """A box of the file: where it begins, where its content does, and where it ends."""

    kind: bytes
    start: int
    content: int
    end: int


@dataclass(slots=True)
class Film:
    """What the boxes told so far."""

    kinds: set[bytes] = field(default_factory=set)
    blots: list[Box] = field(default_factory=list)
    boxes: int = 0
    seconds: float = 0.0
    size: tuple[int, int] = (0, 0)
    track: tuple[int, int] = (0, 0)
    end: int = 0


def copy(source: IO[bytes], target: IO[bytes], most_seconds: int) -> Verdict:
    """Writes the video without what is not needed; Undecodable where it is not whole, TooLong above the limit."""
    film = Film()
    length = source.seek(0, os.SEEK_END)
    for box in _boxes(source, film, 0, length):
        _outer(source, film, box)
    _judge(film, most_seconds)
    source.seek(0)
    shutil.copyfileobj(source, target, 1 << 20)
    target.truncate(film.end)
    for blot in film.blots:
        _blot(target, blot)
    return Verdict(MediaType.MP4, *film.size, max(1, round(film.seconds)))


def _outer(source: IO[bytes], film: Film, box: Box) -> None:
    if box.kind == b"ftyp" and (box.start or _at(source, box.content, 4) not in BRANDS):
        raise Undecodable("it is no mp4")
    if box.kind == b"moov" and box.kind in film.kinds:
        raise Undecodable("it has two indexes")
    film.kinds.add(box.kind)
    film.end = box.end
    if box.kind not in OUTER or box.kind in (b"free", b"skip"):
        film.blots.append(box)
    elif box.kind in HOLDERS:
        _inner(source, film, box)


def _inner(source: IO[bytes], film: Film, holder: Box) -> None:
    for box in _boxes(source, film, holder.content, holder.end):
        if box.kind in UNNEEDED:
            film.blots.append(box)
        elif box.kind in HOLDERS:
            _inner(source, film, box)
        else:
            _told(source, film, box)


def _told(source: IO[bytes], film: Film, box: Box) -> None:
    match box.kind:
        case b"mvhd":
            film.seconds = _seconds(_at(source, box.content, 32))
        case b"tkhd":
            film.track = _size(_at(source, box.content, 96))
        case b"hdlr" if _at(source, box.content + 8, 4) == PICTURES and all(film.track):
            film.size = film.track
        case _:
            pass


def _boxes(source: IO[bytes], film: Film, start: int, end: int) -> Iterator[Box]:
    while start < end:
        box = _box(source, start, end)
        if box is None:
            if {b"moov", b"mdat"} <= film.kinds:
                return  # what follows a whole film is none of it, and is not copied
            raise Undecodable("it is cut off, or no mp4")
        film.boxes += 1
        if film.boxes > MOST_BOXES:
            raise Undecodable("it has too many parts")
        yield box
        start = box.end


def _box(source: IO[bytes], start: int, end: int) -> Box | None:
    """The box that begins here; None where none does, or one that does not end before its surroundings."""
    head = _at(source, start, LARGE)
    if len(head) < SMALLEST:
        return None
    (size,), kind, content = unpack_from(">I", head), head[4:8], start + SMALLEST
    if size == 1 and len(head) == LARGE:
        (size,), content = unpack_from(">Q", head, 8), start + LARGE
    elif size == 0:
        size = end - start
    whole = content <= start + size <= end
    return Box(kind, start, content, start + size) if whole else None


def _at(source: IO[bytes], offset: int, length: int) -> bytes:
    source.seek(offset)
    return source.read(length)


def _seconds(header: bytes) -> float:
    """The length that the film's header tells."""
    try:
        layout, at = (">IQ", 20) if header[:1] == b"\1" else (">II", 12)
        scale, duration = unpack_from(layout, header, at)
        return float(duration) / float(scale)
    except (StructError, ZeroDivisionError):
        raise Undecodable("it tells no length") from None


def _size(header: bytes) -> tuple[int, int]:
    """The size of a track's picture, without the fractions of its pixels."""
    at = 88 if header[:1] == b"\1" else 76
    if len(header) < at + 8:
        return (0, 0)
    width, height = unpack_from(">II", header, at)
    return width >> 16, height >> 16


def _judge(film: Film, most_seconds: int) -> None:
    if not {b"ftyp", b"moov", b"mdat"} <= film.kinds:
        raise Undecodable("it is cut off, or no mp4")
    if not all(film.size):
        raise Undecodable("it has no pictures")
    if film.seconds <= 0:
        raise Undecodable("it tells no length")
    if film.seconds > most_seconds:
        raise TooLong(f"it is longer than {most_seconds} s")


def _blot(target: IO[bytes], box: Box) -> None:
    target.seek(box.start + 4)
    target.write(b"free")
    target.seek(box.content)
    left = box.end - box.content
    while left:
        left -= target.write(bytes(min(left, 1 << 20)))
