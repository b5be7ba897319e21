"""What a party sees of a refund: the same renderer for a command's answer and for a query."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from refund.domain.parties import visible
from refund.domain.paying import guard_retry
from refund.domain.payment import Payment, Refund
from refund.domain.rejections import Forbidden, Rejected
from shared.events.base import Actor, wire_time
from shared.events.money import Money
from shared.events.refund import RefundRefused

Json = dict[str, Any]

CARDS = frozenset({"visa", "mastercard", "maestro"})
"""Payment methods that go back to a card; all others go back to an account (S63)."""

CARD_CHECKS = {
    "usd_account": "Was the card charged in US dollars, and can its account take them?",
    "local_currency": "Does the bank convert to the local currency, and at which rate does its statement show "
    "the amount?",
    "bank_settlement_time": "Is the bank's own settlement time over? It counts in business days.",
    "correspondent_bank": "Does a correspondent bank stand between, which takes time and perhaps a fee?",
}
ACCOUNT_CHECKS = {
    "refund_account_correct": "Is the account that the refund goes to the right one, and open?",
    "posting_time": "Is the bank's posting time over? It counts in business days.",
}


def refund_view(payment: Payment, refund_id: str, version: int, actor: Actor, now: datetime) -> Json:
    """The refund as the actor sees it now; NotFound for a stranger. `version` is the payment stream's."""
    refund = visible(payment, refund_id, actor)
    asked, issued = refund.asked, refund.issued
    return {
        "id": asked.refund_id,
        "order_id": asked.order_id,
        "dispute_id": asked.dispute_id,
        "payment_id": payment.capture.payment_id if payment.capture else None,
        "version": version,
        "state": refund.status,
        "reason": asked.reason if isinstance(asked, RefundRefused) else refund.reason,
        "amount": _money(asked.amount),
        "lines": [{"line_id": line.line_id, "amount": _money(line.amount)} for line in asked.lines],
        **_ground(refund),
        "provider_ref": issued.provider_ref if issued else None,
        "issued_at": wire_time(issued.issued_at) if issued else None,
        "expected_credit": _window(issued.expected_from, issued.expected_until) if issued else None,
        "settled_at": _time(refund.settled_at),
        "overdue": _overdue(issued.expected_until if issued else None, refund.settled_at, now),
        "failures": refund.failures,
        "retry_at": _time(refund.pay_at) if refund.failures else None,
        "checks": checks(payment),
        "rules": list(asked.rules),
        **actions(payment, refund_id, actor),
    }


def _ground(refund: Refund) -> Json:
    """Why and how it is paid; unknown of one that was refused."""
    if isinstance(refund.asked, RefundRefused):
        return {"source": None, "destination": None, "expected_business_days": None}
    return {
        "source": refund.asked.source,
        "destination": refund.destination,
        "expected_business_days": list(refund.asked.bank_window_bd),
    }


def checks(payment: Payment) -> list[Json]:
    """What the buyer looks at when the money does not show (S63)."""
    method = payment.capture.method if payment.capture else ""
    asked = CARD_CHECKS if method in CARDS else ACCOUNT_CHECKS
    return [{"code": code, "detail": detail, "rules": ["S63"]} for code, detail in asked.items()]


def actions(payment: Payment, refund_id: str, actor: Actor) -> Json:
    """What can be done with the refund, by the guard of the command itself; what is not the actor's at all is left
    out.
    """
    retry = {"rel": "retry", "method": "POST", "href": f"/v1/refunds/{refund_id}/retry"}
    try:
        guard_retry(payment, refund_id, actor)
    except Forbidden:
        return {"available_actions": [], "unavailable_actions": []}
    except Rejected as refusal:
        return {
            "available_actions": [],
            "unavailable_actions": [{**retry, "code": refusal.code, "rules": list(refusal.cited)}],
        }
    return {"available_actions": [{**retry, "due_at": None, "mandatory": False}], "unavailable_actions": []}


def refund_row(row: Mapping[str, Any], now: datetime) -> Json:
    """A row of the read model, as lists show it."""
    until = row["expected_until"]
    return {
        "id": row["refund_id"],
        "order_id": row["order_id"],
        "dispute_id": row["dispute_id"],
        "state": row["status"],
        "reason": row["reason"],
        "source": row["source"],
        "amount": _money(Money(row["amount"], row["currency"], row["exponent"])),
        "destination": row["destination"],
        "asked_at": wire_time(row["asked_at"]),
        "issued_at": _time(row["issued_at"]),
        "expected_credit": _window(row["expected_from"], until) if until else None,
        "settled_at": _time(row["settled_at"]),
        "overdue": _overdue(until, row["settled_at"], now),
        "failures": row["failures"],
        "retry_at": _time(row["retry_at"]),
        "href": f"/v1/refunds/{row['refund_id']}",
    }


def _window(earliest: datetime, latest: datetime) -> Json:
    """When the bank credits: from the end of the first business day that counts, before the end of the last (S58)."""
    return {"from": wire_time(earliest), "until": wire_time(latest)}


def _overdue(until: datetime | None, settled_at: datetime | None, now: datetime) -> bool:
    """S62: no failure, but time to look at the checks."""
    return until is not None and settled_at is None and now >= until


def _time(instant: datetime | None) -> str | None:
    return wire_time(instant) if instant else None


def _money(amount: Money) -> Json:
    return {"amount": amount.amount, "currency": amount.currency}
