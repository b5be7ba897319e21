"""The project's own texts: sources and pages, with wrapped lines joined, so that a sentence can be looked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("shared", "services", "migrations", "deploy", "bench", "tests", "docs")
ENDINGS = {".py", ".toml", ".md"}
BESIDE = ("README.md", "CHANGELOG.md", ".importlinter")

_LITERALS = re.compile(r"\"\s*\n\s*f?\"")
_LINE_END = re.compile(r"\s*\n\s*(?:# )?")


def texts(*folders: str) -> Iterator[tuple[str, str]]:
    """Every source and page below the folders (all of them where none is named), by its path from the root."""
    for folder in folders or FOLDERS:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in ENDINGS and "__pycache__" not in file.parts:
                yield file.relative_to(ROOT).as_posix(), file.read_text("utf-8")
    yield from () if folders else ((name, (ROOT / name).read_text("utf-8")) for name in BESIDE)


def joined(text: str) -> str:
    """The text in one line: literals that follow each other, docstrings and comments."""
    return _LINE_END.sub(" ", _LITERALS.sub("", text))
