"""Door: which requests a process lets in at all, by the name and the port under which they come."""

from __future__ import annotations

from starlette.types import Scope

from shared.http.problems import Refusal
from shared.process.health import Probes
from shared.process.hosts import MALFORMED, Hosts
from shared.process.settings import Settings

INNER = frozenset({*Probes.PATHS, "/openapi.json", "/docs"})
"""What operators read; in production not on the port that clients use."""

_SENTENCES = {
    MALFORMED: "A request names the host that it is for, once.",
    "misdirected_request": "Nothing is served under this host's name here; MAKEWHOLE_HOSTS lists those that are.",
}


class Door:
    """Lets a request in by its Host header, and to what is for operators by its port."""

    def __init__(self, settings: Settings, service: str) -> None:
        self._hosts = Hosts.of(settings)
        self.inner_port = settings.inner_port(service) if settings.mode == "production" else None

    def guard(self, scope: Scope) -> None:
        """Refuses who asks under no name of ours, and hides what is not for this port."""
        server = scope.get("server")
        inner = self.inner_port is not None and server is not None and server[1] == self.inner_port
        named = [value for name, value in scope["headers"] if name == b"host"]
        if fault := self._hosts.fault(named, inner):
            raise Refusal(fault, _SENTENCES[fault])
        if self.inner_port is not None and not inner and _is_inner(scope["path"]):
            raise Refusal("not_found")


def _is_inner(path: str) -> bool:
    return f"/{path.split('/')[1]}" in INNER
