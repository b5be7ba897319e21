"""Addresses: the ports of a stack on one machine, counted from its base, and the database of each service."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from shared.events.logs import LOGS

DEFAULT_BASE = 8000
APPS = {"console": 0, **{service: port for port, service in enumerate(LOGS, 1)}, "sandbox": 9}
"""Each app's port, counted from the base: services with a log in the order of their registry."""
WORKER = 100
"""A worker's port is so many above its app's."""
INNER = 200
"""In production an app's inner port, for what operators read, is so many above its own."""
POSTGRES, KAFKA, KAFKA_CONTROLLER = 7432, 11092, 11093
HIGHEST_BASE = 65535 - KAFKA_CONTROLLER
PROJECT = Path(__file__).resolve().parents[2]
PASSWORDS = "pgpass"
"""The file of the state folder with the local PostgreSQL's passwords, in the form that its clients read."""
OWNER = "makewhole"
"""The local server's administrator, who owns the databases; no service connects as this one."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one stack; a service is found with a hyphen or an underscore."""

    base: int = DEFAULT_BASE

    def app(self, service: str) -> int:
        """The port of a service's app."""
        return self.base + APPS[_module_name(service)]

    def worker(self, service: str) -> int:
        """The port of a service's worker."""
        return self.app(service) + WORKER

    def inner(self, service: str) -> int:
        """The inner port of a service's app."""
        return self.app(service) + INNER

    @property
    def postgres(self) -> int:
        return self.base + POSTGRES

    @property
    def kafka(self) -> int:
        return self.base + KAFKA

    @property
    def kafka_controller(self) -> int:
        return self.base + KAFKA_CONTROLLER


def database_name(service: str) -> str:
    """The name of a service's database."""
    return f"makewhole_{_module_name(service)}"


def database_url(server_url: str, database: str) -> str:
    """The server's address with the database's name; whatever else it holds is kept."""
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{database}"))


def login_name(service: str) -> str:
    """The name with which a service's processes connect to the local server."""
    return f"{OWNER}_{_module_name(service)}"


def local_address(login: str, port: int, passwords: Path) -> str:
    """The local server's address for a login, whose password stands in a file."""
    return f"postgresql://{login}@127.0.0.1:{port}?passfile={quote(str(passwords))}"


def state_folder(named: str | Path | None) -> Path:
    """The folder of a local stack's data, `.local` in the project unless another is named."""
    home = PROJECT if (PROJECT / "pyproject.toml").exists() else Path.cwd()  # installed, it lies in no project
    return Path(named or home / ".local").absolute()


def _module_name(service: str) -> str:
    return service.replace("-", "_")
