"""What the environment says about one stack: its ports, its folder, its servers."""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local_stack.report import StackError
from local_stack.state import state_folder

DEFAULT_BASE = 8000
HIGHEST_OFFSET = 11093
BACKINGS = ("local", "containers")


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one stack, all counted from its base; each worker is 100 above its app."""

    base: int = DEFAULT_BASE

    @property
    def console(self) -> int:
        """The web console."""
        return self.base

    @property
    def dispute(self) -> int:
        """The dispute service."""
        return self.base + 1

    @property
    def refund(self) -> int:
        """The refund service."""
        return self.base + 2

    @property
    def return_label(self) -> int:
        """The return-label service."""
        return self.base + 3

    @property
    def sandbox(self) -> int:
        """The simulated outside world."""
        return self.base + 9

    @property
    def postgres(self) -> int:
        """PostgreSQL."""
        return self.base + 7432

    @property
    def kafka(self) -> int:
        """Kafka; its controller listens one further."""
        return self.base + 11092


@dataclass(frozen=True, slots=True)
class Settings:
    """One stack's settings, read once."""

    ports: Ports
    state: Path
    backing: str = "local"
    database_url: str | None = None
    kafka: str | None = None
    fresh: bool = False
    demo: bool = True

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings that the environment asks for."""
        settings = cls(
            ports=Ports(_base(environment.get("PORT_BASE", ""))),
            state=state_folder(environment),
            backing=_backing(environment.get("MAKEWHOLE_BACKING", "")),
            database_url=environment.get("MAKEWHOLE_DATABASE_URL") or None,
            kafka=environment.get("MAKEWHOLE_KAFKA") or None,
            fresh=_yes(environment.get("FRESH", "0")),
            demo=_yes(environment.get("DEMO", "1")),
        )
        if settings.fresh and (settings.database_url or settings.kafka):
            raise StackError(
                "FRESH=1 empties this stack's own servers, always both: unset MAKEWHOLE_DATABASE_URL and "
                "MAKEWHOLE_KAFKA, or FRESH"
            )
        return settings

    @property
    def logs(self) -> Path:
        """The folder of the children's logs."""
        return self.state / "log"

    @property
    def local_postgres(self) -> bool:
        """Whether PostgreSQL is ours to start as a process."""
        return self.database_url is None and self.backing == "local"

    @property
    def local_kafka(self) -> bool:
        """Whether Kafka is ours to start as a process."""
        return self.kafka is None and self.backing == "local"


def busy(port: int) -> bool:
    """Whether the port cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def backing_ports(settings: Settings) -> Iterator[tuple[str, int]]:
    """The names and ports of the servers that this stack brings itself."""
    if settings.database_url is None:
        yield "PostgreSQL", settings.ports.postgres
    if settings.kafka is None:
        yield "Kafka", settings.ports.kafka
    if settings.local_kafka:
        yield "Kafka's controller", settings.ports.kafka + 1


def _base(text: str) -> int:
    if not text:
        return DEFAULT_BASE
    if not text.isdigit() or not 1024 <= int(text) <= 65535 - HIGHEST_OFFSET:
        raise StackError(f"PORT_BASE={text} is no base port: choose a number from 1024 to {65535 - HIGHEST_OFFSET}")
    return int(text)


def _backing(text: str) -> str:
    if text and text not in BACKINGS:
        raise StackError(f"MAKEWHOLE_BACKING={text} is unknown: choose {' or '.join(BACKINGS)}")
    return text or BACKINGS[0]


def _yes(text: str) -> bool:
    return text.lower() not in ("", "0", "no", "false", "off")
