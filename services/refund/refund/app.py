"""The refund service's HTTP process: `python -m refund.app`."""

from __future__ import annotations

from refund.api import chargebacks, destinations, refunds, webhooks
from refund.domain.decider import decider
from refund.domain.notifications.state import NOTICES
from refund.views.dry_run import money, parties
from refund.webhooks.plugins import receiver_of
from shared.events.logs import REFUND
from shared.http.app import App, service_app
from shared.http.dry_run.foretelling import Foretelling
from shared.http.server import serve
from shared.process.settings import Settings

FORETELLING = Foretelling(NOTICES, money, parties=parties)
"""What a dry run tells of a payment's events: who is told, and the money that they move."""


def build(settings: Settings) -> App:
    """The application over its database, with ears for the payment provider's webhooks."""
    routers = [refunds.router, destinations.router, chargebacks.router, webhooks.router]
    app = service_app(REFUND, decider, routers, settings, FORETELLING)
    app.state.webhooks = receiver_of(settings.webhooks)
    return app


if __name__ == "__main__":
    serve(build(Settings.load(REFUND.service)))
