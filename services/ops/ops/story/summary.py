"""Summary of the story: what each order has come to, the history of one dispute, the payment provider's ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ops.client import ApiResponse, Call
from ops.output import table
from ops.story.orders import HEADPHONES, Order
from ops.story.parties import ANN
from ops.story.run import StoryRun
from ops.story.steps import Step

STEPS_OF_AN_ORDER = 2
STATUS_COLUMNS = ("order_id", "label", "payout", "protection_ends_at")
LEDGER_COLUMNS = ("kind", "order_id", "amount", "refund_id", "at")


async def summarise(run: StoryRun, orders: Sequence[Order]) -> None:
    """Reads everything once more and compares it with what the chapters brought about."""
    output = run.report.output
    run.report.chapter("What it has come to")
    statuses = [await run.play(_status(order)) for order in orders]
    movements = [line for order in orders for line in await _movements(run, order)]
    rows = [[status.get(column) for column in STATUS_COLUMNS] for status in statuses]
    output.print(table("orders", rows, "order", "label", "payout", "protected until"))
    if HEADPHONES in orders and (disputes := statuses[orders.index(HEADPHONES)].get("disputes")):
        await _history(run, disputes[0]["id"])
    rows = [[line[column] for column in LEDGER_COLUMNS] for line in movements]
    output.print(table("the payment provider's ledger", rows, "kind", "order", "amount", "refund", "at"))


def _status(order: Order) -> Step:
    return Step(
        f"{order.id}: finished, the payout is {order.payout}",
        Call("dispute", "GET", f"{order.path}/status"),
        order.buyer,
        expected={"order_id": order.id, "label": "Dispute Finished", "payout": order.payout},
        repeats=True,
    )


async def _history(run: StoryRun, dispute: str) -> None:
    path = f"/v1/disputes/{dispute}/history"
    history = await run.play(Step("the history of Ann's dispute", Call("dispute", "GET", path), ANN))
    entries = history.get("data") or []
    rows = [(entry["at"], entry["actor"], entry["action"], ", ".join(entry["rules"])) for entry in entries]
    run.report.output.print(table(f"history of {dispute}", rows, "at", "actor", "action", "rules"))
    last = rows[-1][2] if rows else "nothing"
    if last != "dispute_closed":
        run.report.failed("the history ends with the closing (S52)", f"it ends with {last}")


async def _movements(run: StoryRun, order: Order) -> list[dict[str, Any]]:
    """The order's lines in the ledger, which must be one capture and one refund."""
    response = await run.play(_ledger(order))
    lines = _lines(response)
    found = [(line["kind"], line["amount"]["amount"]) for line in lines]
    run.report.refunds += sum(kind == "refund" for kind, _ in found)
    if sorted(found) != [("capture", order.paid), ("refund", order.refunded)]:
        run.report.failed(f"{run.fill(order.id)}: one capture and one refund", f"the ledger says {found}")
    return lines


def _ledger(order: Order) -> Step:
    sentence = f"{order.id}: {order.paid} were taken and {order.refunded} went back, once"
    return Step(sentence, Call("sandbox", "GET", "/psp/ledger", params={"order_id": order.id}))


def _lines(response: ApiResponse) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = response.get("data") or []
    return lines
