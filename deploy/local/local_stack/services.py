"""The processes of makewhole itself, each known by the port that says it is ready."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from local_stack.child import Command
from local_stack.http import status_of
from local_stack.settings import Ports

WORKER_OFFSET = 100


@dataclass(slots=True)
class Service:
    """One process: a module that serves /readyz on a port."""

    name: str
    module: str
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    _lives: int = 0

    async def command(self) -> Command:
        """The command; a crash that was asked for happens in the first life only, or it would never end."""
        self._lives += 1
        calm = {"CRASH": ""} if self._lives > 1 else {}
        return Command(self.name, [sys.executable, "-m", self.module], env={**self.environment, **calm})

    async def ready(self) -> bool:
        """Whether /readyz says so."""
        return await status_of(self.port, "/readyz") == 200


def services(ports: Ports, database_url: str, kafka: str) -> list[Service]:
    """Every process, with the environment that all of them share."""
    environment = {
        "MAKEWHOLE_MODE": "sandbox",
        "MAKEWHOLE_DATABASE_URL": database_url,
        "MAKEWHOLE_KAFKA": kafka,
        "MAKEWHOLE_SANDBOX": f"http://127.0.0.1:{ports.sandbox}",
        "PORT_BASE": str(ports.base),
        "PYTHONUNBUFFERED": "1",
        # Eight processes that each compile the same modules at every start take seconds that nobody has; empty means
        # "do write".
        "PYTHONDONTWRITEBYTECODE": "",
    }
    return [Service(name, module, port, environment) for name, module, port in processes(ports)]


def processes(ports: Ports) -> list[tuple[str, str, int]]:
    """The name, module and port of every process."""
    apps = [("dispute", ports.dispute), ("refund", ports.refund), ("return_label", ports.return_label)]
    return [
        ("sandbox", "sandbox.app", ports.sandbox),
        *((name, f"{name}.app", port) for name, port in apps),
        *((f"{name}-worker", f"{name}.worker", port + WORKER_OFFSET) for name, port in apps),
        ("console", "console.app", ports.console),
    ]
