"""The refund service's HTTP process: `python -m refund.app`."""

from __future__ import annotations

from refund.api.refunds import router
from refund.domain.decider import decider
from shared.eventstore.connections import open_pool
from shared.eventstore.store import open_store
from shared.http.app import App, create_app, database_checks
from shared.http.server import serve
from shared.process.settings import Settings

SERVICE = "refund"


def build(settings: Settings) -> App:
    """The application over its database."""
    dsn = settings.dsn(SERVICE)
    parts = {"store": open_store(dsn, deadlines=decider.deadlines), "pool": open_pool(dsn)}
    return create_app(SERVICE, [router], parts, settings, checks=database_checks(settings, SERVICE))


if __name__ == "__main__":
    serve(build(Settings.load()))
