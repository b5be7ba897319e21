"""Crash points: named places where a test ends the process as a power cut would (`CRASH=refund.after_gateway:1`).

Each entry fires once: before the process is killed it is written to `<state>/crashed`, so that a test sees that it
fired and the restarted process is not killed again.
"""

import os
import signal
from collections import Counter
from pathlib import Path

POINTS: dict[str, str] = {}
"""Every point's name and where it lies, for the test that fires each of them; a point registers on import of its
module.
"""

_armed: frozenset[str] = frozenset()
_passed: Counter[str] = Counter()
_marks: Path | None = None


def register(name: str, where: str) -> str:
    """Registers a point's name and returns it."""
    POINTS[name] = where
    return name


def arm(plan: str, state: Path | None = None) -> None:
    """Takes a plan of `name:nth` entries, comma between; `state` is the folder of the file `crashed`. An empty plan
    disarms.
    """
    global _armed, _marks  # noqa: PLW0603  the plan belongs to the process
    entries = frozenset(_entry(text) for text in plan.split(",") if text.strip())
    _marks = state / "crashed" if state else None
    _armed = entries - _fired()
    _passed.clear()


def point(name: str) -> None:
    """Kills the process here if the plan says so (SIGKILL): nothing is flushed, closed or rolled back in order."""
    if not _armed:
        return
    if name not in POINTS:
        raise LookupError(f"no crash point is registered as {name}")
    _passed[name] += 1
    entry = f"{name}:{_passed[name]}"
    if entry in _armed and entry not in _fired():
        _mark(entry)
        os.kill(os.getpid(), signal.SIGKILL)


def _entry(text: str) -> str:
    name, _, nth = text.strip().partition(":")
    return f"{name}:{int(nth or 1)}"


def _fired() -> frozenset[str]:
    if _marks is None or not _marks.exists():
        return frozenset()
    return frozenset(_marks.read_text().split())


def _mark(entry: str) -> None:
    if _marks is None:
        return
    with _marks.open("a") as file:
        file.write(f"{entry}\n")
        file.flush()
        os.fsync(file.fileno())


BEFORE_COMMIT = register("append.before_commit", "shared/eventstore/writer.py: a batch is about to be sent")
AFTER_COMMIT = register("append.after_commit", "shared/eventstore/writer.py: a batch is committed and not answered yet")
