"""Sources: where the logs, their topics and their tables are, and whom the audit asks besides.

Which services there are is known by their databases. What a log holds and who follows whom stands as data in each
service's folder and is read by nothing that runs, so that a subscription that somebody forgets to start is noticed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

DECLARATION = "log.toml"
"""The file of a service's package that says so."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a service's log holds: the categories of its streams, and events of which nothing follows for money, goods
    or deadlines; and its subscriptions, each with the service whose topic it follows.
    """

    streams: Sequence[str]
    plain: frozenset[str]
    follows: Mapping[str, str]


@cache
def declared(service: str) -> Declared:
    """The service's declaration: the package is found, and no line of it runs."""
    package = find_spec(service)
    assert package and package.submodule_search_locations, f"{service} is no package"
    said = tomllib.loads((Path(package.submodule_search_locations[0]) / DECLARATION).read_text("utf-8"))
    return Declared(said["streams"], frozenset(said["plain"]), said["follows"])


def topic_of(service: str) -> str:
    """Where a service's log is published."""
    return f"{service}.events"


def source_of(service: str) -> str:
    """What its records say about where they come from."""
    return f"/makewhole/{service.replace('_', '-')}"


def followed(service: str) -> dict[str, str]:
    """The subscriptions of a service, each with the topic that it follows."""
    return {name: topic_of(other) for name, other in declared(service).follows.items()}


@dataclass(frozen=True, slots=True)
class Sources:
    """Connection settings: databases by service, what a Kafka client is made with, and addresses over HTTP.

    `workers` can be asked whether they are at rest, `sandbox` has a clock and a ledger; both may be missing.
    """

    databases: Mapping[str, str] = field(repr=False)
    kafka: Mapping[str, Any] = field(repr=False)
    workers: Mapping[str, str] = field(default_factory=dict)
    sandbox: str | None = None
    log_keys: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict, repr=False)
    """By service and key id: what its records are signed with."""

    @property
    def services(self) -> Sequence[str]:
        return list(self.databases)
