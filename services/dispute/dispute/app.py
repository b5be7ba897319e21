"""The dispute service's HTTP process: `python -m dispute.app`."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from importlib import resources

from dispute.api import disputes, orders
from dispute.domain.decider import decider
from dispute.domain.programmes import Programmes
from shared.events.logs import DISPUTE
from shared.http.app import App, service_app
from shared.http.server import serve
from shared.process.settings import Settings


def build(settings: Settings) -> App:
    """The application over its database; programmes are read once, here."""
    app = service_app(DISPUTE, decider, [orders.router, disputes.router], settings)
    app.state.programmes = load_programmes()
    app.state.facts_ahead = timedelta(seconds=settings.facts_ahead)
    return app


def load_programmes() -> Programmes:
    """The rule sets that this distribution carries."""
    files = (
        file for file in resources.files("dispute").joinpath("programmes").iterdir() if file.name.endswith(".toml")
    )
    return Programmes([tomllib.loads(file.read_text("utf-8")) for file in files])


if __name__ == "__main__":
    serve(build(Settings.load(DISPUTE.service)))
