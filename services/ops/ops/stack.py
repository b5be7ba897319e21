"""The running stack: addresses of its services, databases and topics, and the folder of its state."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from local_stack.keys import kept_log_keys
from local_stack.state import state_folder
from shared.events.logs import LOGS
from shared.kafka.connections import Brokers
from shared.process.settings import Settings

SERVICES = tuple(LOGS)
"""Those with a log of their own."""


def chosen(service: str | None) -> tuple[str, ...]:
    """The named service, or all."""
    return (service,) if service else SERVICES


@dataclass(frozen=True, slots=True)
class Stack:
    """One running system."""

    settings: Settings
    state: Path

    @classmethod
    def load(cls) -> Stack:
        """The stack that the environment names."""
        settings, state = Settings.load(), state_folder(os.environ)
        if not settings.log_keys:
            settings = settings.model_copy(update={"log_keys": kept_log_keys(state)})
        return cls(settings, state)

    def address(self, process: str) -> str:
        """The address of a process, without a slash at the end: an app by its service's name, its worker with `-worker`
        behind it.
        """
        service, worker, _ = process.partition("-worker")
        if service == "sandbox":
            return self.settings.sandbox.rstrip("/")
        if worker:
            return f"http://{self.settings.inner_host}:{self.settings.worker_port(service)}"
        return f"http://{self.settings.host}:{self.settings.port(service)}"

    def dsn(self, service: str) -> str:
        """The address of a service's database, with the login of whoever owns it: operators mend what services may
        not.
        """
        return self.settings.owner_dsn(service) if self.settings.database_url else self.settings.dsn(service)

    def topic(self, service: str) -> str:
        """Where a service's log is published."""
        return LOGS[service].topic

    @property
    def kafka(self) -> Brokers:
        """The brokers."""
        return Brokers.of(self.settings)
