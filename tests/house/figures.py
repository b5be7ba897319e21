"""Figures of a source tree: how large its folders, files and functions are, and what it names that is not there."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

from ops.generators.citations import anywhere
from tests.architecture.walls import sources
from tests.house.offers import SERVICES, Routes, offered_by, served
from tests.house.unreachable import unreachable_lines

CODE = ("shared", "services")
WRITTEN_BY_HAND = (*CODE, "migrations", "deploy", "bench", "tests")
LANGUAGE = "shared/events/"
"""Event modules may be as long as their language."""
LONG_FILE, LONG_LINE = 250, 120
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Function:
    """A function's place, and its length in lines, decorators apart."""

    place: str
    lines: int


@dataclass(frozen=True)
class Tree:
    """The sources below a root, read once."""

    root: Path

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Every Python file by its path from the root."""
        found = (path for folder in WRITTEN_BY_HAND for path in sorted((self.root / folder).rglob("*.py")))
        return {path.relative_to(self.root).as_posix(): path.read_text("utf-8") for path in found}

    @cached_property
    def code(self) -> Mapping[str, str]:
        """What runs: shared and services."""
        return {name: text for name, text in self.texts.items() if name.startswith(CODE)}

    @cached_property
    def unreachable(self) -> Sequence[str]:
        """The places that nothing reaches."""
        return [f"{name}:{line}" for name, text in self.texts.items() for line in unreachable_lines(text)]

    @cached_property
    def lengths(self) -> Counter[str]:
        """Lines of each file of the code."""
        return Counter({name: len(text.splitlines()) for name, text in self.code.items()})

    @cached_property
    def folders(self) -> Counter[str]:
        """Files in each folder of the code, those apart that only make a package."""
        return Counter(os.path.dirname(name) for name, text in self.code.items() if not name.endswith("__init__.py"))

    @cached_property
    def functions(self) -> Sequence[Function]:
        """Every function of the code, the longest first."""
        found = [function for name, text in self.code.items() for function in _functions(name, text)]
        return sorted(found, key=lambda function: -function.lines)

    @property
    def long_files(self) -> list[str]:
        """Files of the code above the limit, event modules apart."""
        return [name for name, lines in self.lengths.items() if lines > LONG_FILE and not name.startswith(LANGUAGE)]

    @property
    def long_lines(self) -> list[str]:
        """Lines that no page shows whole, as `file:number`."""
        return [
            f"{name}:{number}"
            for name, text in self.texts.items()
            for number, line in enumerate(text.splitlines(), 1)
            if len(line) > LONG_LINE
        ]

    @property
    def median_function(self) -> int:
        """Lines of the function in the middle."""
        return int(median(function.lines for function in self.functions))

    @property
    def without_statement(self) -> list[str]:
        """Rules that are cited and stated nowhere."""
        files = (self.root / "shared/rules").glob("*.toml")
        stated = {rule for file in files for rule in tomllib.loads(file.read_text("utf-8"))}
        return sorted(set(anywhere(self.root)) - stated)

    @property
    def without_route(self) -> list[str]:
        """Addresses that the code offers and no service answers."""
        routes = self.routes()
        everywhere = {path: methods for of_service in routes.values() for path, methods in of_service.items()}
        return sorted({address for address in self._offered() if not served(address, everywhere)})

    def routes(self) -> Mapping[str, Routes]:
        """The routes of each service's application, as that tree builds it."""
        found = json.loads(run(self.root, "routes.py", *SERVICES))
        return {service: {path: set(methods) for path, methods in paths.items()} for service, paths in found.items()}

    def _offered(self) -> Iterator[str]:
        for text in self.code.values():
            yield from offered_by(text)

    @property
    def listing_services(self) -> list[str]:
        """Files outside the services that name each service with a log: what a new one has to be written into."""
        first = sorted((self.root / "migrations").glob("*/versions/*_event_store.py"))
        services = [revision.parent.parent.name for revision in first]
        inside = tuple(f"services/{folder}/" for folder in (service.replace("_", "-") for service in services))
        outside = [(name, text) for name, text in self._outside() if not name.startswith(inside)]
        listing = [name for name, text in outside if all(_lists(name, text, service) for service in services)]
        return [*listing, "migrations/<service>/"]

    def _outside(self) -> Iterator[tuple[str, str]]:
        for name in (".importlinter", "pyproject.toml", "Makefile"):
            yield name, (self.root / name).read_text("utf-8")
        for name, text in self.texts.items():
            if not name.startswith(("tests/", "bench/")):
                yield name, text


def run(root: Path, script: str, *arguments: str) -> str:
    """What a script of this folder prints, run on the packages of the tree at `root`."""
    done = subprocess.run(
        [sys.executable, str(HERE / script), *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sources(root)))},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{script} on {root} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def folders_of(files: Iterable[str]) -> int:
    """How many folders the files stand in."""
    return len({os.path.dirname(file) for file in files})


def _functions(name: str, text: str) -> Iterator[Function]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Function(f"{name}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)


def _lists(name: str, text: str, service: str) -> bool:
    """Whether the file has the service on a list: in a literal collection or an entry of a registry, where it is
    Python, and on a line of its own or at a path's end elsewhere.
    """
    names = {service, service.replace("_", "-")}
    if not name.endswith(".py"):
        return bool(re.search(rf"(?m)/(?:{'|'.join(names)})\"|^ +(?:{'|'.join(names)})$", text))
    parts = [part for node in ast.walk(ast.parse(text)) for part in _entries(node)]
    return any(isinstance(part, ast.Constant) and part.value in names for part in parts)


def _entries(node: ast.AST) -> Sequence[ast.expr | None]:
    match node:
        case ast.Tuple() | ast.List() | ast.Set():
            return node.elts
        case ast.Dict():
            return [*node.keys, *node.values]
        case ast.Call(func=ast.Name(id="Log")):
            return node.args
    return ()
