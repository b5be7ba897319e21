"""The story that `makewhole demo` tells: real orders, disputes and refunds over real HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console

from ops.client import Api, Unreachable
from ops.output import progress
from ops.story.cast import Cast
from ops.story.ending import end
from ops.story.plot import HEADPHONES, STEPS, Settled, negotiated, returned, unanswered
from ops.story.stage import Astray, Stage

RUNS = "story-runs"
"""The file of the state folder that holds the last run's number."""

Chapter = Callable[[Stage, Cast, Settled], Awaitable[None]]
CHAPTERS: tuple[Chapter, ...] = (negotiated, returned, unanswered, end)


async def tell(api: Api, state: Path, told: Console) -> Stage:
    """Plays the whole story; a chapter that goes astray is given up and the next one told."""
    cast, settled = Cast(api, await run_number(api, state)), Settled()
    with progress(told) as bar:
        task = bar.add_task("the story", total=STEPS)
        stage = Stage(told, lambda: bar.advance(task))
        for chapter in CHAPTERS:
            with contextlib.suppress(Astray):
                await _told(stage, chapter(stage, cast, settled))
    return stage


async def run_number(api: Api, state: Path) -> int:
    """One more than the last run's, and of no order that is known already: the data may have been kept without the
    number.
    """
    number, shop = _last_run(state) + 1, api.party("shop", "service")
    while (await shop.get("dispute", f"/v1/orders/{Cast(api, number).order_id(HEADPHONES)}/status")).status == 200:
        number += 1
    _keep_run(state, number)
    return number


def _last_run(state: Path) -> int:
    kept = state / RUNS
    text = kept.read_text().strip() if kept.exists() else ""
    return int(text) if text.isdigit() else 0


def _keep_run(state: Path, number: int) -> None:
    state.mkdir(parents=True, exist_ok=True)
    (state / RUNS).write_text(f"{number}\n")


async def _told(stage: Stage, chapter: Awaitable[None]) -> None:
    try:
        await chapter
    except Unreachable as error:
        stage.surprise("the story goes on", str(error))
