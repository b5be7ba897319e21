"""Offered addresses: what the code spells that a reader may follow, and whether a route answers it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

SERVICES = ("dispute", "refund", "return_label", "sandbox", "console")
SERVED = re.compile(r"^/(v1|problems|rules|support|docs|openapi)\b[^\s\"'<?]*")
HREF = re.compile(r"href=[\"'](/[^\"']*)")

Routes = Mapping[str, set[str]]
"""Paths with their methods; a parameter is `{}`."""


def unnamed(path: str) -> str:
    """The path with `{}` for each parameter."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def offered_by(source: str) -> Iterator[str]:
    """The addresses that a module spells: literals, and those put together from a local `path`."""
    module = ast.parse(source)
    known = {
        target.id: text
        for node in ast.walk(module)
        if isinstance(node, ast.Assign) and (text := spelled(node.value, {}))
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    inside = {id(part) for node in ast.walk(module) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(module):
        if id(node) not in inside and (text := spelled(node, known)):
            yield from (found[0] for found in [SERVED.match(text)] if found)
            yield from HREF.findall(text)


def spelled(node: ast.AST, known: Mapping[str, str]) -> str:
    """The text of a literal, `{}` for what is put in; empty for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(part, known) for part in node.values)
    return ""


def _part(node: ast.expr, known: Mapping[str, str]) -> str:
    if isinstance(node, ast.FormattedValue):
        return known.get(getattr(node.value, "id", ""), "{}")
    return spelled(node, known)


def served(address: str, known: Routes) -> bool:
    """Whether a route answers the address, whatever stands where it takes a parameter."""
    path = unnamed(address).rstrip(".,;:")
    return any(re.fullmatch(re.escape(route).replace(r"\{\}", "[^/]+"), path) for route in known)
