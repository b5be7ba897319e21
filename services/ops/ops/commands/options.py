"""What every command shares: options, one line for what went wrong, and the exit code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, NoReturn, TypeVar

import asyncpg
import typer

from ops.client import Answer, Unreachable
from ops.output import show
from ops.stack import SERVICES
from shared.resilience.retry import Halted, Transient

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout instead of a table.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


class Failed(Exception):
    """The command was refused or failed; the message is for whoever typed it."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Does the work; what goes wrong is one line on stderr and exit code 1."""
    try:
        return asyncio.run(work)
    except (Failed, Unreachable, Transient, Halted, asyncpg.PostgresError, OSError, TimeoutError) as error:
        fail(f"{error or type(error).__name__}")
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def fail(words: str) -> NoReturn:
    """One line on stderr, and exit code 1."""
    print(f"makewhole: {words}", file=sys.stderr)
    raise typer.Exit(1)


def group(words: str) -> typer.Typer:
    """A command with commands of its own."""
    return typer.Typer(help=words, no_args_is_help=True)


def taken(answer: Answer) -> Any:
    """The body of an answer that was no refusal."""
    if not answer.ok:
        raise Failed(answer.said)
    return answer.body


def one_service(name: str) -> str:
    """A service's name, also with a hyphen; a usage error where there is no such service."""
    if (known := name.replace("-", "_")) not in SERVICES:
        raise typer.BadParameter(f"choose from {', '.join(SERVICES)}")
    return known


Service = Annotated[
    str | None,
    typer.Option(
        callback=lambda name: name and one_service(name), help=f"One of {', '.join(SERVICES)}; all where left out."
    ),
]
OneService = Annotated[str, typer.Argument(callback=one_service, help=f"One of {', '.join(SERVICES)}.")]


def chosen(service: str | None) -> tuple[str, ...]:
    """The named service, or all."""
    return (service,) if service else SERVICES


def agree(plan: str, yes: bool) -> None:
    """Shows what will be done, and asks where somebody can answer."""
    print(plan, file=sys.stderr)
    if not yes and sys.stdin.isatty() and not typer.confirm("Go on?"):
        raise typer.Exit(1)


def finish(value: Any, json: bool, title: str = "", ok: bool = True) -> None:
    """Shows the result; exit code 1 where it is not a good one."""
    show(value, json, title)
    if not ok:
        raise typer.Exit(1)
