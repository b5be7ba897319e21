"""Checks: what the buyer looks at when the money does not show (S63)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from typing_extensions import TypedDict

from refund.domain.deadlines import way_of
from shared.events.refund import RefundWay

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


class RefundCheck(TypedDict):
    """What the buyer looks at when the money does not show (S63)."""

    code: str
    detail: str
    rules: Sequence[str]


def checks(methods: Iterable[str]) -> list[RefundCheck]:
    """What the buyer looks at, by how each payment was made that gives of it (S63)."""
    kinds = {way_of(method) is RefundWay.CARD for method in methods}
    codes = (CARD_CHECKS if True in kinds else {}) | (ACCOUNT_CHECKS if False in kinds else {})
    return [{"code": code, "detail": detail, "rules": ["S63"]} for code, detail in codes.items()]
