"""Uploads: how many a process takes at once, in all and of one sender. Each holds a file, and then a decoder's turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from shared.eventstore.errors import Busy

MOST = 32
MOST_OF_ONE = 4


class Uploads:
    """Counts the uploads under way."""

    def __init__(self, most: int = MOST, most_of_one: int = MOST_OF_ONE) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._of: Counter[str] = Counter()

    @contextmanager
    def one_of(self, sender: str) -> Iterator[None]:
        """A place while the body runs; Busy where there is none."""
        if self._of.total() >= self._most or self._of[sender] >= self._most_of_one:
            raise Busy("as many files are on their way as are looked at in time")
        self._of[sender] += 1
        try:
            yield
        finally:
            self._of[sender] -= 1
            self._of += Counter()  # forgets who has none
