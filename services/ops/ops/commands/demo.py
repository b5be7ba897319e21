"""`makewhole demo`: plays a story of three orders, or a file of orders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ops.client import open_api
from ops.commands.options import Json, run
from ops.orders.player import play_file, report
from ops.output import console, show
from ops.stack import Stack
from ops.story.player import play_story

OFF = frozenset({"0", "no", "false", "off"})

Orders = Annotated[
    Path | None,
    typer.Option(
        envvar="ORDERS",
        exists=True,
        dir_okay=False,
        readable=True,
        help="Play this file of orders instead: JSON, one a line, plain or gzip.",
    ),
]


def demo(orders: Orders = None, json: Json = False) -> None:
    """Play the story over real HTTP, or the orders of a file; the last line sums it up. DEMO=0 in the environment skips
    it.
    """
    if os.environ.get("DEMO", "").lower() in OFF:
        return
    line, failed = run(_orders(orders, json)) if orders else run(_story(json))
    if not json:
        print(line, flush=True)
    if failed:
        raise typer.Exit(1)


async def _story(json: bool) -> tuple[str, bool]:
    stack = Stack.load()
    async with open_api(stack) as api:
        report = await play_story(api, stack.state, console(json))
    if json:
        counts = {"disputes": report.disputes, "refunds": report.refunds, "steps": report.steps}
        show({**counts, "unexpected": report.unexpected}, json)
    return report.line, bool(report.unexpected)


async def _orders(path: Path, json: bool) -> tuple[str, bool]:
    output = console(json)
    async with open_api(Stack.load()) as api:
        totals = await play_file(api, path, output)
    if json:
        show(totals.json, json)
    else:
        report(totals, output)
    return totals.line, totals.failed
