"""Chaos client: sends a request with the same key until it is answered, and keeps a journal of what was
acknowledged.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import jwt

from shared.http.request.command_id import RequestIdentity
from tests.e2e.client import SERVICES, Answer, Services

PATIENCE = 180.0
"""Seconds for one command, however often it is sent."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
LATER = frozenset({429, 502, 503, 504})
ATTEMPT = aiohttp.ClientTimeout(total=20, connect=5)


class Journal:
    """Every acknowledged command, on the disk before anybody goes on: `makewhole audit --journal` reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: list[dict[str, Any]] = []
        self._file = path.open("ab", buffering=0)

    def note(self, service: str, position: str, command_id: str) -> None:
        """One acknowledgement; a repeated one is noted again, for it promises the same."""
        entry = {"service": service, "position": position, "command_id": command_id}
        self._file.write(json.dumps(entry).encode() + b"\n")
        os.fsync(self._file.fileno())
        self.entries.append(entry)

    def let_go(self, kept: int) -> int:
        """Forgets all acknowledgements behind the first so many: what they promised is known to be lost."""
        lost = len(self.entries) - kept
        del self.entries[kept:]
        self._file.truncate(0)
        self._file.write(b"".join(json.dumps(entry).encode() + b"\n" for entry in self.entries))
        return lost

    def close(self) -> None:
        self._file.close()


class Patient(Services):
    """The services over HTTP; what is not answered, or answered with 503, is asked again. `seen` counts what
    happened.
    """

    def __init__(self, session: aiohttp.ClientSession, base: int, journal: Journal) -> None:
        super().__init__(session, base)
        self.journal = journal
        self.seen: Counter[str] = Counter()

    async def send(self, service: str, method: str, path: str, *, worker: bool = False, **request: Any) -> Answer:
        """The answer, after as many attempts as it takes; an acknowledgement is in the journal before it is
        returned.
        """
        end, pause = time.monotonic() + PATIENCE, FIRST_PAUSE
        while True:
            answer = await self._once(service, method, path, worker, request)
            if isinstance(answer, Answer) and answer.status not in LATER:
                self._noted(service, method, path, request, answer)
                return answer
            assert time.monotonic() < end, (
                f"{method} {path} of {service} was not answered for {PATIENCE:.0f} s: {answer!r}"
            )
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _once(
        self, service: str, method: str, path: str, worker: bool, request: dict[str, Any]
    ) -> Answer | Exception:
        try:
            answer = await super().send(service, method, path, worker=worker, **{"timeout": ATTEMPT, **request})
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.seen["unanswered"] += 1
            return error
        self.seen["refused for now"] += answer.status in LATER
        return answer

    def _noted(self, service: str, method: str, path: str, request: dict[str, Any], answer: Answer) -> None:
        headers = request.get("headers") or {}
        if method == "GET" or service not in SERVICES or answer.status >= 400 or "Idempotency-Key" not in headers:
            return
        claims = jwt.decode(headers["Authorization"].removeprefix("Bearer "), options={"verify_signature": False})
        command_id = RequestIdentity.of(method, path, request.get("json")).command_id(
            claims["iss"], claims["sub"], headers["Idempotency-Key"]
        )
        self.journal.note(service, answer.position, str(command_id))
        self.seen["acknowledged"] += 1
        self.seen["replayed"] += answer.replayed
