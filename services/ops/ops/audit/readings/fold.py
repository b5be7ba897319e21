"""Base of the folds: what is checked of a service's streams, and the rows that stand beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from ops.audit.check import Check
from ops.audit.database import Row
from ops.audit.deadlines import DeadlineCheck, Due
from ops.audit.entry import Entry
from ops.audit.facts import Facts
from ops.audit.log import LogCheck
from ops.audit.read_models import ModelCheck


@dataclass(slots=True)
class Rows:
    """The rows of a window by what they are about; what nobody asked for in the end is about nothing."""

    by_key: dict[Any, Row] = field(default_factory=dict)

    def take(self, key: Any) -> Row | None:
        return self.by_key.pop(key, None)


@dataclass(slots=True)
class Checks:
    """What is checked of one service's streams."""

    service: str
    log: LogCheck
    deadlines: DeadlineCheck
    owed: Check
    models: Mapping[str, ModelCheck]
    facts: Facts
    now: datetime | None
    settled_until: datetime

    def settled(self, entry: Entry) -> bool:
        """Whether the event is old enough that whatever follows from it must be there."""
        return entry.recorded_at <= self.settled_until


class Fold(Protocol):
    """One stream's state, folded by the audit."""

    def add(self, entry: Entry) -> None:
        """The stream's next event."""

    def wanted(self) -> Due:
        """The deadlines that it waits for."""

    def end(self, last: Entry) -> Iterator[str]:
        """What it still owes, once its rows are compared."""
