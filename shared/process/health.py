"""Health probes: /healthz, /readyz and /metrics of a process."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import orjson

from shared.observability.metrics import METRICS_TYPE, metrics_page

BUDGET = 1.0  # seconds
KEPT = 0.5  # seconds
JSON = "application/json"

Check = Callable[[], Awaitable[str | None]]
"""What keeps the process from working, or None."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A probe's answer."""

    status: int
    media_type: str
    body: bytes


class Probes:
    """/healthz (alive: no I/O), /readyz (all checks, side by side, within a second) and /metrics."""

    PATHS = ("/healthz", "/readyz", "/metrics")

    def __init__(self, checks: Mapping[str, Check], needs_attention: Callable[[], Mapping[str, str]] = dict) -> None:
        self._checks = checks
        self._needs_attention = needs_attention

    async def answer(self, path: str) -> Answered:
        """The answer at one of the paths."""
        if path == "/metrics":
            return Answered(200, METRICS_TYPE, metrics_page())
        if path == "/healthz":
            return Answered(200, JSON, orjson.dumps({"status": "alive"}))
        return await self.ready()

    async def ready(self) -> Answered:
        """200 when every check passes, else 503; each check's word stands beside its name, and what waits for a person
        while all goes on.
        """
        words = dict(zip(self._checks, await asyncio.gather(*map(_within_budget, self._checks.values())), strict=True))
        well = not any(words.values())
        body = {
            "status": "ready" if well else "not ready",
            "checks": {name: word or "ok" for name, word in words.items()},
            **({"needs_attention": waiting} if (waiting := self._needs_attention()) else {}),
        }
        return Answered(200 if well else 503, JSON, orjson.dumps(body))


async def _within_budget(check: Check) -> str | None:
    try:
        async with asyncio.timeout(BUDGET):
            return await check()
    except TimeoutError:
        return f"no answer within {BUDGET:g} s"
    except Exception as error:
        # The kind alone: a message may name hosts and users, and this page is read without a token.
        return type(error).__name__


def shared(check: Check) -> Check:
    """The check, run once for all who ask while it runs or within `KEPT` of its start; who leaves does not end it for
    the others.
    """
    running: asyncio.Task[str | None] | None = None
    started = 0.0

    async def ask() -> str | None:
        nonlocal running, started
        now = asyncio.get_running_loop().time()
        if running is None or running.cancelled() or (running.done() and now - started >= KEPT):
            # Within its own limit: a client that leaves does not end it.
            running, started = asyncio.create_task(_within_budget(check)), now
        return await asyncio.shield(running)

    return ask


def database_check(dsn: str, service: str) -> Check:
    """Whether the database answers and is as new as this code; a newer one will do, for another version may be being
    rolled out.

    One connection at a time, however many ask: the page is read without a token.
    """
    newest = newest_revision(service)

    async def check() -> str | None:
        # A connection of its own for each run: whether one can be had is the question.
        connection = await asyncpg.connect(dsn, timeout=BUDGET, server_settings={"application_name": "makewhole probe"})
        try:
            revision = await connection.fetchval("select max(version_num) from alembic_version")
        except asyncpg.UndefinedTableError:
            revision = None
        finally:
            connection.terminate()
        return None if (revision or "") >= newest else f"migrated to {revision}, not {newest}"

    return shared(check)


def newest_revision(service: str) -> str:
    """The newest revision of a service's history, told by the files' names: Alembic itself stays out of the process."""
    spec = importlib.util.find_spec("migrations")
    folders = spec.submodule_search_locations if spec else None
    versions = Path(next(iter(folders or ["."]))) / service.replace("-", "_") / "versions"
    return max((path.name.partition("_")[0] for path in versions.glob("[0-9]*.py")), default="")
