"""Plants on the tree: `python -m tests.plants [name…]` puts each bug into a copy, runs the tests that are aimed at it,
and says which of them noticed; at the end how many were caught. What they miss is tried against all quick tests.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.architecture.walls import sources
from tests.plants.plants import PLANTS, Plant

ROOT = Path(__file__).parents[2]
LEFT_OUT = (".git", ".venv", ".local", "__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis")
LIMIT = 900
NOTHING_COLLECTED = 5
UNIT = ("-m", "unit")
EVERYTHING = ("tests", *UNIT)
PYTEST = (sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider")


def planted(tree: Path, plant: Plant) -> None:
    """Puts the bug in; ValueError where its place is not there, or not the only one."""
    path = tree / plant.file
    text = path.read_text("utf-8")
    if text.count(plant.old) != 1:
        raise ValueError(f"{plant.name}: its place stands {text.count(plant.old)} times in {plant.file}")
    path.write_text(text.replace(plant.old, plant.new), "utf-8")


def caught(tree: Path, plant: Plant, quick: bool) -> str | None:
    """The command that noticed, its first failure behind it; None where all passed."""
    aimed = [(test, *UNIT) if quick else (test,) for test in plant.tests]
    for words in aimed if quick else (*aimed, EVERYTHING):
        if failure := _failure(tree, words):
            return f"pytest {' '.join(words)}: {failure}"
    return None


def _failure(tree: Path, words: Sequence[str]) -> str | None:
    path = os.pathsep.join(map(str, sources(tree)))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [*PYTEST, *words], cwd=tree, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no end within {LIMIT} s"
    if done.returncode in (0, NOTHING_COLLECTED):
        return None
    failures = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failures[0].partition(" - ")[0] if failures else f"status {done.returncode}: {done.stderr[-200:]}"


def tried(plants: Sequence[Plant], quick: bool) -> Iterator[tuple[Plant, str | None, float]]:
    """Each plant in a copy of its own, with what noticed it and the seconds."""
    for plant in plants:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="makewhole-plant-") as folder:
            tree = Path(folder) / "tree"
            shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
            Path(folder).chmod(0o755)  # PostgreSQL's own user reads what lies in it
            try:
                planted(tree, plant)
                command = caught(tree, plant, quick)
            except ValueError as moved:
                command = None
                print(moved, file=sys.stderr)
            yield plant, command, time.monotonic() - began


def main() -> int:
    """Prints a line a plant and the count; the status says whether all were caught."""
    parser = argparse.ArgumentParser(prog="tests.plants", description="Bugs put in on purpose.")
    parser.add_argument("names", nargs="*", help="parts of names; all plants where none is given")
    parser.add_argument("--quick", action="store_true", help="only with aimed tests that need no server")
    given = parser.parse_args()
    chosen = [plant for plant in PLANTS if not given.names or any(name in plant.name for name in given.names)]
    found = 0
    for plant, command, seconds in tried(chosen, given.quick):
        found += command is not None
        print(f"{plant.name} | {command or 'ESCAPED'} | {seconds:.0f} s", flush=True)
    print(f"{found} of {len(chosen)} caught")
    return found != len(chosen)


if __name__ == "__main__":
    sys.exit(main())
