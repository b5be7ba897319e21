"""Chargebacks, read by the audit itself: where each is, and whether its bank is still to be told of a refund."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ops.audit.entry import Data, Entry, exponent, instant, minor

State = dict[str, Any]


def fold(chargebacks: dict[str, State], entry: Entry) -> None:
    """The chargebacks of a payment, each as its row shows it, after one more event."""
    row = chargebacks.get(entry.data["chargeback_id"], {})
    chargebacks[entry.data["chargeback_id"]] = {**row, **STEPS[entry.name](entry.data)}


def _opened(data: Data) -> State:
    names = ("chargeback_id", "order_id", "payment_id", "buyer_id", "seller_id", "reason_code")
    return {
        **{name: data[name] for name in names},
        "state": "open",
        "amount": minor(data["amount"]),
        "currency": data["amount"]["currency"],
        "exponent": exponent(data["amount"]),
        "opened_at": instant(data["opened_at"]),
        "resolved_at": None,
        "representment": None,
    }


STEPS: Mapping[str, Callable[[Data], State]] = {
    "RefundsFrozen": _opened,
    "RepresentmentDue": lambda _: {"representment": "due"},
    "RepresentmentClosed": lambda data: {"representment": "due" if data["left"] else "closed"},
    "RefundsUnfrozen": lambda data: {"state": data["result"], "resolved_at": instant(data["resolved_at"])},
}
"""By event: what it changes of the row."""
