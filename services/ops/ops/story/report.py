"""Report of the story: one line a step on the terminal, and the counts at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Console


@dataclass(slots=True)
class StoryReport:
    """Counts steps, disputes, refunds and whatever was not as expected; `advance` moves the progress bar."""

    output: Console
    advance: Callable[[], None] = lambda: None
    steps: int = 0
    disputes: int = 0
    refunds: int = 0
    unexpected: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        """The counts on one line."""
        return f"story: {self.disputes} disputes, {self.refunds} refunds, {len(self.unexpected)} unexpected"

    def chapter(self, title: str) -> None:
        self.output.print(title, style="bold", soft_wrap=True)

    def step(self) -> None:
        """Counts a step that got its response."""
        self.steps += 1
        self.advance()

    def passed(self, sentence: str) -> None:
        self.output.print(f"  ok  {sentence}", soft_wrap=True)

    def failed(self, sentence: str, difference: str) -> None:
        """Something that was not as expected."""
        self.unexpected.append(f"{sentence}: {difference}")
        self.output.print(f" NOT  {self.unexpected[-1]}", style="red", soft_wrap=True)
