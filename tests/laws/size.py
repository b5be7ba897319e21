"""The size of the laws: `LAWS=10` tries ten times as many examples of each."""

import os

TIMES = int(os.environ.get("LAWS", "1"))


LONG = 2000
"""What a law that costs much is tried with at least in a long run."""
LONG_FROM = 5
"""From so many times on a run is a long one: with less it would be most of the time of all proofs together."""


def examples(count: int, longer: int = 0) -> int:
    """How many examples a law is tried with that has `count` of them in the ordinary run."""
    return max(count * TIMES, longer if TIMES >= LONG_FROM else 0)
