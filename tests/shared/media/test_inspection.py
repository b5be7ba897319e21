"""Inspection: what a file must be, and what is left of it (docs/adr/0022-what-is-done-with-a-file.md)."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import tempfile
import zlib
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image

from shared.media.decoder import MEMORY
from shared.media.inspection import InspectionBusy, Inspector
from shared.media.types import HEAD, MediaType, media_type
from shared.media.verdict import TooLong, Undecodable, Verdict
from tests.support.pictures import HIDDEN, film, noise, picture, told_place

LIMIT = 10
PATIENCE = 180.0
"""Seconds by the clock, on a busy machine too."""


async def inspected(content: bytes, inspector: Inspector | None = None) -> tuple[Verdict, bytes]:
    """The verdict, and what is kept."""
    kind = media_type(content[:HEAD])
    assert kind
    with ExitStack() as files:
        source, target = (files.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        source.write(content)
        source.flush()
        verdict = await (inspector or Inspector(patience=PATIENCE)).inspect(source, target, kind, LIMIT)
        target.seek(0)
        return verdict, target.read()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@pytest.mark.parametrize(
    ("kind", "mode", "kept"),
    [
        ("JPEG", "RGB", MediaType.JPEG),
        ("JPEG", "L", MediaType.JPEG),
        ("JPEG", "CMYK", MediaType.JPEG),
        ("PNG", "RGBA", MediaType.PNG),
        ("PNG", "P", MediaType.PNG),
        ("PNG", "1", MediaType.PNG),
        ("GIF", "P", MediaType.GIF),
        ("BMP", "RGB", MediaType.PNG),
    ],
)
async def test_a_picture_is_kept_with_its_size(kind: str, mode: str, kept: str) -> None:
    verdict, content = await inspected(picture(kind, mode=mode))
    assert verdict == Verdict(kept, 40, 30)
    assert opened(content).size == (40, 30)


async def test_a_picture_loses_its_exif_its_comment_and_what_was_appended() -> None:
    exif = Image.Exif()
    exif[0x010E] = HIDDEN.decode()
    sent = picture("JPEG", exif=exif, comment=HIDDEN, icc_profile=HIDDEN * 4) + HIDDEN
    assert sent.count(HIDDEN) > 3
    _, kept = await inspected(sent)
    assert HIDDEN not in kept
    assert not opened(kept).getexif()


async def test_a_png_loses_its_texts_and_a_gif_its_comment() -> None:
    for sent in (picture("PNG", icc_profile=HIDDEN, exif=b"Exif\0\0" + HIDDEN), picture("GIF", comment=HIDDEN)):
        _, kept = await inspected(sent + HIDDEN)
        assert HIDDEN not in kept


async def test_a_jpeg_that_is_not_turned_keeps_its_own_tables() -> None:
    sent = picture("JPEG", quality=31)
    _, kept = await inspected(sent)
    assert opened(kept).quantization == opened(sent).quantization  # type: ignore[attr-defined]


async def test_a_picture_is_turned_as_its_exif_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    verdict, kept = await inspected(picture("JPEG", exif=exif))
    assert (verdict.width, verdict.height) == opened(kept).size == (30, 40)


async def test_of_an_animation_the_first_picture_is_kept() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    assert getattr(opened(file.getvalue()), "n_frames", 0) == 3
    _, kept = await inspected(file.getvalue())
    assert getattr(opened(kept), "n_frames", 0) == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP"])
async def test_a_picture_that_is_cut_off_is_undecodable(kind: str) -> None:
    whole = picture(kind)
    with pytest.raises(Undecodable):
        await inspected(whole[: len(whole) // 2])


# Bombs


def png_of(width: int, height: int) -> bytes:
    """A png of one colour, in a file as small as can be."""
    rows = zlib.compressobj(9)
    packed = b"".join(rows.compress(bytes(1 + width * 3)) for _ in range(height)) + rows.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", packed), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


# In a small process between: what a large one starts is weighed with its parent's memory.
WEIGHED = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stderr=subprocess.DEVNULL, env={})
_, _, used = os.wait4(process.pid, 0)
print(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, file=sys.stderr)
"""


def cost_of(content: bytes) -> tuple[float, int]:
    """The processor seconds and the most memory of the decoder's process, whatever became of the file."""
    decoder = [sys.executable, "-I", "-m", "shared.media.decoder", str(media_type(content[:HEAD])), str(LIMIT)]
    with ExitStack() as files:
        source, target = (files.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        source.write(content)
        source.seek(0)
        command = [sys.executable, "-I", "-c", WEIGHED, *decoder]
        weighed = subprocess.run(command, stdin=source, stdout=target, stderr=subprocess.PIPE, check=True)
    seconds, memory = weighed.stderr.split()
    return float(seconds), int(memory)


async def test_a_bomb_of_two_megabytes_is_defused() -> None:
    bomb = png_of(26_000, 26_000)
    assert 1 << 20 < len(bomb) < 2 << 20
    with pytest.raises(Undecodable, match="million pixels"):
        await inspected(bomb)


def test_a_bomb_within_the_limit_of_pixels_costs_no_more_than_the_process_may() -> None:
    seconds, memory = cost_of(png_of(4096, 4096))
    assert memory < MEMORY
    assert seconds < 2


async def test_an_animation_of_too_many_pixels_is_undecodable() -> None:
    frames = [Image.new("RGB", (2048, 2048), (10 * shade, 0, 0)) for shade in range(18)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    assert file.tell() < 2 << 20
    with pytest.raises(Undecodable):
        await inspected(file.getvalue())


async def test_a_decoder_that_takes_too_long_by_the_clock_says_nothing_of_the_file() -> None:
    with pytest.raises(InspectionBusy):
        await inspected(noise(800), Inspector(patience=0.001))


async def test_a_decoder_may_say_a_lot_before_its_verdict(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Libraries warn on the output on which the verdict comes last."""
    chatty = tmp_path / "chatty"
    chatty.write_text(f'#!/bin/sh\nhead -c 1000000 /dev/zero | tr "\\0" "w" >&2\nexec {sys.executable} "$@"\n')
    chatty.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(chatty))
    assert (await inspected(picture()))[0] == Verdict(MediaType.PNG, 40, 30)


async def test_a_decoder_that_cannot_begin_says_nothing_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(InspectionBusy):
        await inspected(picture())


# Videos


async def test_a_film_is_kept_whole() -> None:
    verdict, kept = await inspected(film(seconds=9.6))
    assert verdict == Verdict(MediaType.MP4, 320, 240, 10)
    assert kept == film(seconds=9.6)


async def test_a_film_forgets_where_it_was_made_and_what_was_appended() -> None:
    sent = film(more=told_place()) + HIDDEN
    _, kept = await inspected(sent)
    assert HIDDEN not in kept
    assert len(kept) == len(sent) - len(HIDDEN)
    assert kept.index(b"mdat") == sent.index(b"mdat")


@pytest.mark.parametrize(("seconds", "fits"), [(LIMIT, True), (LIMIT + 0.001, False)])
async def test_k5_a_film_has_a_longest_length(seconds: float, fits: bool) -> None:
    if fits:
        verdict, _ = await inspected(film(seconds))
        assert verdict.seconds == LIMIT
    else:
        with pytest.raises(TooLong):
            await inspected(film(seconds))


@pytest.mark.parametrize(
    "sent",
    [film()[:-1], film(seconds=0), film(kind=b"soun"), film()[:24], film()[: len(film()) - 508]],
    ids=["cut off", "tells no length", "sound alone", "no index", "no media"],
)
async def test_what_is_no_whole_film_is_undecodable(sent: bytes) -> None:
    with pytest.raises(Undecodable):
        await inspected(sent)


@pytest.mark.parametrize("brand", [b"qt  ", b"avif", b"heic"])
def test_other_containers_of_the_same_build_are_no_mp4(brand: bytes) -> None:
    assert media_type(film(brand=brand)[:HEAD]) is None
