"""Workers by service: what assembles the components that each one runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

import dispute.worker
import refund.worker
import return_label.worker
from shared.eventstore.store import PostgresEventStore
from shared.process.clock import Clock
from shared.process.component import Component
from shared.process.settings import Settings

Assemble = Callable[[Settings, Clock], AbstractAsyncContextManager[tuple[PostgresEventStore, Sequence[Component]]]]

WORKERS: Mapping[str, Assemble] = {
    "dispute": dispute.worker.assemble,
    "refund": refund.worker.assemble,
    "return_label": return_label.worker.assemble,
}
