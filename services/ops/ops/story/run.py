"""Run of the story: its number, the values that texts of steps name, and the responses to steps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ops.client import Api, ApiResponse, Call, Unreachable
from ops.story.orders import HEADPHONES, ORDERS, DateAgo
from ops.story.parties import ROLES, SHOP
from ops.story.report import StoryReport
from ops.story.steps import Step, differences, member
from shared.events.base import wire_time

RUNS = "story-runs"
"""The file of the state folder that holds the last run's number."""
LIMIT = 60.0
"""Seconds for what follows in other services; it mostly takes a fraction of one."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5


class ChapterFailed(Exception):
    """The chapter cannot go on: its next steps need what this one did not bring."""


@dataclass(slots=True)
class StoryRun:
    """One run, whose number is in every order's id. `now` is the instant that time spans count back from."""

    api: Api
    number: int
    report: StoryReport
    now: datetime
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values |= {"run": str(self.number), **{order.name: order_id(self.number, order.name) for order in ORDERS}}

    async def play(self, step: Step) -> ApiResponse:
        """Sends the step's request and compares the response; ChapterFailed where what follows would make no sense."""
        sentence, expected = self.fill(step.sentence), self.fill(step.expected)
        response = await (self._repeat(step, expected) if step.repeats else self._send(step, sentence))
        self.report.step()
        if response.status != step.status:
            self.report.failed(sentence, f"expected {step.status}, got {response.summary}")
            raise ChapterFailed
        self._compare(step, sentence, response, expected)
        self.report.disputes += step.opens_dispute
        return response

    def fill(self, value: Any) -> Any:
        """The value with its names filled in and its time spans as instants."""
        match value:
            case str():
                return value.format_map(self.values)
            case timedelta():
                return wire_time(self.now - value)
            case DateAgo(span):
                return (self.now - span).date().isoformat()
            case Mapping():
                return {self.fill(name): self.fill(each) for name, each in value.items()}
            case list():
                return [self.fill(each) for each in value]
        return value

    async def _send(self, step: Step, sentence: str) -> ApiResponse:
        try:
            return await self._response(step)
        except Unreachable as error:
            self.report.failed(sentence, str(error))
            raise ChapterFailed from error

    async def _repeat(self, step: Step, expected: Mapping[str, Any]) -> ApiResponse:
        end, pause = time.monotonic() + LIMIT, FIRST_PAUSE
        while True:
            response = await self._response_or_503(step)
            if (response.ok and not differences(response, expected)) or time.monotonic() > end:
                return response
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, LONGEST_PAUSE)

    async def _response_or_503(self, step: Step) -> ApiResponse:
        try:
            return await self._response(step)
        except Unreachable as error:
            return ApiResponse(503, {"code": "unreachable", "detail": str(error)}, {})

    async def _response(self, step: Step) -> ApiResponse:
        call = self._filled(step.call)
        if not step.party:
            return await self.api.send(call)
        return await self.api.party(step.party, ROLES[step.party]).send(call)

    def _filled(self, call: Call) -> Call:
        names = ("path", "body", "key", "etag", "params")
        return replace(call, **{name: self.fill(getattr(call, name)) for name in names})

    def _compare(self, step: Step, sentence: str, response: ApiResponse, expected: Mapping[str, Any]) -> None:
        saved = {name: member(response, path) for name, path in step.save.items()}
        missing = [f"{step.save[name]} is missing" for name, value in saved.items() if value is None]
        found = [*differences(response, expected), *missing]
        if found:
            self.report.failed(sentence, f"{', '.join(found)} ({response.status})")
        else:
            self.report.passed(sentence)
        if missing or (found and step.repeats):
            raise ChapterFailed
        self.values |= saved


def order_id(run: int, name: str) -> str:
    """The order's id in this run."""
    return f"story-{run}-{name}"


async def new_number(api: Api, state: Path) -> int:
    """One more than the last run's, and of no order that exists already: the data may have been kept without the
    number.
    """
    number, shop = _last_number(state) + 1, api.party(SHOP, ROLES[SHOP])
    while (await shop.get("dispute", f"/v1/orders/{order_id(number, HEADPHONES.name)}/status")).status == 200:
        number += 1
    _store_number(state, number)
    return number


def _last_number(state: Path) -> int:
    file = state / RUNS
    text = file.read_text().strip() if file.exists() else ""
    return int(text) if text.isdigit() else 0


def _store_number(state: Path, number: int) -> None:
    state.mkdir(parents=True, exist_ok=True)
    (state / RUNS).write_text(f"{number}\n")
