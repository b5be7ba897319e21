"""The machine that measures: how its interpreter was built, and how steadily it works."""

from __future__ import annotations

import os
import platform
import sysconfig
import time

BUILT_WITH = {"--enable-optimizations": "PGO", "--with-lto": "LTO"}


def interpreter(options: str | None = None) -> str:
    """The Python that runs, and the optimisations that it was built with: they are a tenth of a command."""
    options = options if options is not None else str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    built = [name for option, name in BUILT_WITH.items() if option in options]
    return f"Python {platform.python_version()}, built with {' and '.join(built) or 'neither PGO nor LTO'}"


def machine() -> dict[str, object]:
    """What a figure has to be read beside."""
    return {
        "interpreter": interpreter(),
        "cores": len(os.sched_getaffinity(0)),
        "load": [round(average, 2) for average in os.getloadavg()],
    }


def plain_work(seconds: float = 0.3) -> float:
    """Turns of a loop of plain Python a second: what a row is measured beside that has no reference of its own."""
    end, turns = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        turns += 1
    return turns / seconds
