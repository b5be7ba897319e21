"""The size of the laws: `LAWS=10` tries ten times as many examples of each."""

import os

TIMES = int(os.environ.get("LAWS", "1"))


LONG = 2000
"""What a law that costs much is tried with at least in a longer run."""


def examples(count: int, longer: int = 0) -> int:
    """How many examples a law is tried with that has `count` of them in the ordinary run."""
    return max(count * TIMES, longer if TIMES > 1 else 0)
