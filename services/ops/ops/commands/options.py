"""Options that commands share, failures told in one line, and exit codes."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Coroutine
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, NoReturn, TypeVar

import asyncpg
import typer

from ops.audit.outside import Unreachable as Unanswered
from ops.client import ApiResponse, Unreachable
from ops.output import show
from ops.stack import SERVICES
from shared.resilience.retry import Halted, Transient

T = TypeVar("T")
_AGO = re.compile(r"yesterday|(?P<days>[0-9]{1,3})-days-ago")

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout instead of a table.")]


class Failed(Exception):
    """The command was refused or failed; the message is for whoever typed it."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs the work; a failure is one line on stderr and exit code 1."""
    try:
        return asyncio.run(work)
    except (Failed, Unreachable, Unanswered, Transient, Halted, asyncpg.PostgresError, OSError, TimeoutError) as error:
        fail(str(error) or type(error).__name__)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def fail(reason: str) -> NoReturn:
    """One line on stderr, and exit code 1."""
    print(f"makewhole: {reason}", file=sys.stderr)
    raise typer.Exit(1)


def day_of(text: str, today: date | None = None) -> date:
    """A day of UTC: `2026-11-26`, `yesterday`, or `2-days-ago`; a usage error where it is none."""
    if ago := _AGO.fullmatch(text):
        return (today or datetime.now(UTC).date()) - timedelta(days=int(ago["days"] or 1))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a day is written 2026-11-26, yesterday or 2-days-ago") from None


def group(description: str) -> typer.Typer:
    """A command with commands of its own."""
    return typer.Typer(help=description, no_args_is_help=True)


def body_of(response: ApiResponse) -> Any:
    """The response's body; Failed where it is a refusal."""
    if not response.ok:
        raise Failed(response.summary)
    return response.body


def one_service(name: str) -> str:
    """A service's name, also with a hyphen; a usage error where there is no such service."""
    if (service := name.replace("-", "_")) not in SERVICES:
        raise typer.BadParameter(f"choose from {', '.join(SERVICES)}")
    return service


Service = Annotated[
    str | None,
    typer.Option(
        callback=lambda name: name and one_service(name), help=f"One of {', '.join(SERVICES)}; all where left out."
    ),
]
OneService = Annotated[str, typer.Argument(callback=one_service, help=f"One of {', '.join(SERVICES)}.")]


def finish(value: Any, json: bool, title: str = "", ok: bool = True) -> None:
    """Shows the result; exit code 1 where it is not a good one."""
    show(value, json, title)
    if not ok:
        raise typer.Exit(1)
