"""Addresses: the ports of a stack on one machine, counted from its base, and the database of each service."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from shared.events.logs import LOGS

DEFAULT_BASE = 8000
APPS = {"console": 0, **{service: port for port, service in enumerate(LOGS, 1)}, "sandbox": 9}
"""Each app's port, counted from the base: services with a log in the order of their registry."""
WORKER = 100
"""A worker's port is so many above its app's."""
POSTGRES, KAFKA, KAFKA_CONTROLLER = 7432, 11092, 11093
HIGHEST_BASE = 65535 - KAFKA_CONTROLLER


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


def _module_name(service: str) -> str:
    return service.replace("-", "_")
