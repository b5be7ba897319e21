"""`makewhole clock`: shows and moves the sandbox's clock, forwards only, for every service."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

import typer

from ops.client import Call, open_api
from ops.commands.options import Json, body_of, finish, group, run
from ops.stack import Stack

LIMIT = 1000.0
"""Seconds: the sandbox itself gives up a move after 900."""
_SPAN = re.compile(r"(\d+[wdhms])+")

app = group("The sandbox's clock.")


@app.command()
def show(json: Json = False) -> None:
    """What time it is for the services."""
    finish(run(_send(Call("sandbox", "GET", "/clock"))), json)


@app.command()
def advance(by: Annotated[str, typer.Argument(help="5d, 36h, 90m, 10s, 2w or 1d12h")], json: Json = False) -> None:
    """Let time pass; answers when everything that falls due is done."""
    if not _SPAN.fullmatch(by):
        raise typer.BadParameter("a time span is written 5d, 36h, 90m, 10s, 2w or 1d12h")
    finish(run(_move({"advance": by})), json)


@app.command()
def to(
    instant: Annotated[str, typer.Argument(help="RFC 3339, such as 2031-05-20T00:00:00Z")], json: Json = False
) -> None:
    """Let time pass until an instant."""
    finish(run(_move({"now": _instant(instant)})), json)


@app.command("to-next-deadline")
def to_next_deadline(json: Json = False) -> None:
    """Let time pass until the next deadline of any service."""
    finish(run(_move({"to": "next-deadline"})), json)


def _instant(text: str) -> str:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise typer.BadParameter("an instant is written 2031-05-20T00:00:00Z")
    return text


async def _move(to: dict[str, str]) -> Any:
    return await _send(Call("sandbox", "POST", "/clock", to, limit=LIMIT))


async def _send(call: Call) -> Any:
    async with open_api(Stack.load()) as api:
        return body_of(await api.send(call))
