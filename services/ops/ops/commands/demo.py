"""`makewhole demo`: plays a story of four orders, or a file of orders."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from ops.client import open_api
from ops.commands.options import Json, run
from ops.orders.player import Totals, play_file, report
from ops.output import console, show
from ops.stack import Stack
from ops.story.player import play_story

OFF = frozenset({"0", "no", "false", "off"})
STOPPED = 130
"""The exit code of what a signal ends, as a shell gives it after Ctrl-C."""

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
    line, code = run(_orders(orders, json)) if orders else run(_story(json))
    if not json or code == STOPPED:
        print(line, file=sys.stderr if json else sys.stdout, flush=True)
    if code:
        raise typer.Exit(code)


async def _story(json: bool) -> tuple[str, int]:
    stack = Stack.load()
    async with open_api(stack) as api:
        report = await play_story(api, stack.state, console(json))
    if json:
        counts = {"disputes": report.disputes, "refunds": report.refunds, "steps": report.steps}
        show({**counts, "unexpected": report.unexpected}, json)
    return report.line, int(bool(report.unexpected))


async def _orders(path: Path, json: bool) -> tuple[str, int]:
    output, totals = console(json), Totals()
    try:
        async with open_api(Stack.load()) as api:
            _end_on_signals()
            await play_file(api, path, output, totals)
    except asyncio.CancelledError:
        return totals.stopped, STOPPED
    if json:
        show(totals.json, json)
    else:
        report(totals, output)
    return totals.line, int(totals.failed)


def _end_on_signals() -> None:
    """Ctrl-C, or the end of the stack, cancels this task: what is under way is given up, and it may be played again."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
