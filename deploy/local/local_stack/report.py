"""What the supervisor says: progress on stderr, so that stdout holds the ready line, the story and the addresses
alone.
"""

import sys


class StackError(Exception):
    """A failure that one line explains, together with what to do about it."""


def say(line: str) -> None:
    """Prints one line of progress."""
    print(line, file=sys.stderr, flush=True)


def announce(line: str) -> None:
    """Prints one line of result."""
    print(line, flush=True)
