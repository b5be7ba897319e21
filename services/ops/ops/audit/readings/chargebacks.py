"""Chargebacks, read by the audit itself: where each is, and whether its bank is still to be told of a refund."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ops.audit.entry import Data, Entry, exponent, instant, minor
from ops.audit.readings.waiting import State, first


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


def _taken_back(dispute: State, data: Data) -> None:
    dispute["charged_back_by"] = [*dispute["charged_back_by"], data["chargeback_id"]]
    dispute["next_due_at"] = first(dispute)


def _decided(dispute: State, data: Data) -> None:
    """The deadlines that follow say until when."""
    left = [one for one in dispute["charged_back_by"] if one != data["chargeback_id"]]
    dispute["charged_back_by"] = left


OF_A_DISPUTE: Mapping[str, Callable[[State, Data], None]] = {
    "ExternalChargebackOpened": _taken_back,
    "ExternalChargebackResolved": _decided,
}
"""By event of a dispute: what it hears of a bank."""


def _order_hears(order: State, data: Data) -> None:
    order["chargebacks"].add(data["chargeback_id"])


def _order_goes_on(order: State, data: Data) -> None:
    order["chargebacks"].discard(data["chargeback_id"])
    for part in data["lines"]:
        order["lines"][part["line_id"]]["charged_back"] += minor(part["amount"])


OF_AN_ORDER: Mapping[str, Callable[[State, Data], None]] = {
    "ExternalChargebackOpened": _order_hears,
    "ExternalChargebackResolved": _order_goes_on,
}
"""By event of an order: the same, and what a bank has paid of its lines."""
