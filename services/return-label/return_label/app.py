"""The return-label service's HTTP process: `python -m return_label.app`."""

from __future__ import annotations

from return_label.api.returns import router
from return_label.domain.decider import decider
from shared.eventstore.connections import open_pool
from shared.eventstore.store import open_store
from shared.http.app import App, create_app, database_checks
from shared.http.server import serve
from shared.process.settings import Settings

SERVICE = "return_label"


def build(settings: Settings) -> App:
    """The application over its database."""
    dsn = settings.dsn(SERVICE)
    parts = {"store": open_store(dsn, deadlines=decider.deadlines), "pool": open_pool(dsn)}
    return create_app(SERVICE, [router], parts, settings, checks=database_checks(settings, SERVICE))


if __name__ == "__main__":
    serve(build(Settings.load()))
