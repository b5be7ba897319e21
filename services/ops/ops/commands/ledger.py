"""`makewhole ledger`: the payment provider's books, compared with the refunds that were issued."""

from __future__ import annotations

from ops.audit.check import Check
from ops.check_running import check_running
from ops.client import open_api
from ops.commands.audit import show_checks
from ops.commands.options import Json, group, run
from ops.stack import Stack

app = group("The payment provider's books.")


@app.command()
def check(json: Json = False) -> None:
    """Every refund that was issued moved its money once, and no payment gave back more than it took."""
    show_checks([run(_check())], json)


async def _check() -> Check:
    from ops.audit.run import ledger_check

    stack = Stack.load()
    async with open_api(stack) as api:
        await check_running(stack, api)
        return await ledger_check(stack, api)
