"""Verdict: what the process that decodes a file says of it, and how it ends where the file is at fault."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Self

import orjson

BAD_FILE = 65
"""The exit status of a decoder that could not decode (EX_DATAERR); any other is no word on the file."""


class Undecodable(Exception):
    """The file is not what it seems: broken, cut off, or larger than it may be once it is unpacked."""


class TooLong(Undecodable):
    """The video is longer than it may be."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a file holds that was decoded; `seconds` only of a video."""

    media_type: str
    width: int
    height: int
    seconds: int | None = None

    def written(self) -> bytes:
        """As the decoder says it."""
        return orjson.dumps(asdict(self))

    @classmethod
    def read(cls, text: bytes) -> Self:
        """As the service reads it; ValueError where that is no verdict."""
        try:
            told = orjson.loads(text)
            return cls(str(told["media_type"]), int(told["width"]), int(told["height"]), told["seconds"])
        except (KeyError, TypeError) as error:
            raise ValueError("no verdict") from error
