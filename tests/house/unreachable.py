"""Unreachable code: statements behind one that always leaves their block, such as a method that slipped in behind a
function's return.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

BLOCKS = ("body", "orelse", "finalbody")


def unreachable_lines(text: str) -> Iterator[int]:
    """The line of each first statement that nothing reaches."""
    for node in ast.walk(ast.parse(text)):
        for name in BLOCKS:
            block = getattr(node, name, None)
            if isinstance(block, list):
                yield from (after.lineno for before, after in pairwise(block) if _leaves(before) and not _marks(after))


def _leaves(statement: ast.stmt) -> bool:
    """Whether what follows it in its block is never reached."""
    match statement:
        case ast.Return() | ast.Raise() | ast.Continue() | ast.Break():
            return True
        case ast.If(body=body, orelse=orelse):
            return bool(orelse) and _leaves(body[-1]) and _leaves(orelse[-1])
        case ast.While(test=ast.Constant(value=True)):
            return not any(isinstance(node, ast.Break) for node in ast.walk(statement))
    return False


def _marks(statement: ast.stmt) -> bool:
    """A `yield` behind a return is how a function that gives nothing says that it is a generator."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Yield)
