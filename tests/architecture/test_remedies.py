"""Every command that a halt, a log line, a runbook or another page names is one of `makewhole`'s, with its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from local_stack.state import PROJECT
from ops.cli import app
from tests.cases.plugin import Came

NAMED = re.compile(r"[`(]makewhole (?!is ready)((?:[a-z-]+ ?)+)")
OPTION = re.compile(r"`makewhole [^`]*`")


def named(path: Path) -> Iterator[tuple[str, str]]:
    """Every command that a file names, and the words that follow it."""
    text = re.sub(r'"\s*\n\s*f?"', "", path.read_text("utf-8"))
    for found in NAMED.finditer(text):
        yield path.relative_to(PROJECT).as_posix(), found[1].strip()


def files() -> list[Path]:
    folders = ("shared", "services", "deploy")
    sources = [path for folder in folders for path in (PROJECT / folder).rglob("*.py")]
    return [*sources, *(PROJECT / "docs").rglob("*.md"), PROJECT / "README.md"]


def is_command(words: str) -> bool:
    """Whether the first words are a command, or the one word a group of them."""
    group: Any = typer.main.get_command(app)
    for word in words.split():
        if not hasattr(group, "commands"):
            return True
        if (group := group.commands.get(word)) is None:
            return False
    return True


@pytest.mark.case("EM4", given="the commands that halts and runbooks name", right="0 of them do not exist")
def test_every_command_that_is_named_somewhere_exists(came: Came) -> None:
    every = [each for path in files() for each in named(path)]
    assert len(every) > 30
    assert "log renew" in {words for _, words in every}
    missing = [each for each in every if not is_command(each[1])]
    assert not missing, missing
    came(f"{len(missing)} of them do not exist")


@pytest.mark.parametrize("words", ["projections forget", "begin", "subscriptions begin"])
def test_a_command_that_does_not_exist_is_noticed(words: str) -> None:
    assert not is_command(words)


def test_the_options_of_runbooks_are_those_of_the_commands() -> None:
    for path in sorted((PROJECT / "docs/runbooks").glob("*.md")):
        for found in OPTION.finditer(" ".join(path.read_text("utf-8").split())):
            words = found[0].strip("`").split()[1:]
            command: Any = typer.main.get_command(app)
            while hasattr(command, "commands"):
                command = command.commands[words.pop(0)]
            known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
            given = {word for word in words if word.startswith("--")}
            assert given <= known, (path.name, found[0])
