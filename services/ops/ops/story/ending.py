"""How the story ends: what each order has come to, the history of a dispute, the payment provider's books."""

from __future__ import annotations

from typing import Any

from ops.client import Answer, Party
from ops.output import table
from ops.story.cast import Cast
from ops.story.plot import HEADPHONES, JACKET, LAMP, Settled
from ops.story.stage import Stage

BUYERS = {HEADPHONES: "ann", LAMP: "bob", JACKET: "carla"}
PAID = {HEADPHONES: "68.00", LAMP: "84.50", JACKET: "120.00"}
PAYOUTS = {HEADPHONES: "released", LAMP: "refunded", JACKET: "refunded"}
"""Time passed in the last chapter: what was not refunded of the first order is its seller's by now."""


async def end(stage: Stage, cast: Cast, settled: Settled) -> None:
    """Reads everything once more and compares it with what the story brought about."""
    stage.chapter("What it has come to")
    statuses = [await _status(stage, cast, name) for name, order in _orders(cast).items() if order in settled]
    movements = [
        await _ledger(stage, cast, name, settled[order]) for name, order in _orders(cast).items() if order in settled
    ]
    rows = [
        [status.get(column) for column in ("order_id", "label", "payout", "protection_ends_at")] for status in statuses
    ]
    stage.told.print(table("orders", rows, "order", "label", "payout", "protected until"))
    if statuses and (disputes := statuses[0].get("disputes")):
        await _history(stage, cast.buyer(BUYERS[HEADPHONES]), disputes[0]["id"])
    shown = [
        [line[column] for column in ("kind", "order_id", "amount", "refund_id", "at")]
        for lines in movements
        for line in lines
    ]
    stage.told.print(table("the payment provider's ledger", shown, "kind", "order", "amount", "refund", "at"))


def _orders(cast: Cast) -> dict[str, str]:
    return {name: cast.order_id(name) for name in (HEADPHONES, LAMP, JACKET)}


async def _status(stage: Stage, cast: Cast, name: str) -> Answer:
    order, buyer = cast.order_id(name), cast.buyer(BUYERS[name])
    expected = {"order_id": order, "label": "Dispute Finished", "payout": PAYOUTS[name]}
    return await stage.until(
        f"{order}: finished, the payout is {PAYOUTS[name]}",
        lambda: buyer.get("dispute", f"/v1/orders/{order}/status"),
        expected,
    )


async def _history(stage: Stage, buyer: Party, dispute: str) -> None:
    answer = await stage.act(
        "the history of Ann's dispute", buyer.get("dispute", f"/v1/disputes/{dispute}/history"), 200
    )
    entries = answer.get("data") or []
    rows = [(entry["at"], entry["actor"], entry["action"], ", ".join(entry["rules"])) for entry in entries]
    stage.told.print(table(f"history of {dispute}", rows, "at", "actor", "action", "rules"))
    if not rows or rows[-1][2] != "dispute_closed":
        stage.surprise("the history ends with the closing (S52)", f"it ends with {rows[-1][2] if rows else 'nothing'}")


async def _ledger(stage: Stage, cast: Cast, name: str, refunded: str) -> list[dict[str, Any]]:
    order = cast.order_id(name)
    answer = await stage.act(
        f"{order}: {PAID[name]} were taken and {refunded} went back, once", cast.ledger(order), 200
    )
    lines: list[dict[str, Any]] = answer.get("data") or []
    found = [(line["kind"], line["amount"]["amount"]) for line in lines]
    stage.refunds += sum(kind == "refund" for kind, _ in found)
    if sorted(found) != [("capture", PAID[name]), ("refund", refunded)]:
        stage.surprise(f"{order}: one capture and one refund", f"the ledger says {found}")
    return lines
