"""Pictures: decoded whole and painted anew, so that nothing is left but what can be seen.

Only the decoder's process imports this module (docs/adr/0022-what-is-done-with-a-file.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import error as StructError
from typing import IO

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from shared.media.types import MediaType
from shared.media.verdict import Undecodable, Verdict

MOST_PIXELS = 1 << 24
"""Of one picture: with four bytes each, and a copy, it fits into the process."""
MOST_PIXELS_OF_ALL = 4 * MOST_PIXELS
"""Of all pictures of an animation."""
FORMATS: Mapping[str, str] = {
    MediaType.JPEG: "JPEG",
    MediaType.PNG: "PNG",
    MediaType.GIF: "GIF",
    MediaType.BMP: "BMP",
}
SEEN = ("transparency",)
"""What of a picture's information is part of what can be seen."""
UNREADABLE = (OSError, ValueError, SyntaxError, LookupError, TypeError, ArithmeticError, StructError)
"""What a reader of EXIF stumbles over."""
_ORIENTATION = 0x0112


def paint(source: IO[bytes], target: IO[bytes], media_type: str) -> Verdict:
    """Writes the picture anew; Undecodable where it cannot be read to its end."""
    # A size is judged below, before a pixel is decoded.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(source, formats=[FORMATS[media_type]]) as image:
            _guard_size(image)
            _guard_frames(image)
            kept = _seen(image)
            return _written(kept, target, media_type)
    except UnidentifiedImageError:
        raise Undecodable("it begins like a picture and is none") from None


def _guard_size(image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise Undecodable(f"it has more than {MOST_PIXELS / 1e6:.1f} million pixels")


def _guard_frames(image: Image.Image) -> None:
    """Every picture of an animation can be decoded, and there are not too many; the first is looked at again."""
    pixels = 0
    for frame in ImageSequence.Iterator(image):
        pixels += frame.width * frame.height
        if pixels > MOST_PIXELS_OF_ALL:
            raise Undecodable(f"its pictures have more than {MOST_PIXELS_OF_ALL / 1e6:.0f} million pixels together")
        frame.load()
    image.seek(0)


def _seen(image: Image.Image) -> Image.Image:
    """What can be seen of it, upright."""
    image.load()
    turned = _upright(image)
    turned.info = {name: turned.info[name] for name in SEEN if name in turned.info}
    return turned


def _upright(image: Image.Image) -> Image.Image:
    try:
        if image.getexif().get(_ORIENTATION, 1) in range(2, 9):
            return ImageOps.exif_transpose(image)
    except UNREADABLE:
        return image  # what cannot be read turns nothing
    return image


def _written(image: Image.Image, target: IO[bytes], media_type: str) -> Verdict:
    width, height = image.size
    match media_type:
        case MediaType.JPEG:
            _write_jpeg(image, target)
        case MediaType.GIF:
            image.save(target, "GIF", save_all=False)
        case _:
            image.save(target, "PNG", compress_level=3)
            media_type = MediaType.PNG
    return Verdict(str(media_type), width, height)


def _write_jpeg(image: Image.Image, target: IO[bytes]) -> None:
    """With its own tables where it is as it came, so that little is lost."""
    if image.format == "JPEG" and image.mode in ("L", "RGB"):
        image.save(target, "JPEG", quality="keep")
    else:
        (image if image.mode in ("L", "RGB") else image.convert("RGB")).save(target, "JPEG", quality=92)
