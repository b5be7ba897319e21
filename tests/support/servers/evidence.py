"""The dispute service's application in a process of its own, as parties send it files."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from dispute.domain.decider import decider
from shared.events.base import Actor, Command
from shared.events.envelope import Cause
from shared.eventstore.command_handling import Outcome, handle
from shared.eventstore.store import PostgresEventStore, open_store
from tests.support.builders.orders import on
from tests.support.servers.backing import free_ports
from tests.support.servers.stack import LIMIT
from tests.support.toys.notes import Issuer, running_issuer

NOW = on("Mar 12")


@dataclass(frozen=True, slots=True)
class Came:
    """What a request came to."""

    status: int
    headers: Any
    content: bytes
    body: Any

    @property
    def fault(self) -> str:
        """`422 validation_failed /file undecodable`: status, code and the first fault."""
        told: dict[str, Any] = self.body if isinstance(self.body, dict) else {}
        first: dict[str, str] = next(iter(told.get("errors", ())), {})
        code = told.get("code", "")
        return " ".join(filter(None, (str(self.status), code, first.get("pointer"), first.get("code"))))


@dataclass
class EvidenceService:
    """The service, its log as the system writes it, and a client for every party."""

    dsn: str
    folder: Path
    issuer: Issuer
    session: aiohttp.ClientSession
    store: PostgresEventStore
    at: datetime = NOW
    port: int = field(default_factory=lambda: free_ports(1)[0])
    process: asyncio.subprocess.Process | None = None

    @property
    def objects(self) -> list[Path]:
        """Every file of the object storage."""
        return [path for path in (self.folder / "objects").rglob("*") if path.is_file()]

    @property
    def most_memory(self) -> int:
        """The most bytes that the process has had in memory so far."""
        assert self.process
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))

    async def start(self, crash: str = "") -> None:
        """Begins, and dies where the plan says so."""
        given = (self.dsn, self.issuer.address, str(self.folder), str(self.port), self.at.isoformat())
        command = (sys.executable, "-m", "tests.support.toys.evidence_process", *given)
        environment = {**os.environ, "CRASH": crash}
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe)
        assert self.process.stdout
        while await asyncio.wait_for(self.process.stdout.readline(), LIMIT) != b"listening\n":
            assert self.process.returncode is None

    async def stop(self) -> None:
        """Ends, if it has not ended by itself."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.communicate()

    async def decide(self, *commands: Command) -> list[Outcome]:
        """What the shop and the other party ask, one after the other."""
        return [await handle(self.store, decider, command, Cause.of(command)) for command in commands]

    async def upload(
        self, path: str, actor: Actor, content: bytes, *, name: str = "a.jpg", key: str = "", **fields: str
    ) -> Came:
        """Sends a file; a field `dry_run` stands in the query."""
        query = {"dry_run": dry} if (dry := fields.pop("dry_run", "")) else {}
        form = aiohttp.FormData(fields)
        form.add_field("file", io.BytesIO(content), filename=name)
        headers = {"Idempotency-Key": key} if key else {}
        return await self.ask("POST", path, actor, data=form, params=query, headers=headers)

    async def ask(
        self, method: str, path: str, actor: Actor, *, headers: dict[str, str] | None = None, **more: Any
    ) -> Came:
        """One request of a party."""
        bearer = {"Authorization": f"Bearer {self.issuer.token(actor.id, *(sorted(actor.roles) or ('none',)))}"}
        address = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.request(method, address, headers={**bearer, **(headers or {})}, **more) as response:
            is_json = "json" in response.content_type
            body = await response.json(content_type=None) if is_json else None
            return Came(response.status, response.headers, await response.read(), body)


@contextlib.asynccontextmanager
async def evidence_service(dsn: str, folder: Path) -> AsyncIterator[EvidenceService]:
    """The service over the database at `dsn`, not started yet."""
    async with (
        running_issuer() as issuer,
        aiohttp.ClientSession() as session,
        open_store(dsn, deadlines=decider.deadlines) as store,
    ):
        service = EvidenceService(dsn, folder, issuer, session, store)
        try:
            yield service
        finally:
            await service.stop()
