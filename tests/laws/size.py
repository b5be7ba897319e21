"""The size of the laws: `LAWS=10` tries ten times as many examples of each."""

import os

TIMES = int(os.environ.get("LAWS", "1"))


def examples(count: int) -> int:
    """How many examples a law is tried with that has `count` of them in the ordinary run."""
    return count * TIMES
