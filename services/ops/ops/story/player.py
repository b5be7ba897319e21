"""Player of the story: every chapter step by step, then the summary."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable
from datetime import datetime
from pathlib import Path

from rich.console import Console

from ops.client import Api, Unreachable
from ops.output import progress
from ops.story.chapters import CHAPTERS
from ops.story.orders import Order
from ops.story.report import StoryReport
from ops.story.run import ChapterFailed, StoryRun, new_number
from ops.story.steps import Chapter
from ops.story.summary import STEPS_OF_AN_ORDER, summarise

STEPS = sum(len(chapter.steps) + STEPS_OF_AN_ORDER for chapter in CHAPTERS) + 1
"""Of all chapters and the summary, when nothing fails."""


async def play_story(api: Api, state: Path, output: Console) -> StoryReport:
    """Plays the whole story; a chapter that fails is given up and the next one played."""
    with progress(output) as bar:
        task = bar.add_task("the story", total=STEPS)
        report = StoryReport(output, lambda: bar.advance(task))
        run = StoryRun(api, await new_number(api, state), report, await _now(api))
        finished: list[Order] = []
        for chapter in CHAPTERS:
            await _guarded(report, _play(run, chapter, finished))
        await _guarded(report, summarise(run, finished))
    return report


async def _play(run: StoryRun, chapter: Chapter, finished: list[Order]) -> None:
    run.report.chapter(chapter.title)
    run.now = await _now(run.api)
    for step in chapter.steps:
        await run.play(step)
    finished.append(chapter.order)


async def _guarded(report: StoryReport, work: Awaitable[None]) -> None:
    with contextlib.suppress(ChapterFailed):
        try:
            await work
        except Unreachable as error:
            report.failed("the story goes on", str(error))


async def _now(api: Api) -> datetime:
    clock = await api.clock()
    if not clock.ok:
        raise Unreachable(f"the sandbox has no time: {clock.summary}")
    return datetime.fromisoformat(clock.get("now"))
