"""Outside: the time, the payment provider's books and the workers' word that they are at rest, asked over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from ops.audit.check import Check
from ops.audit.sources import Sources
from ops.books import provider_report
from ops.books.provider_report import Movement

LIMIT = aiohttp.ClientTimeout(total=20)
LEDGER_PAGE = 10_000
PAUSE = 0.1


class Unreachable(Exception):
    """Whoever is asked does not answer as expected."""


async def now(sources: Sources, session: aiohttp.ClientSession) -> datetime:
    """The domain's time: the sandbox's where there is one."""
    if not sources.sandbox:
        return datetime.now(UTC)
    return datetime.fromisoformat((await _get(session, f"{sources.sandbox}/clock"))["now"])


async def movements(sources: Sources, session: aiohttp.ClientSession, report: Path | None) -> AsyncIterator[Movement]:
    """Every movement of money that the payment provider has booked, as its report or the sandbox says."""
    if report:
        for movement in provider_report.movements(report):
            yield movement
        return
    after = 0
    while sources.sandbox:
        page = await _get(session, f"{sources.sandbox}/psp/ledger?after={after}&limit={LEDGER_PAGE}")
        for movement in page["data"]:
            yield movement
            after = movement["id"]
        if len(page["data"]) < LEDGER_PAGE:
            return


async def check_rest(sources: Sources, session: aiohttp.ClientSession, patience: float) -> Check:
    """Waits until two rounds in a row find every worker with nothing left to do and no log grown."""
    check, end, before = Check.of("at rest", "busy"), time.monotonic() + patience, None
    if not sources.workers:
        check.see("not_asked")
        return check
    while True:
        answers = {service: await _quiet(session, url) for service, url in sources.workers.items()}
        busy = {service: answer for service, answer in answers.items() if not answer.get("quiet")}
        heads = [answer.get("head") for answer in answers.values()]
        if (not busy and heads == before) or time.monotonic() > end:
            break
        before = heads if not busy else None
        await asyncio.sleep(PAUSE)
    check.see("workers", len(sources.workers))
    for service, answer in busy.items():
        check.fault("busy", f"{service}: {', '.join(answer.get('reasons') or ['no answer'])}")
    return check


async def _quiet(session: aiohttp.ClientSession, url: str) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = await _get(session, f"{url}/internal/quiet")
    except Unreachable:
        return {}
    return answer


async def _get(session: aiohttp.ClientSession, url: str) -> Any:
    try:
        async with session.get(url, timeout=LIMIT) as response:
            if response.status != 200:
                raise Unreachable(f"{url} answers {response.status}")
            return await response.json()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unreachable(f"{url} does not answer: {str(error) or type(error).__name__}") from error
