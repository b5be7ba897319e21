"""The return-label service's HTTP process: `python -m return_label.app`."""

from __future__ import annotations

from return_label.api import returns
from return_label.domain.decider import decider
from return_label.domain.notifications.state import NOTICES
from shared.events.logs import RETURN_LABEL
from shared.http.app import App, service_app
from shared.http.dry_run.foretelling import Foretelling
from shared.http.server import serve
from shared.process.settings import Settings

FORETELLING = Foretelling(NOTICES)
"""What a dry run tells of a return's events: who is told; they move no money."""


def build(settings: Settings) -> App:
    """The application over its database."""
    return service_app(RETURN_LABEL, decider, [returns.router], settings, FORETELLING)


if __name__ == "__main__":
    serve(build(Settings.load(RETURN_LABEL.service)))
