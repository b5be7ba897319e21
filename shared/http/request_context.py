"""Request context: what is known of one request, for its log line and its problem."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from starlette.datastructures import State
from starlette.types import Scope

from shared.events.base import Actor
from shared.faults import fault
from shared.http.problems import Refusal
from shared.observability.tracing import random_bytes

if TYPE_CHECKING:
    from shared.http.admission.quotas import Quotas, Share
    from shared.http.auth import Tokens
    from shared.process.clock import Clock

NO_ROUTE = "-"
SINGLE = frozenset({b"authorization", b"content-type", b"host", b"idempotency-key"})
"""Headers of one value: where two stand, whoever reads the first and whoever reads the last would disagree."""
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class AppContext(Protocol):
    """The app, as far as a request needs it."""

    tokens: Tokens
    clock: Clock
    quotas: Quotas
    state: State


@dataclass(slots=True)
class RequestContext:
    """What became of a request so far. `route` is the template: a path names people."""

    request_id: str
    caller_request_id: str | None
    headers: Mapping[bytes, bytes]
    peer: str = ""
    started: float = field(default_factory=time.perf_counter)
    route: str = NO_ROUTE
    status: int = 0
    actor: Actor | None = None
    command_id: UUID | None = None
    stream: str | None = None
    version: int | None = None
    position: int | None = None
    replayed: bool = False
    code: str | None = None
    share: Share | None = None

    @classmethod
    def of(cls, scope: Scope) -> RequestContext:
        """The context that a request begins: with an id of its own, and the caller's beside it where that is plain
        ASCII.
        """
        headers = _combined(scope["headers"])
        # Never the caller's alone: lines of two people could be made to look like one's.
        given = headers.get(b"x-request-id", b"")
        callers = given.decode() if _REQUEST_ID.fullmatch(given) else None
        return cls(f"req_{random_bytes(12).hex()}", callers, headers, (scope.get("client") or ("",))[0])

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.perf_counter() - self.started

    def text(self, header: bytes) -> str | None:
        """A header's value."""
        value = self.headers.get(header)
        return None if value is None else value.decode("latin-1")

    def line(self, method: str, seconds: float) -> dict[str, Any]:
        """What the log tells of it: no path, no query, no body, nothing that a person wrote."""
        line = {
            "route": f"{method} {self.route}",
            "status": self.status,
            "ms": round(seconds * 1000, 3),
            "request_id": self.request_id,
            "caller_request_id": self.caller_request_id,
            "code": self.code,
            "command_id": self.command_id,
            "stream": self.stream,
            "version": self.version,
            "position": self.position,
            "replayed": self.replayed or None,
            "roles": sorted(self.actor.roles) if self.actor else None,
        }
        return {name: value for name, value in line.items() if value is not None}


def _combined(pairs: Sequence[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    """The headers by name; lines of one name are one list (RFC 9110 5.3)."""
    headers = dict(pairs)
    if len(headers) == len(pairs):
        return headers
    return {name: b", ".join(value for each, value in pairs if each == name) for name in headers}


def refuse_repeated(pairs: Sequence[tuple[bytes, bytes]]) -> None:
    """400 where a header of one value stands twice."""
    names = [name for name, _ in pairs]
    if len(set(names)) == len(names):
        return
    twice = sorted(name.decode("latin-1") for name in SINGLE if names.count(name) > 1)
    if twice:
        errors = [fault(("header", name), "repeated", "This header is sent once.") for name in twice]
        raise Refusal("malformed_request", "A header of one value stands twice.", errors=errors)
