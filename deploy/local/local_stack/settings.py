"""Stack settings: ports, state folder and servers, read from the environment."""

import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local_stack.keys import log_keys
from local_stack.report import StackError
from local_stack.state import state_folder
from shared.events.logs import PARTITIONS
from shared.events.slot import SLOTS, divides
from shared.process.addresses import DEFAULT_BASE, HIGHEST_BASE, OWNER, PASSWORDS, Ports, local_address

BACKINGS = ("local", "containers")
LOWEST_BASE = 1024


@dataclass(frozen=True, slots=True)
class StackSettings:
    """One stack's settings, read once."""

    ports: Ports
    state: Path
    backing: str = "local"
    database_url: str | None = None
    kafka: str | None = None
    partitions: int = PARTITIONS
    fresh: bool = False
    demo: bool = True
    given_log_keys: str = ""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "StackSettings":
        """The settings that the environment asks for; StackError where they make no sense."""
        settings = cls(
            ports=Ports(_port_base(environment.get("PORT_BASE", ""))),
            state=state_folder(environment),
            backing=_backing(environment.get("MAKEWHOLE_BACKING", "")),
            database_url=environment.get("MAKEWHOLE_DATABASE_URL") or None,
            kafka=environment.get("MAKEWHOLE_KAFKA") or None,
            partitions=_partitions(environment.get("MAKEWHOLE_PARTITIONS", "")),
            fresh=_is_on(environment.get("FRESH", "0")),
            demo=_is_on(environment.get("DEMO", "1")),
            given_log_keys=environment.get("MAKEWHOLE_LOG_KEYS", ""),
        )
        if settings.fresh and (settings.database_url or settings.kafka):
            raise StackError(
                "FRESH=1 empties this stack's own servers, always both: unset MAKEWHOLE_DATABASE_URL and "
                "MAKEWHOLE_KAFKA, or FRESH"
            )
        if settings.demo:
            _check_orders_file(environment.get("ORDERS", ""))
        return settings

    @property
    def logs(self) -> Path:
        """The folder of the children's logs."""
        return self.state / "log"

    @property
    def log_keys(self) -> str:
        """The keys that the services sign their records with, this folder's own where none were given."""
        return self.given_log_keys or log_keys(self.state)

    @property
    def own_database_url(self) -> str:
        """The address of the server that this stack brings, whose password stands in a file."""
        return local_address(OWNER, self.ports.postgres, self.state / PASSWORDS)

    @property
    def local_kafka(self) -> bool:
        """Whether Kafka is ours to start as a process."""
        return self.kafka is None and self.backing == "local"


def is_busy(port: int) -> bool:
    """Whether the port cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def backing_ports(settings: StackSettings) -> Iterator[tuple[str, int]]:
    """The names and ports of the servers that this stack brings itself."""
    if settings.database_url is None:
        yield "PostgreSQL", settings.ports.postgres
    if settings.kafka is None:
        yield "Kafka", settings.ports.kafka
    if settings.local_kafka:
        yield "Kafka's controller", settings.ports.kafka_controller


def _port_base(text: str) -> int:
    if not text:
        return DEFAULT_BASE
    if not text.isdigit() or not LOWEST_BASE <= int(text) <= HIGHEST_BASE:
        raise StackError(f"PORT_BASE={text} is no base port: choose a number from {LOWEST_BASE} to {HIGHEST_BASE}")
    return int(text)


def _backing(text: str) -> str:
    if text and text not in BACKINGS:
        raise StackError(f"MAKEWHOLE_BACKING={text} is unknown: choose {' or '.join(BACKINGS)}")
    return text or BACKINGS[0]


def _partitions(text: str) -> int:
    if not text:
        return PARTITIONS
    if not text.isdigit() or not divides(int(text)):
        raise StackError(f"MAKEWHOLE_PARTITIONS={text}: choose a divisor of {SLOTS}, such as 12, 24, 48 or 96")
    return int(text)


def _is_on(text: str) -> bool:
    return text.lower() not in ("", "0", "no", "false", "off")


def _check_orders_file(path: str) -> None:
    # The demo opens it only once everything runs.
    if path and not (Path(path).is_file() and os.access(path, os.R_OK)):
        raise StackError(f"ORDERS={path} is no file that can be read: name one, or unset ORDERS for the demo story")
