"""Accounts, and what each event of money books on them: the chart of the books.

Where the money came from is debited (captured, asked back, clawed back, lost, paid twice), where it is now is credited
(held, released, refunded). It knows no code of the services: the audit reads the books too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from ops.audit.entry import Data, Entry, exponent, units

Side = Literal["debit", "credit"]

HELD = "held"
ACCOUNTS: Mapping[str, str] = {
    "captured": "taken from buyers by the payment provider",
    "asked_back": "asked back of a seller or a buyer who was paid",
    "clawed_back": "come back of a seller or a buyer who was asked",
    "lost": "asked back, and lost by the platform",
    "paid_twice": "had by buyers twice: of the payment provider or of their bank, and by a refund before",
    HELD: "paid to nobody yet, line by line",
    "released": "paid to sellers",
    "refunded": "paid back to buyers by the payment provider",
    "bonus": "given back to buyers as a bonus balance",
    "charged_back": "taken back by buyers' banks, for good or until they have decided",
    "contested": "taken back by buyers' banks, which have not decided",
    "refunded_by_hand": "paid back to buyers through the bank, by people",
}
"""What stands on each account."""
POSTINGS: Mapping[str, tuple[str, str]] = {
    "PaymentCaptured": ("captured", HELD),
    "PaymentReleased": (HELD, "released"),
    "RefundPartIssued": (HELD, "refunded"),
    "RefundIssued": (HELD, "refunded"),
    "RefundReturnedByBank": ("refunded", HELD),
    "RefundPaidTwice": ("paid_twice", "refunded"),
    "RefundsFrozen": ("contested", "charged_back"),
    "RefundsUnfrozen": (HELD, "contested"),
    "ClawbackRequested": ("asked_back", HELD),
    "ClawbackNotDue": (HELD, "asked_back"),
    "ClawbackSettled": ("clawed_back", "asked_back"),
    "ClawbackFailed": ("lost", "asked_back"),
}
"""By event: the account that is debited, and the one that is credited; of other events nothing is booked."""
BY_HAND = (HELD, "refunded_by_hand")


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry, or a part of it: an amount on an account, of a line where the account is kept by line."""

    account: str
    side: Side
    amount: Data
    line_id: str | None = None

    @property
    def currency(self) -> str:
        return str(self.amount["currency"])

    @property
    def units(self) -> int:
        """The amount in ten-thousandths."""
        return units(self.amount)

    @property
    def debit(self) -> int:
        return self.units if self.side == "debit" else 0

    @property
    def credit(self) -> int:
        return self.units if self.side == "credit" else 0


def postings(entry: Entry) -> Iterator[Posting]:
    """What an event books: its whole amount on one side, and on the other its lines.

    An event whose lines are not its amount does not balance, and neither do books that hold it. A refund in parts was
    booked part by part.
    """
    if entry.name not in POSTINGS or entry.data.get("parts"):
        return
    if entry.name == "RefundsUnfrozen":
        yield from _decided(entry.data)
        return
    debited, credited = _accounts(entry)
    yield from _side("debit", debited, entry.data)
    yield from _side("credit", credited, entry.data)


def _accounts(entry: Entry) -> tuple[str, str]:
    """What was paid by hand went through the bank, whatever was chosen; a bonus is not the way of the payment. What a
    seller was to give and does not was paid to nobody, so that nobody has lost it.
    """
    if entry.name == "ClawbackFailed" and not entry.data["dispute_id"]:
        return HELD, "asked_back"
    if entry.data.get("manual"):
        return BY_HAND
    debited, credited = POSTINGS[entry.name]
    if entry.data.get("destination") != "bonus":
        return debited, credited
    return ("bonus", HELD) if credited == HELD else (debited, "bonus")


def _decided(data: Data) -> Iterator[Posting]:
    """What the bank had taken is the buyer's, out of what was held, or comes back; what was refunded before is lost."""
    yield Posting("contested", "credit", data["contested"])
    yield from _side("debit", HELD, data)
    yield Posting("paid_twice", "debit", data["twice"])
    yield Posting("charged_back", "debit", less(data["contested"], data["amount"]))


def _side(side: Side, account: str, data: Data) -> Iterator[Posting]:
    if account == HELD:
        yield from (Posting(account, side, line["amount"], line["line_id"]) for line in data["lines"])
    else:
        yield Posting(account, side, data["amount"])


def less(amount: Data, part: Data) -> Data:
    """An amount of money without a part of it."""
    left = Decimal(amount["amount"]) - Decimal(part["amount"])
    return {"amount": f"{left:.{exponent(amount)}f}", "currency": amount["currency"]}
