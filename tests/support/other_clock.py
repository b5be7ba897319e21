"""A machine with a clock of its own: `python -m tests.support.other_clock <module>` runs the module up to 5 s behind,
and its clock steps back 5 ms every now and then.
"""

from __future__ import annotations

import random
import runpy
import sys
from datetime import datetime, timedelta

from shared.process.clock import SandboxClock

BEHIND = [timedelta(), timedelta(milliseconds=5), timedelta(seconds=1), timedelta(seconds=5)]
STEP = timedelta(milliseconds=5)


def install() -> None:
    """Gives this process its own clock."""
    right, dice, behind = SandboxClock.now, random.Random(), random.choice(BEHIND)

    def now(clock: SandboxClock) -> datetime:
        return right(clock) - behind - (STEP if dice.randrange(2) else timedelta())

    setattr(SandboxClock, "now", now)  # noqa: B010 - a method is replaced


if __name__ == "__main__":
    install()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
