"""Messages of the supervisor: progress on stderr; the ready line, the demo and the addresses on stdout."""

import sys


class StackError(Exception):
    """A failure that one line explains, together with what to do about it."""


def say(line: str) -> None:
    """Prints one line of progress."""
    print(line, file=sys.stderr, flush=True)


def announce(line: str) -> None:
    """Prints one line of result."""
    print(line, flush=True)
