"""The return-label service's HTTP process: `python -m return_label.app`."""

from __future__ import annotations

from return_label.api import labels, limits, lists, quotas, requests, returns, scans
from return_label.api.orders_elsewhere import OrdersElsewhere
from return_label.api.own_token import OwnToken
from return_label.api.texts_elsewhere import TextsElsewhere
from return_label.domain.decider import decider
from return_label.domain.notifications.state import NOTICES
from return_label.webhooks.plugins import receiver_of
from shared.events.logs import RETURN_LABEL
from shared.http.app import App, service_app
from shared.http.dry_run.foretelling import Foretelling
from shared.http.server import serve
from shared.process.settings import Settings

FORETELLING = Foretelling(NOTICES)
"""What a dry run tells of a return's events: who is told; they move no money."""


def build(settings: Settings) -> App:
    """The application over its database."""
    routers = [requests.router, lists.router, returns.router, labels.router, quotas.router, limits.router, scans.router]
    app = service_app(RETURN_LABEL, decider, routers, settings, FORETELLING)
    app.state.texts = TextsElsewhere(settings.dispute)
    app.state.orders = OrdersElsewhere(settings.dispute)
    app.state.warehouse = settings.warehouse
    app.state.own_token = OwnToken(settings.labels_login)
    app.state.carrier_webhooks = receiver_of(settings.carrier_webhooks)
    app.state.carrier = settings.carrier.partition("+")[0] or None
    # Its labels are samples: nobody's goods travel with one.
    app.state.sandbox = settings.mode == "sandbox"
    return app


if __name__ == "__main__":
    serve(build(Settings.load(RETURN_LABEL.service)))
