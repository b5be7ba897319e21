"""Where the story is played: every step is told in one line and its answer compared with what the story expects."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from ops.client import Answer, Unreachable

PATIENCE = 60.0
"""Seconds for what follows in other services; it mostly takes a fraction of one."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5

Ask = Callable[[], Awaitable[Answer]]
Expected = Mapping[str, Any]
"""Members of an answer by their path, dots between."""


class Astray(Exception):
    """The chapter cannot go on: its next steps need what this one did not bring."""


@dataclass(slots=True)
class Stage:
    """Counts the story's steps, what it brought about and what it did not expect."""

    told: Console
    advance: Callable[[], None] = lambda: None
    steps: int = 0
    disputes: int = 0
    refunds: int = 0
    unexpected: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        """The last line of the story."""
        return f"story: {self.disputes} disputes, {self.refunds} refunds, {len(self.unexpected)} unexpected"

    def chapter(self, title: str) -> None:
        """Begins a chapter."""
        self.told.print(title, style="bold", soft_wrap=True)

    def tell(self, sentence: str, sign: str = "  ok ", style: str = "") -> None:
        """One line."""
        self.told.print(f"{sign} {sentence}", style=style, soft_wrap=True)

    def surprise(self, sentence: str, difference: str) -> None:
        """Something that the story does not expect."""
        self.unexpected.append(f"{sentence}: {difference}")
        self.tell(f"{sentence}: {difference}", " NOT ", "red")

    async def act(
        self, sentence: str, asked: Awaitable[Answer], status: int, expected: Expected | None = None
    ) -> Answer:
        """A step: what is asked, and the answer that it must have. Another status ends the chapter, other members do
        not.
        """
        try:
            answer = await asked
        except Unreachable as error:
            self.surprise(sentence, str(error))
            raise Astray from error
        self._step()
        if answer.status != status:
            self.surprise(sentence, f"expected {status}, got {answer.said}")
            raise Astray
        self._compare(sentence, answer, expected or {})
        return answer

    async def until(self, sentence: str, ask: Ask, expected: Expected, patience: float = PATIENCE) -> Answer:
        """A step of other services: asks until the answer is the expected one; the chapter ends where it never is."""
        end, pause = time.monotonic() + patience, FIRST_PAUSE
        while True:
            answer = await _asked(ask)
            if (answer.ok and not _differences(answer, expected)) or time.monotonic() > end:
                break
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, LONGEST_PAUSE)
        self._step()
        self._compare(sentence, answer, expected)
        if not answer.ok or _differences(answer, expected):
            raise Astray
        return answer

    def _compare(self, sentence: str, answer: Answer, expected: Expected) -> None:
        if differences := _differences(answer, expected):
            self.surprise(sentence, f"{', '.join(differences)} ({answer.status})")
        else:
            self.tell(sentence)

    def _step(self) -> None:
        self.steps += 1
        self.advance()


async def _asked(ask: Ask) -> Answer:
    try:
        return await ask()
    except Unreachable as error:
        return Answer(503, {"code": "unreachable", "detail": str(error)}, {})


def _differences(answer: Answer, expected: Expected) -> list[str]:
    found = {path: answer.get(*path.split(".")) for path in expected}
    return [
        f"{path} is {found[path]!r} and not {wanted!r}" for path, wanted in expected.items() if found[path] != wanted
    ]
