"""The refund service's HTTP process: `python -m refund.app`."""

from __future__ import annotations

from refund.api import refunds
from refund.domain.decider import decider
from shared.events.logs import REFUND
from shared.http.app import App, service_app
from shared.http.dry_run.foretelling import Foretelling
from shared.http.server import serve
from shared.process.settings import Settings


def build(settings: Settings) -> App:
    """The application over its database."""
    return service_app(REFUND, decider, [refunds.router], settings, Foretelling())


if __name__ == "__main__":
    serve(build(Settings.load(REFUND.service)))
