"""The sandbox's process: `python -m sandbox.app`."""

from __future__ import annotations

from sandbox.carrier.router import router as carrier_router
from sandbox.clock.clock import Clock
from sandbox.clock.router import router as clock_router
from sandbox.faults.router import router as faults_router
from sandbox.identity.router import router as identity_router
from sandbox.provider.chargebacks import router as chargebacks_router
from sandbox.provider.router import router as provider_router
from sandbox.simulators import Hearer, open_simulators
from shared.events.logs import LOGS, REFUND, RETURN_LABEL
from shared.http.app import App, create_app, database_checks
from shared.http.server import serve
from shared.process.production import require
from shared.process.quotas import OFF
from shared.process.settings import Settings

SERVICE = "sandbox"
ROUTERS = (provider_router, chargebacks_router, carrier_router, identity_router, clock_router, faults_router)


def build(settings: Settings) -> App:
    """The application over its database; it moves the time of all workers of its stack."""
    require(settings, SERVICE)
    clock = Clock()
    simulators = open_simulators(
        settings.dsn(SERVICE), settings.sandbox, clock, workers(settings), hearer(settings), of_parcels(settings)
    )
    checks = database_checks(settings, SERVICE)
    return create_app(
        SERVICE,
        ROUTERS,
        {"simulators": simulators},
        # The world outside answers a whole stack from one address, and mostly without a token.
        settings.model_copy(update={"quotas": OFF}),
        clock=clock,
        checks=checks,
        description="The outside world, simulated.",
    )


def workers(settings: Settings) -> dict[str, str]:
    """The workers' addresses by name."""
    return {service: f"http://{settings.inner_host}:{settings.worker_port(service)}" for service in LOGS}


def hearer(settings: Settings) -> Hearer:
    """The refund service, which hears the payment provider."""
    address = f"http://127.0.0.1:{settings.port(REFUND.service)}/v1/webhooks/psp"
    return Hearer(address, settings.webhooks.partition("+")[2])


def of_parcels(settings: Settings) -> Hearer:
    """The return-label service, which hears the carrier."""
    address = f"http://127.0.0.1:{settings.port(RETURN_LABEL.service)}/v1/webhooks/carrier"
    return Hearer(address, settings.carrier_webhooks.partition("+")[2])


if __name__ == "__main__":
    sandbox = build(Settings.load(SERVICE))
    serve(sandbox, begins_with=sandbox.checks["database"])
