"""The dispute service's HTTP process: `python -m dispute.app`."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from datetime import timedelta
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from dispute.api import (
    captures,
    conversation,
    deadlines,
    disputes,
    entitlements,
    evidence,
    goodwill,
    mediation,
    orders,
    programmes,
    queue,
    receipts,
    reports,
    returns,
)
from dispute.api.afterwards import clawbacks, repayment
from dispute.api.files import Files
from dispute.api.warranties import claims, lists
from dispute.domain.decider import decider
from dispute.domain.notifications.state import NOTICES
from dispute.domain.programmes import Programmes
from dispute.views.dry_run import money, parties, shown
from shared.events.logs import DISPUTE
from shared.http.app import App, service_app
from shared.http.dry_run.foretelling import Foretelling
from shared.http.server import serve
from shared.process.settings import Settings

ROUTERS = (
    orders.router,
    entitlements.router,
    disputes.router,
    conversation.router,
    evidence.router,
    mediation.router,
    queue.router,
    receipts.router,
    reports.router,
    goodwill.router,
    returns.router,
    captures.router,
    repayment.router,
    clawbacks.router,
    programmes.router,
    deadlines.router,
    lists.router,
    claims.router,
)


def build(settings: Settings) -> App:
    """The application over its database; programmes are read once, here."""
    app = service_app(DISPUTE, decider, ROUTERS, settings, Foretelling(NOTICES, money, shown, parties))
    app.state.programmes = load_programmes(settings.programmes)
    app.state.support = settings.support
    app.state.files = Files(settings)
    app.state.facts_ahead = timedelta(seconds=settings.facts_ahead)
    return app


def load_programmes(folder: Path | None = None) -> Programmes:
    """The rule sets that this distribution carries, and the operator's own; ends the process where one is wrong."""
    try:
        own = _documents(folder) if folder else []
        return Programmes([*_documents(resources.files("dispute").joinpath("programmes")), *own])
    except (OSError, ValueError) as error:
        sys.exit(f"MAKEWHOLE_PROGRAMMES: {error}")


def _documents(folder: Traversable) -> list[dict[str, Any]]:
    """Every TOML file of a folder; ValueError names the one that cannot be read."""
    return [_document(file) for file in _by_name(folder.iterdir()) if file.name.endswith(".toml")]


def _by_name(files: Iterable[Traversable]) -> list[Traversable]:
    return sorted(files, key=lambda file: file.name)


def _document(file: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{file.name}: {error}") from error


if __name__ == "__main__":
    serve(build(Settings.load(DISPUTE.service)))
