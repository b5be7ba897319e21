"""The decoder's process: `python -m shared.media.decoder <type> <seconds>`, the file on its input, what is kept on its
output, its verdict on the third.

It takes its limits upon itself before it looks at a byte. Nothing of a service is imported here.
"""

from __future__ import annotations

import resource
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import IO

from shared.media.types import MediaType
from shared.media.verdict import BAD_FILE, TooLong, Undecodable, Verdict

MEMORY = 256 << 20
"""Bytes of its address space, its own code included."""
PROCESSOR_SECONDS = 0.9
OUTPUT = 64 << 20
FILES = 16


def limit() -> None:
    """No more memory, time, output and files than a decoder needs, and no other process."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, 2),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    signal.setitimer(signal.ITIMER_PROF, PROCESSOR_SECONDS)


def main() -> int:
    """Decodes; the exit status says whether the file can be kept, and the reason stands where the verdict would."""
    decode = decoder_of(sys.argv[1], int(sys.argv[2]))
    told = sys.stderr.buffer
    limit()
    try:
        verdict = decode(sys.stdin.buffer, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except Exception as error:
        # A file can make a decoder stumble over anything, its memory too.
        told.write(b"\n" + _reason(error))
        return BAD_FILE
    told.write(b"\n" + verdict.written())
    return 0


def decoder_of(media_type: str, most_seconds: int) -> Callable[[IO[bytes], IO[bytes]], Verdict]:
    """What reads a file of this type."""
    if media_type == MediaType.MP4:
        from shared.media import videos

        return partial(videos.copy, most_seconds=most_seconds)
    from shared.media import pictures

    return partial(pictures.paint, media_type=media_type)


def _reason(error: Exception) -> bytes:
    """In our own words only: a decoder's may repeat what is in the file."""
    name = "too_long" if isinstance(error, TooLong) else "undecodable"
    return f"{name} {error if isinstance(error, Undecodable) else 'it cannot be decoded'}".encode()


if __name__ == "__main__":
    sys.exit(main())
