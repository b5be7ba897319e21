"""Worker assembly: relay, projections, policies and due loop over one store and one pool."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from shared.deadlines.due_loop import DueLoop
from shared.deadlines.effect import Effect
from shared.decider import Decider, ExpireDeadline
from shared.events.base import Command
from shared.events.logs import Log
from shared.eventstore.connections import open_pool
from shared.eventstore.lease_session import Leases
from shared.eventstore.store import PostgresEventStore, open_store
from shared.kafka.connections import Brokers
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.signatures import LogKeys
from shared.kafka.source import KafkaSource
from shared.process.clock import Clock
from shared.process.settings import Settings
from shared.relay.relay import Relay
from shared.subscriptions.handler import Handler
from shared.subscriptions.log_beside import LogBeside
from shared.subscriptions.policy import Policy, React
from shared.subscriptions.projection import Projection, ReadModel
from shared.subscriptions.shared_source import Open, SharedSource
from shared.subscriptions.subscription import Subscription

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool


@dataclass(frozen=True, slots=True)
class Assembly:
    """A service's store and pool, and the components over them."""

    log: Log
    decider: Decider
    settings: Settings
    clock: Clock
    store: PostgresEventStore
    pool: Pool
    leases: Leases

    def relay(self) -> Relay:
        """The log to its topic."""
        publisher = partial(KafkaPublisher.opened, Brokers.of(self.settings), self.log.topic, self.settings.partitions)
        return Relay(
            self.store, self.pool, self.leases, publisher, self.log.topic, self.log.source, self._keys(self.log)
        )

    def projections(self, *models: ReadModel) -> Sequence[Subscription]:
        """The service's own topic to its read models: read, decoded and held against the log once for all of them."""
        source, beside, keys = SharedSource(self._source(self.log)), LogBeside(self.pool), self._keys(self.log)
        return [
            self._subscription(model.NAME, self.log, Projection.of(model), source.opened, keys, beside)
            for model in models
        ]

    def policy(self, name: str, log: Log, react: React) -> Subscription:
        """A topic, mostly another service's, to commands here."""
        own = log is self.log
        if not own and log.service not in self.log.follows:
            raise ValueError(f"{self.log.service} does not say that it follows {log.service}")
        beside = LogBeside(self.pool) if own else None
        policy = Policy(react, self.store, self.decider)
        return self._subscription(name, log, policy, self._source(log), self._keys(log), beside)

    def due_loop(
        self,
        expire: Callable[..., Command] = ExpireDeadline,
        effects: Mapping[str, Effect[Any, Any, Any]] | None = None,
    ) -> DueLoop:
        """What is due: timers, and the calls of `effects`."""
        return DueLoop(self.store, self.decider, self.pool, self.leases, self.clock, expire, effects)

    def _subscription(
        self, name: str, log: Log, handler: Handler, source: Open, keys: LogKeys | None, beside: LogBeside | None
    ) -> Subscription:
        return Subscription(name, log.topic, handler, self.pool, self.leases, source, keys=keys, beside=beside)

    def _source(self, log: Log) -> Open:
        return partial(KafkaSource.opened, Brokers.of(self.settings), log.topic, self.settings.partitions)

    def _keys(self, log: Log) -> LogKeys | None:
        keys = self.settings.keys_of(log.service)
        # A sandbox without keys believes anybody; production without them nobody.
        return LogKeys(keys) if keys or self.settings.mode == "production" else None


@asynccontextmanager
async def assembly(log: Log, decider: Decider, settings: Settings, clock: Clock) -> AsyncIterator[Assembly]:
    """The service's store and pool, open while the body runs."""
    dsn = settings.dsn(log.service)
    async with open_store(dsn, deadlines=decider.deadlines) as store, open_pool(dsn) as pool:
        yield Assembly(log, decider, settings, clock, store, pool, Leases(dsn))
