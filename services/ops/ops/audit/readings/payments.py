"""Payments and returns, read by the audit itself: where each refund is, and when the provider is to be asked for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from ops.audit.entry import Data, Entry, exponent, instant, minor
from ops.audit.readings import chargebacks

State = dict[str, Any]

COLUMNS = (
    *(
        "order_id",
        "dispute_id",
        "return_id",
        "goodwill_id",
        "replaces",
        "replaced_by",
        "seller_id",
        "state",
        "source",
        "amount",
        "currency",
        "exponent",
        "destination",
    ),
    *("requested_at", "issued_at", "expected_from", "expected_until", "settled_at", "returned_at"),
    *("failures", "retry_at", "reason", "provider_ref", "differs", "in_doubt", "paid_twice"),
)
SETTLEMENT = "bank_settlement"
PAID_WITHIN = timedelta(hours=25)
"""After this a refund that is to be paid was issued, failed, or is with people: a provider's key lives for a day."""


def beginning() -> State:
    """A payment of which nothing is known."""
    return {"payment": None, "refunds": {}, "chargebacks": {}}


def fold(payment: State, entry: Entry) -> None:
    """The payment after one more event."""
    name, data = entry.name, entry.data
    if name == "PaymentCaptured":
        payment["payment"] = {key: data[key] for key in ("payment_id", "buyer_id", "seller_id", "method")}
    elif name == "DeadlineMoved":
        _moved(payment["refunds"], data)
    elif begin := BEGINNINGS.get(name):
        payment["refunds"][data["refund_id"]] = _begun(data, begin(data))
    elif name in chargebacks.STEPS:
        chargebacks.fold(payment["chargebacks"], entry)
    elif step := STEPS.get(name):
        _step(payment["refunds"][data["refund_id"]], data, step(data))


def wanted(payment: State) -> dict[str, datetime]:
    """The instants at which the provider is to be asked, by kind of deadline."""
    refunds = payment["refunds"]
    parts = [part for refund in refunds.values() for part in refund["parts"].items()]
    paying = {f"pay:{part_id}": pay_at for part_id, pay_at in parts if pay_at}
    awaited = {f"{SETTLEMENT}:{name}": refund["settle_by"] for name, refund in refunds.items() if refund["settle_by"]}
    return {**paying, **awaited}


def refund_row(payment: State, refund_id: str) -> State | None:
    """The refund's row in `refunds`."""
    refund = payment["refunds"].get(refund_id)
    return {name: refund[name] for name in COLUMNS} if refund else None


def payment_row(payment: State) -> State | None:
    """The payment's row in `payments`."""
    return payment["payment"] and dict(payment["payment"])


def owed(payment: State, now: datetime) -> Iterator[str]:
    """Refunds that were neither approved nor refused, or are to be paid for too long."""
    for refund_id, refund in payment["refunds"].items():
        if refund["state"] == "requested":
            yield f"{refund_id} was requested, and neither approved nor refused"
        for part_id, pay_at in refund["parts"].items():
            if pay_at and pay_at + PAID_WITHIN < now:
                yield f"{part_id} is to be paid since {pay_at.isoformat()}"


def _begun(data: Data, more: State) -> State:
    return {
        **dict.fromkeys(COLUMNS),
        "order_id": data["order_id"],
        "dispute_id": data["dispute_id"],
        "return_id": data.get("return_id"),
        "goodwill_id": data.get("goodwill_id"),
        "replaces": data.get("replaces"),
        "amount": minor(data["amount"]),
        "currency": data["amount"]["currency"],
        "exponent": exponent(data["amount"]),
        "requested_at": instant(data["requested_at"]),
        "failures": 0,
        "differs": [],
        "in_doubt": 0,
        "paid_twice": False,
        "settle_by": None,
        "parts": dict.fromkeys(part["part_id"] for part in data.get("parts") or [{"part_id": data["refund_id"]}]),
        **more,
    }


def _step(refund: State, data: Data, changes: State) -> None:
    """The refund, and of its parts that which the event is about: of one payment that is the refund itself."""
    step = data.get("part")
    named = [step["part_id"]] if step else data.get("part_ids") or [data["refund_id"]]
    if "pay_at" in changes:
        refund["parts"] |= {name: changes["pay_at"] for name in named if name in refund["parts"]}
    refund["in_doubt"] -= changes.get("known", 0)
    refund.update({name: value for name, value in changes.items() if name not in ("pay_at", "known")})
    if step:
        refund |= {"state": step["refund_state"], "retry_at": instant(step.get("retry_at"))}


def _issued(data: Data) -> State:
    instants = {name: instant(data[name]) for name in ("issued_at", "expected_from", "expected_until")}
    said = {"provider_ref": data["provider_ref"], "differs": [], "settle_by": instants["expected_until"]}
    said |= {"amount": minor(data["amount"]), "in_doubt": _doubt(data)}
    return {"state": "issued", "pay_at": None, "retry_at": None, **instants, **said}


def _doubt(data: Data) -> int:
    return sum(minor(part["amount"]) for part in data.get("in_doubt") or ())


def _failed(data: Data) -> State:
    retry_at = instant(data["retry_at"])
    failure = {"failures": data["failures"], "reason": data["reason"], "provider_ref": None, "differs": []}
    return {"state": "failed", "pay_at": retry_at, "retry_at": retry_at, **failure}


def _sent_to_manual(data: Data) -> State:
    said = {"reason": data["reason"], "provider_ref": data.get("provider_ref"), "differs": data.get("differs") or []}
    doubt = {} if data["reason"] == "retries_used_up" else said
    return {"state": "manual", "pay_at": None, "retry_at": None, **doubt}


def _settled(data: Data) -> State:
    step = data.get("part")
    is_whole = step is None or step["refund_state"] == "settled"
    return {"state": "settled", "settled_at": instant(data["settled_at"]), "settle_by": None} if is_whole else {}


def _returned(data: Data) -> State:
    gone = dict.fromkeys(("issued_at", "expected_from", "expected_until", "settled_at", "settle_by"))
    said = {"failures": data["failures"], "reason": data["reason"], "returned_at": instant(data["returned_at"])}
    return {"state": "returned_by_bank", "provider_ref": None, "differs": [], "in_doubt": 0, **gone, **said}


def _moved(refunds: State, data: Data) -> None:
    kind, _, part_id = data["kind"].partition(":")
    if kind == SETTLEMENT:
        refunds[part_id]["settle_by"] = instant(data["due_at"])
        return
    for refund in refunds.values():
        if refund["parts"].get(part_id):
            refund["parts"][part_id] = instant(data["due_at"])


BEGINNINGS: Mapping[str, Callable[[Data], State]] = {
    "RefundRequested": lambda data: {
        "state": "requested",
        "source": data["source"],
        "seller_id": data.get("seller_id"),
    },
    "RefundRefused": lambda data: {
        "state": "refused",
        "reason": data["reason"],
        "seller_id": data.get("seller_id"),
    },
}
STEPS: Mapping[str, Callable[[Data], State]] = {
    "RefundApproved": lambda data: {
        "state": "approved",
        "destination": data["destination"],
        "pay_at": instant(data["pay_at"]),
    },
    "RefundPartIssued": lambda _: {"pay_at": None},
    "RefundPartAbandoned": lambda _: {"pay_at": None},
    "RefundPaidTwice": lambda _: {"paid_twice": True},
    "RefundIssued": _issued,
    "RefundFailed": _failed,
    "RefundHeld": lambda _: {"pay_at": None},
    "RefundRetried": lambda data: {"state": "approved", "pay_at": instant(data["pay_at"]), "retry_at": None},
    "RefundSentToManual": _sent_to_manual,
    "RefundAbandoned": lambda data: {"state": "abandoned", "pay_at": None, "retry_at": None, "in_doubt": _doubt(data)},
    "RefundDoubtEnded": lambda data: {"known": minor(data["amount"])},
    "RefundReRequested": lambda data: {"replaced_by": data["replaced_by"]},
    "RefundSettled": _settled,
    "RefundSettlementOverdue": lambda _: {"settle_by": None},
    "RefundReturnedByBank": _returned,
}
