"""The house in figures: `python -m tests.house` measures the tree and walks one request; it fails above a limit.

`--check` leaves the walk out, which needs servers; `--root` measures other trees too, each in a column of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.walls import ROOT
from tests.house.figures import Tree, folders_of, run
from tests.support.servers.backing import free_port_base, running_kafka, running_postgres

MOST_IN_A_FOLDER = 20
MOST_IN_A_FUNCTION = 50
MOST_WALKED = {"command": 86, "money": 148}
"""Files that one request enters: up to its answer, and until the money is out. What runs on the same loops meanwhile is
counted too, three or four files by the machine's pace.
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `faults` say what is above the limit."""

    name: str
    shown: str
    limit: str = ""
    faults: Sequence[str] = ()


def measured(tree: Tree) -> Iterator[Figure]:
    """What can be read from the sources."""
    (folder, files), *_ = tree.folders.most_common(1)
    crowded = [f"{name}: {count} files" for name, count in tree.folders.items() if count > MOST_IN_A_FOLDER]
    (longest, lines), *_ = [file for file in tree.lengths.most_common() if not file[0].startswith("shared/events/")]
    long_functions = [f"{each.place}: {each.lines}" for each in tree.functions if each.lines > MOST_IN_A_FUNCTION]
    yield Figure("files of code, lines", f"{len(tree.lengths)}, {sum(tree.lengths.values()):,}")
    yield Figure("folders", f"{len(tree.folders)}")
    yield Figure("most files in a folder", f"{files} ({folder})", f"{MOST_IN_A_FOLDER}", crowded)
    yield Figure("longest file but of events", f"{lines} ({longest})")
    yield _counted("files above 250 lines", tree.long_files)
    function = tree.functions[0]
    shown = f"{function.lines} ({function.place.rpartition(':')[2]})"
    yield Figure("longest function", shown, f"{MOST_IN_A_FUNCTION}", long_functions)
    yield Figure("median function", f"{tree.median_function}")
    yield _counted("lines over 120", tree.long_lines)
    yield _counted("statements that nothing reaches", tree.unreachable)
    yield _counted("citations without a statement", tree.without_statement)
    yield _counted("hrefs without a route", tree.without_route)
    yield _counted("files outside for a new service", tree.listing_services, 3)


def _counted(name: str, found: Sequence[str], limit: int = 0) -> Figure:
    return Figure(name, str(len(found)), str(limit), found if len(found) > limit else ())


def walked(walk: Mapping[str, Sequence[str]]) -> Iterator[Figure]:
    """What one request enters."""
    for part, name in (
        ("command", "respond: files to SQL and back"),
        ("money", "respond: files until the money is out"),
    ):
        files, limit = walk[part], MOST_WALKED[part]
        faults = [f"{len(files)} files, {', '.join(files)}"] if len(files) > limit else []
        yield Figure(name, f"{len(files)}", f"{limit}", faults)
        yield Figure(name.replace("files", "folders", 1), f"{folders_of(files)}")


async def walk(root: Path) -> Mapping[str, Sequence[str]]:
    """Walks `POST /v1/disputes/{id}/response` through the tree, on servers that are started for it."""
    async with running_postgres() as postgres, running_kafka() as kafka:
        return await walk_on(root, postgres, kafka)


async def walk_on(root: Path, postgres: str, kafka: str) -> Mapping[str, Sequence[str]]:
    """The same on servers that run, whose databases and topics it makes."""
    await asyncio.to_thread(run, root, "prepare.py", postgres, kafka)
    given = ("--root", str(root), "--base", str(free_port_base()), "--database", postgres, "--kafka", kafka)
    found: Mapping[str, Sequence[str]] = json.loads(await asyncio.to_thread(run, root, "walk.py", *given))
    return found


def table(columns: Mapping[str, Sequence[Figure]]) -> str:
    """The figures as a table of Markdown, a column for each tree, and the limits."""
    head = ["", *columns, "limit"]
    rows = [
        [line[0].name, *(figure.shown for figure in line), line[0].limit]
        for line in zip(*columns.values(), strict=True)
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def main() -> int:
    """Prints the table; status 1 and the faults where this tree is above a limit."""
    parser = argparse.ArgumentParser(prog="tests.house", description="The house in figures.")
    parser.add_argument("--check", action="store_true", help="only what the sources tell, and only what is wrong")
    parser.add_argument(
        "--root", type=Path, action="append", default=[], help="another tree to measure, before this one"
    )
    given = parser.parse_args()
    roots = [root.resolve() for root in (*given.root, ROOT)]
    walks = {} if given.check else {root: asyncio.run(walk(root)) for root in roots}
    columns = {root: [*measured(Tree(root)), *(walked(walks[root]) if root in walks else ())] for root in roots}
    if walks:
        print(table({root.name: column for root, column in columns.items()}))
        print("", "respond, to SQL and back:", *walks[ROOT]["command"], sep="\n")
    faults = [f"{figure.name}: {fault}" for figure in columns[ROOT] for fault in figure.faults]
    print("\n".join(faults), end="\n" if faults else "", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
