"""Decline codes: why the payment provider refuses a refund for good; `faults/faults.py` makes it do so."""

from __future__ import annotations

DECLINES = {
    "payment_unknown": "nothing has been captured under this payment",
    "order_differs": "the payment belongs to another order",
    "currency_differs": "the payment was captured in another currency",
    "amount_exceeds_capture": "all refunds of the payment together would exceed what was captured",
    "account_invalid": "the buyer's account does not take the money",
    "declined": "the provider declines",
}
