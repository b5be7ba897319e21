"""`makewhole ledger`: the payment provider's books, compared with the refunds that were issued."""

from __future__ import annotations

from pathlib import Path

from ops.audit.check import Check
from ops.audit.run import ledger_audit
from ops.check_running import check_running
from ops.client import open_api
from ops.commands.audit import ProviderReport, show_checks, sources
from ops.commands.options import Json, group, run
from ops.stack import Stack

app = group("The payment provider's books.")


@app.command()
def check(provider_report: ProviderReport = None, json: Json = False) -> None:
    """Every refund that was issued moved its money once, and no payment gave back more than it took."""
    show_checks([run(_check(provider_report))], json)


async def _check(provider_report: Path | None) -> Check:
    stack = Stack.load()
    async with open_api(stack) as api:
        await check_running(stack, api)
    return await ledger_audit(sources(stack), provider_report)
