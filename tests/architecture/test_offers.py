"""What answers, messages and pages offer exists: addresses are routes, commands and targets can be called."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

import pytest
import typer
from starlette.routing import Route

from ops.cli import app as command_line
from shared.http.error_codes import STATUS
from shared.process.settings import Settings
from shared.rejections import Rejected
from tests.house.offers import SERVICES, Routes, offered_by, served, unnamed
from tests.support.texts import ROOT, joined, texts

OF_A_LOG = frozenset({"shared/http/notifications.py"})
"""Routes of every service with a log."""

Absent = Callable[[str], Iterator[str]]


@cache
def routes(service: str) -> Routes:
    """The paths of a service's application, each with its methods; a parameter is `{}`."""
    found: dict[str, set[str]] = {}
    for route in import_module(f"{service}.app").build(Settings()).routes:
        if isinstance(route, Route):
            found.setdefault(unnamed(route.path), set()).update(route.methods or {"GET"})
    return found


@cache
def all_routes() -> Routes:
    """Every path of every service."""
    found: dict[str, set[str]] = {}
    for service in SERVICES:
        for path, methods in routes(service).items():
            found.setdefault(path, set()).update(methods)
    return found


@pytest.mark.parametrize("service", [*SERVICES, "ops"])
def test_a_service_offers_addresses_of_its_own_and_a_tool_those_of_all(service: str) -> None:
    folder = f"services/{service.replace('_', '-')}"
    known = all_routes() if service in {"console", "ops"} else routes(service)
    others = OF_A_LOG if service == "sandbox" else frozenset()
    sources = [
        (name, text) for name, text in texts(folder, "shared/http") if name.endswith(".py") and name not in others
    ]
    offered = {address: name for name, text in sources for address in offered_by(text)}
    assert {address: name for address, name in offered.items() if not served(address, known)} == {}


def test_an_address_that_leads_nowhere_is_found() -> None:
    source = 'def f(x):\n    path = f"/v1/disputes/{x}"\n    return f"{path}/nothings", "<a href=\'/nowhere\'>"'
    offered = list(offered_by(source))
    assert [address for address in offered if not served(address, routes("dispute"))] == [
        "/v1/disputes/{}/nothings",
        "/nowhere",
    ]


def requests(text: str) -> Iterator[str]:
    """Requests by method and path that no service answers."""
    for method, path in re.findall(r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w/{}.-]+)", text):
        if not any(method in methods and served(path, {route: methods}) for route, methods in all_routes().items()):
            yield f"{method} {path}"


def commands(text: str) -> Iterator[str]:
    """Commands of `makewhole` that the command line does not know."""
    known = commands_known()
    for first, second in re.findall(r"`makewhole (?!is ready)([a-z-]+)(?: ([a-z-]+))?", text):
        if first not in known or (second and known[first] and second not in known[first]):
            yield f"makewhole {first} {second}".strip()


@cache
def commands_known() -> Mapping[str, set[str]]:
    """Every command, with its subcommands."""
    known: Any = typer.main.get_command(command_line)
    return {name: set(getattr(command, "commands", ())) for name, command in known.commands.items()}


def targets(text: str) -> Iterator[str]:
    """Targets that the Makefile lacks."""
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for target in re.findall(r"[`(]make ([a-z-]+)", text):
        if target not in known:
            yield f"make {target}"


CHECKS: list[tuple[Absent, str]] = [
    (requests, "ask by POST /v1/disputes/{id}/nothings"),
    (requests, "see DELETE /v1/disputes/{id}"),
    (commands, "halted: `makewhole nothing rebuild`"),
    (commands, "halted: `makewhole relay nothing`"),
    (targets, "stale (make nothing)"),
]
"""Check, and a text in which it finds one fault."""


@pytest.mark.parametrize("check", dict.fromkeys(check for check, _ in CHECKS), ids=lambda check: check.__name__)
def test_what_a_text_says_to_call_can_be_called(check: Absent) -> None:
    found = {name: list(check(joined(text))) for name, text in texts() if not name.startswith("tests/")}
    assert {name: absent for name, absent in found.items() if absent} == {}


@pytest.mark.parametrize(("check", "text"), CHECKS)
def test_what_cannot_be_called_is_found(check: Absent, text: str) -> None:
    assert len(list(check(text))) == 1


def test_every_code_of_the_table_is_answered_by_somebody() -> None:
    for service in SERVICES:
        routes(service)
    raised = {kind.code for kind in _refusals(Rejected)}
    spelled_in = "\n".join(text for name, text in texts("shared", "services") if not name.endswith("error_codes.py"))
    assert {code for code in STATUS if code not in raised and f'"{code}"' not in spelled_in} == set()


def _refusals(kind: type[Rejected]) -> Iterator[type[Rejected]]:
    for child in kind.__subclasses__():
        yield child
        yield from _refusals(child)
