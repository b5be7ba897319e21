"""The workers as the clock sees them: each says whether anything is left to do at the clock's present."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Protocol

import aiohttp
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

LIMIT = 5.0
_SHOWN = 500


class _Quiet(BaseModel):
    """What `/internal/quiet` answers; members that a newer worker adds are ignored."""

    quiet: bool
    revision: int
    head: Annotated[int, Field(ge=0)]
    next_deadline: AwareDatetime | None = None
    reasons: list[str] = []


@dataclass(frozen=True, slots=True)
class Report:
    """One worker's word on itself: `head` is its log's last position, `revision` the clock's that it has heard of."""

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
        """What each says now, asked side by side; one that does not answer is not quiet."""


class HttpWorkers:
    """Workers asked over HTTP; `addresses` maps their names to their base addresses."""

    def __init__(self, session: aiohttp.ClientSession, addresses: Mapping[str, str]) -> None:
        self._session = session
        self._addresses = addresses

    async def reports(self) -> Sequence[Report]:
        """One round of questions."""
        return await asyncio.gather(*(self._report(name, address) for name, address in self._addresses.items()))

    async def _report(self, name: str, address: str) -> Report:
        silent = Report(name, quiet=False)
        try:
            async with self._session.get(f"{address}/internal/quiet", timeout=aiohttp.ClientTimeout(LIMIT)) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            return replace(silent, reasons=(f"no answer: {error or type(error).__name__}"[:_SHOWN],))
        try:
            said = _Quiet.model_validate_json(body)
        except ValidationError:
            return replace(silent, reasons=(f"answered {response.status}: {body.decode(errors='replace')}"[:_SHOWN],))
        return Report(name, said.quiet, said.revision, said.head, said.next_deadline, tuple(said.reasons))
