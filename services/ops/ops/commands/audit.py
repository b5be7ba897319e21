"""`makewhole audit`: every promise of the system, compared with its logs, topics, read models, deadlines and ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.audit.check import Report
from ops.audit.log import journal
from ops.audit.run import full_audit
from ops.audit.sources import Sources
from ops.check_running import check_running
from ops.client import open_api
from ops.commands.options import Failed, Json, run
from ops.output import show
from ops.stack import SERVICES, Stack

Journal = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        exists=True,
        dir_okay=False,
        help="What was acknowledged to clients: JSON a line with service, position and perhaps command_id.",
    ),
]
ProviderReport = Annotated[
    Path | None,
    typer.Option(
        "--provider-report",
        exists=True,
        dir_okay=False,
        help="The payment provider's movements: CSV, or JSON a line, with kind (capture, refund or chargeback), "
        "payment_id, amount and currency, a refund's refund_id, perhaps order_id and destination. Without it the "
        "sandbox is asked, if there is.",
    ),
]


def audit(
    journal_file: Journal = None,
    provider_report: ProviderReport = None,
    patience: Annotated[float, typer.Option(min=0, help="Seconds to wait for the system to come to rest.")] = 30.0,
    json: Json = False,
) -> None:
    """Compare logs, topics, read models, deadlines and ledger: one line of counts a promise; exit code 1 unless every
    fault is zero.
    """
    report = run(_audit(journal_file, provider_report, patience))
    if json:
        show(report.json, json)
    else:
        for check in report.checks:
            print(check.line)
            print(*(f"    {example}\n" for example in check.examples), sep="", end="")
    if not report.ok:
        raise typer.Exit(1)


def sources(stack: Stack) -> Sources:
    """Where the audit reads; a production system is asked neither for a sandbox nor whether it is at rest."""
    sandbox = stack.settings.mode == "sandbox"
    return Sources(
        databases={service: stack.dsn(service) for service in SERVICES},
        kafka=stack.kafka.options(),
        workers={service: stack.address(f"{service}-worker") for service in SERVICES} if sandbox else {},
        sandbox=stack.address("sandbox") if sandbox else None,
        log_keys={service: stack.settings.keys_of(service) for service in SERVICES},
    )


async def _audit(journal_file: Path | None, provider_report: Path | None, patience: float) -> Report:
    try:
        acknowledged = journal(journal_file) if journal_file else None
        stack = Stack.load()
        async with open_api(stack) as api:
            await check_running(stack, api)
        return await full_audit(sources(stack), acknowledged, patience, provider_report)
    except ValueError as error:
        raise Failed(str(error)) from None
