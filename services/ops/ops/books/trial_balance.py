"""Trial balance: what stands on each account, by currency; it closes while both sides are equal in every currency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ops.audit.entry import SCALE, exponent
from ops.books.accounts import ACCOUNTS, Posting

Row = Mapping[str, str]


@dataclass(slots=True)
class TrialBalance:
    """Sums of whole numbers, by currency and account; `decimals` are those that a currency's amounts had."""

    debits: Counter[tuple[str, str]] = field(default_factory=Counter)
    credits: Counter[tuple[str, str]] = field(default_factory=Counter)
    decimals: dict[str, int] = field(default_factory=dict)

    def add(self, posting: Posting) -> None:
        """One more posting."""
        currency = posting.currency
        self.debits[currency, posting.account] += posting.debit
        self.credits[currency, posting.account] += posting.credit
        self.decimals[currency] = max(self.decimals.get(currency, 0), exponent(posting.amount))

    def balance(self, currency: str, account: str) -> int:
        """What stands on an account in ten-thousandths: credits less debits."""
        return self.credits[currency, account] - self.debits[currency, account]

    @property
    def currencies(self) -> list[str]:
        return sorted(self.decimals)

    @property
    def open(self) -> dict[str, int]:
        """By currency, by how much the debits exceed the credits, where they are not equal."""
        found = {currency: -sum(self.balance(currency, name) for name in ACCOUNTS) for currency in self.decimals}
        return {currency: difference for currency, difference in found.items() if difference}

    @property
    def rows(self) -> Iterator[Row]:
        """A row for each account of each currency, and one with the sums of the currency."""
        for currency in self.currencies:
            names = [name for name in ACCOUNTS if self.debits[currency, name] or self.credits[currency, name]]
            for name in names:
                yield self._row(currency, name, self.debits[currency, name], self.credits[currency, name])
            sums = [sum(side[currency, name] for name in names) for side in (self.debits, self.credits)]
            yield self._row(currency, "sum", *sums)

    def _row(self, currency: str, account: str, debit: int, credit: int) -> Row:
        shown = {"debit": debit, "credit": credit, "balance": credit - debit}
        return {"currency": currency, "account": account} | {
            name: in_decimals(counted, self.decimals[currency]) for name, counted in shown.items()
        }


def in_decimals(counted: int, decimals: int) -> str:
    """Ten-thousandths with so many decimals."""
    return f"{Decimal(counted).scaleb(-SCALE):.{decimals}f}"
