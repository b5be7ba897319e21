"""Workers by service: what assembles the components that each one runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from importlib import import_module

from shared.events.logs import LOGS
from shared.eventstore.store import PostgresEventStore
from shared.process.clock import Clock
from shared.process.component import Component
from shared.process.settings import Settings

Assemble = Callable[[Settings, Clock], AbstractAsyncContextManager[tuple[PostgresEventStore, Sequence[Component]]]]

WORKERS: Mapping[str, Assemble] = {service: import_module(f"{service}.worker").assemble for service in LOGS}
"""Found by name: every service with a log has the module `worker`, which a test asks for."""
