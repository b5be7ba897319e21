"""Workers that the clock moves: each reports over HTTP whether anything is left to do at the clock's present."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Protocol

import aiohttp
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

LIMIT = 5.0
_LONGEST_REASON = 500


class _QuietAnswer(BaseModel):
    """The body of `/internal/quiet`; members that a newer worker adds are ignored."""

    quiet: bool
    revision: int
    head: Annotated[int, Field(ge=0)]
    next_deadline: AwareDatetime | None = None
    reasons: list[str] = []


@dataclass(frozen=True, slots=True)
class Report:
    """What one worker reports: `head` is its log's last position, `revision` the clock's that it has heard of."""

    worker: str
    quiet: bool
    revision: int = -1
    head: int = -1
    next_deadline: datetime | None = None
    reasons: tuple[str, ...] = ()

    @property
    def wire(self) -> dict[str, Any]:
        """The report as a problem shows it."""
        return {
            "worker": self.worker,
            "quiet": self.quiet,
            "revision": self.revision,
            "head": self.head,
            "reasons": list(self.reasons),
        }


class Workers(Protocol):
    """All processes that act when time moves."""

    async def reports(self) -> Sequence[Report]:
        """What each reports now, asked side by side; one that does not answer is not quiet."""


class WorkersClient:
    """Workers asked over HTTP; `addresses` maps their names to their base addresses."""

    def __init__(self, session: aiohttp.ClientSession, addresses: Mapping[str, str]) -> None:
        self._session = session
        self._addresses = addresses

    async def reports(self) -> Sequence[Report]:
        """One round of questions."""
        return await asyncio.gather(*(self._report(name, address) for name, address in self._addresses.items()))

    async def _report(self, name: str, address: str) -> Report:
        not_quiet = Report(name, quiet=False)
        try:
            async with self._session.get(f"{address}/internal/quiet", timeout=aiohttp.ClientTimeout(LIMIT)) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            return replace(not_quiet, reasons=(f"no answer: {str(error) or type(error).__name__}"[:_LONGEST_REASON],))
        try:
            answer = _QuietAnswer.model_validate_json(body)
        except ValidationError:
            return replace(
                not_quiet, reasons=(f"answered {response.status}: {body.decode(errors='replace')}"[:_LONGEST_REASON],)
            )
        return Report(name, answer.quiet, answer.revision, answer.head, answer.next_deadline, tuple(answer.reasons))
