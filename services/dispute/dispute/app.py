"""The dispute service's HTTP process: `python -m dispute.app`."""

from __future__ import annotations

import tomllib
from importlib import resources

from dispute.api import disputes, orders
from dispute.domain.decider import decider
from dispute.domain.programmes import Programmes
from shared.eventstore.connections import open_pool
from shared.eventstore.store import open_store
from shared.http.app import App, create_app, database_checks
from shared.http.server import serve
from shared.process.settings import Settings

SERVICE = "dispute"


def build(settings: Settings) -> App:
    """The application over its database; programmes are read once, here."""
    dsn = settings.dsn(SERVICE)
    parts = {"store": open_store(dsn, deadlines=decider.deadlines), "pool": open_pool(dsn)}
    app = create_app(
        SERVICE, [orders.router, disputes.router], parts, settings, checks=database_checks(settings, SERVICE)
    )
    app.state.programmes = load_programmes()
    return app


def load_programmes() -> Programmes:
    """The rule sets that this distribution carries."""
    files = (
        file for file in resources.files("dispute").joinpath("programmes").iterdir() if file.name.endswith(".toml")
    )
    return Programmes([tomllib.loads(file.read_text("utf-8")) for file in files])


if __name__ == "__main__":
    serve(build(Settings.load()))
