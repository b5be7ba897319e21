"""The return-label service's worker: `python -m return_label.worker`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from return_label import effects, policies
from return_label.api.own_token import OwnToken
from return_label.api.texts_elsewhere import TextsElsewhere
from return_label.domain.decider import decider
from return_label.domain.returns.timers import ENDS, STARTS
from return_label.gateways.following import EVERY, Following
from return_label.gateways.marks import StoredMarks
from return_label.gateways.plugins import carrier_of, name_of
from return_label.gateways.ways import Ways
from return_label.read_models import returns
from shared.deadlines.take_up import TakeUp
from shared.events.logs import DISPUTE, RETURN_LABEL
from shared.eventstore.store import PostgresEventStore
from shared.notifications.table import NOTIFY
from shared.process.clock import Clock
from shared.process.component import Component
from shared.process.settings import Settings
from shared.worker.assemble import assembly
from shared.worker.sweep import Sweep
from shared.worker.worker import run_worker


@asynccontextmanager
async def assemble(settings: Settings, clock: Clock) -> AsyncIterator[tuple[PostgresEventStore, Sequence[Component]]]:
    """The log to its topic, the topic to the read model and to who is told, the disputes' topic to the policy, and what
    is due to it, also where the version before has written no deadline.
    """
    name = name_of(settings.carrier)
    async with (
        assembly(RETURN_LABEL, decider, settings, clock) as service,
        carrier_of(settings.carrier, StoredMarks(service.pool)) as carrier,
    ):
        react = partial(policies.react, carrier=name, warehouse_id=settings.warehouse)
        ways = Ways(TextsElsewhere(settings.dispute).find, OwnToken(settings.labels_login).authorization)
        calls = effects.effects_of(name, carrier, effects.age_in_log(service.pool), ways.of)
        yield (
            service.store,
            [
                service.relay(),
                *service.projections(returns),
                service.policy(policies.REQUEST_RETURNS, DISPUTE, react),
                service.policy(NOTIFY, RETURN_LABEL, policies.notify),
                service.due_loop(effects=calls),
                *([Sweep(Following(name, carrier, service.store, service.pool, clock).turn, EVERY)] if name else []),
                Sweep(TakeUp(service.store, service.pool, decider, STARTS, ENDS).turn),
            ],
        )


if __name__ == "__main__":
    settings = Settings.load(f"{RETURN_LABEL.service}-worker")
    carrier_of(settings.carrier)  # what is wrong with it is said before anything is opened
    run_worker(RETURN_LABEL.service, partial(assemble, settings), settings)
