"""Clawbacks, read by the audit itself: what a dispute or a seller's goodwill asks back, and what became of
it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ops.audit.entry import Data, Entry, exponent, instant, minor

State = dict[str, Any]


def fold(clawbacks: dict[str, State], entry: Entry) -> None:
    """The clawbacks of a dispute, each as its row shows it, after one more event."""
    if step := STEPS.get(entry.name):
        name = entry.data["clawback_id"]
        clawbacks[name] = {**clawbacks.get(name, {}), **step(entry)}


def _asked(entry: Entry) -> State:
    data = entry.data
    return {
        **{name: data[name] for name in ("clawback_id", "dispute_id", "order_id", "payment_id", "party") if data[name]},
        "state": "requested",
        "amount": minor(data["amount"]),
        "currency": data["amount"]["currency"],
        "exponent": exponent(data["amount"]),
        "asked_at": instant(entry.metadata["at"]),
        "ended_at": None,
        "reason_code": None,
    }


def _ended(state: str, member: str) -> Callable[[Entry], State]:
    def end(entry: Entry) -> State:
        return {
            "state": state,
            "ended_at": instant(entry.data[member]),
            "reason_code": entry.data["reason_code"],
        }

    return end


STEPS: Mapping[str, Callable[[Entry], State]] = {
    "ClawbackRequested": _asked,
    "ClawbackNotDue": lambda entry: {"state": "withdrawn", "ended_at": instant(entry.metadata["at"])},
    "ClawbackSettled": _ended("settled", "settled_at"),
    "ClawbackFailed": _ended("failed", "failed_at"),
}
"""By event: what it changes of the row."""


def _given(order: State, data: Data) -> None:
    """A seller is asked for what it gives of what it was paid: it is promised as long as that waits (K19)."""
    for part in data["lines"]:
        line = order["lines"][part["line_id"]]
        line["promised"][data["clawback_id"]] = minor(part["amount"])
        line["reclaimed"] += minor(part["amount"])


def _has_come(order: State, data: Data) -> None:
    """The refund of the same append promises it anew."""
    for part in data["lines"]:
        order["lines"][part["line_id"]]["promised"].pop(data["clawback_id"])


def _has_not_come(order: State, data: Data) -> None:
    _has_come(order, data)
    for part in data["lines"]:
        order["lines"][part["line_id"]]["reclaimed"] -= minor(part["amount"])


OF_AN_ORDER: Mapping[str, Callable[[State, Data], None]] = {
    "ClawbackRequested": _given,
    "ClawbackSettled": _has_come,
    "ClawbackFailed": _has_not_come,
}
"""By event: what it changes of the order whose seller gives."""
