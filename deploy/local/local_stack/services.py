"""Service processes: the command of each app and worker, and the port on which it says that it is ready."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from local_stack.child import OURS, Command
from local_stack.http import answer_of, status_of
from local_stack.report import say
from shared.events.logs import LOGS
from shared.process.addresses import PASSWORDS, Ports, local_address, login_name

ALIVE_LIMIT = 5.0


class Process(NamedTuple):
    """A process of makewhole: its name, the module that it runs, and its port."""

    name: str
    module: str
    port: int


@dataclass(slots=True)
class Service:
    """One process: a module that serves /readyz on a port."""

    name: str
    module: str
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    _starts: int = 0
    _halt: str | None = None

    async def command(self) -> Command:
        """The command; a crash that was asked for happens after the first start only, or it would never end."""
        self._starts += 1
        no_crash = {"CRASH": ""} if self._starts > 1 else {}
        argv = [sys.executable, "-m", self.module]
        return Command(self.name, argv, env={**self.environment, **no_crash}, inherits=OURS)

    async def ready(self) -> bool:
        """Whether /readyz says so, or that all is there and a person must mend something: the rest goes on."""
        status, body = await answer_of(self.port, "/readyz") or (0, b"")
        halt = _halt(body) if status == 503 else None
        if halt and halt != self._halt:
            say(f"{self.name} stands still: {halt}")
        self._halt = halt
        return status == 200 or halt is not None

    async def alive(self) -> bool:
        """Whether /healthz answers."""
        return await status_of(self.port, "/healthz", ALIVE_LIMIT) == 200


def _halt(body: bytes) -> str | None:
    """What stands still until a person mends it, where nothing else is wrong."""
    try:
        wrong = {name: word for name, word in json.loads(body)["checks"].items() if word != "ok"}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return str(wrong["halted"]) if set(wrong) == {"halted"} else None


def services(
    ports: Ports, kafka: str, state: Path, log_keys: str = "", database_url: str | None = None
) -> list[Service]:
    """Every process, with the environment that all of them share; on the stack's own server each uses its login."""
    environment = {
        "MAKEWHOLE_MODE": "sandbox",
        "MAKEWHOLE_DATABASE_URL": database_url or "",
        "MAKEWHOLE_KAFKA": kafka,
        "MAKEWHOLE_LOG_KEYS": log_keys,
        "MAKEWHOLE_SANDBOX": f"http://127.0.0.1:{ports.app('sandbox')}",
        "PORT_BASE": str(ports.base),
        "PYTHONUNBUFFERED": "1",
        # Eight processes that each compile the same modules at every start take seconds that nobody has; empty means
        # "do write".
        "PYTHONDONTWRITEBYTECODE": "",
    }
    own = {} if database_url else _logins(ports, state / PASSWORDS)
    return [
        Service(*process, environment | own.get(process.module.partition(".")[0], {})) for process in processes(ports)
    ]


def _logins(ports: Ports, passwords: Path) -> dict[str, dict[str, str]]:
    """By service: the variable that tells its processes where their database is, with their login."""
    return {
        service: {
            f"MAKEWHOLE_DATABASE_URL_{service.upper()}": local_address(login_name(service), ports.postgres, passwords)
        }
        for service in (*LOGS, "sandbox")
    }


def processes(ports: Ports) -> list[Process]:
    """Every process, in the order in which they are listed."""
    return [
        Process("sandbox", "sandbox.app", ports.app("sandbox")),
        *(Process(name, f"{name}.app", ports.app(name)) for name in LOGS),
        *(Process(f"{name}-worker", f"{name}.worker", ports.worker(name)) for name in LOGS),
        Process("console", "console.app", ports.app("console")),
    ]
