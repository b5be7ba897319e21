"""Citations of rules: which files of the code cite an id, and which tests do, by name, docstring or parameters."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

CODE = ("shared", "services")
TESTS = ("tests",)
ALL = (*CODE, *TESTS, "migrations", "deploy", "bench")
ENFORCES_NOTHING = ("shared/rules/", "services/ops/")
"""The rule book itself, and the tools."""
INVENTS_IDS = (
    "tests/shared/rules/",
    "tests/shared/http/test_rule_pages.py",
    "tests/architecture/",
    "tests/services/ops/test_rule_pages.py",
)
"""Tests of the rule book with ids of their own."""

_ID = re.compile(r"(?<![\w.])[SKTGDI]\d{1,3}[a-z]?\b|(?<![\w.])[PR](?=:)|(?<=\")[PR](?=\")")
_LINT = re.compile(r"# noqa: [A-Z0-9, ]+")
_IN_NAME = re.compile(r"_([skgtdi]\d{1,3}[a-z]?|[pr])(?=_|$)")

Cited = Mapping[str, list[str]]
Test = ast.FunctionDef | ast.AsyncFunctionDef


def in_code(root: Path) -> Cited:
    """Every cited id with the files of the code that cite it."""
    return _by_id((name, ids(text)) for name, text in _files(root, CODE) if not name.startswith(ENFORCES_NOTHING))


def in_tests(root: Path) -> Cited:
    """Every cited id with the tests that cite it, as `file::test`."""
    files = [(name, text) for name, text in _files(root, TESTS) if not name.startswith(INVENTS_IDS)]
    return _by_id((f"{name}::{test}", rules) for name, text in files for test, rules in cited_by_tests(text).items())


def anywhere(root: Path) -> Cited:
    """Every id that any source cites, tools and helpers of tests included, with its files."""
    return _by_id((name, ids(text)) for name, text in _files(root, ALL) if not name.startswith(INVENTS_IDS))


def ids(text: str) -> list[str]:
    """The ids that a text cites, each once; P and R, which are also letters, where a colon or quotes make them ids."""
    return list(dict.fromkeys(_ID.findall(_LINT.sub("", text))))


def cited_by_tests(source: str) -> Mapping[str, list[str]]:
    """The tests of a module with the ids that each cites."""
    module = ast.parse(source)
    tables = {target.id: node for node in module.body for target in _targets(node)}
    tests = [node for node in ast.walk(module) if isinstance(node, Test) and node.name.startswith("test_")]
    return {test.name: list(_cited_by(test, tables)) for test in tests} | dict(_state_machines(module))


def _cited_by(test: Test, tables: Mapping[str, ast.stmt]) -> dict[str, None]:
    named = (rule[0].upper() + rule[1:] for rule in _IN_NAME.findall(test.name))
    told = ids(ast.get_docstring(test) or "")
    return dict.fromkeys([*named, *told, *(rule for text in _parameters(test, tables) for rule in ids(text))])


def _parameters(test: Test, tables: Mapping[str, ast.stmt]) -> Iterator[str]:
    """The texts of the decorators and of the tables that they name."""
    for decorator in test.decorator_list:
        names = [node.id for node in ast.walk(decorator) if isinstance(node, ast.Name) and node.id in tables]
        for node in (decorator, *(tables[name] for name in names)):
            yield from (
                part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )


def _state_machines(module: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Hypothesis' machines, which become tests by an assignment: what they prove stands in their docstrings."""
    for machine in module.body:
        if isinstance(machine, ast.ClassDef) and any(
            getattr(base, "id", "") == "RuleBasedStateMachine" for base in machine.bases
        ):
            yield machine.name, ids(ast.get_docstring(machine) or "")


def _targets(node: ast.stmt) -> Iterable[ast.Name]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target for target in targets if isinstance(target, ast.Name)]


def _by_id(places: Iterable[tuple[str, Iterable[str]]]) -> Cited:
    found: dict[str, list[str]] = defaultdict(list)
    for place, rules in places:
        for rule in rules:
            found[rule].append(place)
    return found


def _files(root: Path, folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    for folder in folders:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in {".py", ".toml"} and "__pycache__" not in file.parts:
                yield file.relative_to(root).as_posix(), file.read_text("utf-8")
