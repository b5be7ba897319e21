"""Messages of the supervisor: progress on stderr; the ready line, the demo and the addresses on stdout."""

import contextlib
import sys
from typing import TextIO


class StackError(Exception):
    """A failure that one line explains, together with what to do about it."""


def say(line: str) -> None:
    """Prints one line of progress."""
    _print(line, sys.stderr)


def announce(line: str) -> None:
    """Prints one line of result."""
    _print(line, sys.stdout)


def _print(line: str, file: TextIO) -> None:
    # The terminal may be closed by now, and the stack has to be stopped all the same.
    with contextlib.suppress(OSError):
        print(line, file=file, flush=True)
