"""The sandbox's process: `python -m sandbox.app`."""

from __future__ import annotations

import sys

from sandbox import api
from sandbox.clock import Clock
from sandbox.world import open_world
from shared.http.app import App, create_app, database_checks
from shared.http.server import serve
from shared.process.settings import Settings

SERVICE = "sandbox"
WORKERS = ("dispute", "refund", "return_label")
ROUTERS = (api.psp, api.identity, api.clock, api.faults)


def build(settings: Settings) -> App:
    """The application over its database; it moves the time of all workers of its stack."""
    if settings.mode == "production":
        sys.exit("the sandbox gives anybody any role and moves time: it does not run in production mode")
    clock = Clock()
    world = open_world(settings.dsn(SERVICE), settings.sandbox, clock, workers(settings))
    checks = database_checks(settings, SERVICE)
    return create_app(
        SERVICE,
        ROUTERS,
        {"world": world},
        settings,
        clock=clock,
        checks=checks,
        description="The outside world, simulated.",
    )


def workers(settings: Settings) -> dict[str, str]:
    """The workers' addresses by name."""
    return {name: f"http://{settings.host}:{settings.worker_port(name)}" for name in WORKERS}


if __name__ == "__main__":
    serve(build(Settings.load()))
