"""Sources: where the logs, their topics and their tables are, and whom the audit asks besides.

What services there are, and who follows whom, is written down here once more, so that a subscription that somebody
forgets to start is noticed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CATEGORIES = {"dispute": ("dispute", "order"), "refund": ("payment",), "return_label": ("return",)}
"""By service: the categories of its streams."""
READ_MODELS = {"dispute": ("order_status", "disputes", "dispute_history"), "refund": ("refunds",)}
"""By service: its subscriptions to its own topic."""
POLICIES = {
    "dispute": {"note_refunds": "refund", "note_returns": "return_label"},
    "refund": {"capture_and_refund": "dispute"},
    "return_label": {"request_returns": "dispute"},
}
"""By service: its subscriptions to the topics of others."""


def topic_of(service: str) -> str:
    """Where a service's log is published."""
    return f"{service}.events"


def source_of(service: str) -> str:
    """What its records say about where they come from."""
    return f"/makewhole/{service.replace('_', '-')}"


def followed(service: str) -> dict[str, str]:
    """The subscriptions of a service, each with the topic that it follows."""
    own = dict.fromkeys(READ_MODELS.get(service, ()), topic_of(service))
    return own | {name: topic_of(other) for name, other in POLICIES[service].items()}


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
        return [service for service in CATEGORIES if service in self.databases]
