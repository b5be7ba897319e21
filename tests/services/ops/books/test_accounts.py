"""Accounts and trial balance: each currency by itself, with its own decimals, exactly."""

from __future__ import annotations

from typing import Any

import pytest

from ops.books.accounts import ACCOUNTS, POSTINGS, postings
from ops.books.trial_balance import TrialBalance
from refund.domain.decider import decider
from shared.events.base import Event
from shared.events.money import Money
from shared.events.order import LineAmount
from shared.events.refund import Destination, RefundPaidTwice
from tests.support.audit import entry_of
from tests.support.builders import chargebacks as b
from tests.support.builders import refunds as p
from tests.support.spec import given


def balance_of(*events: Event) -> TrialBalance:
    balance = TrialBalance()
    for n, event in enumerate(events, 1):
        for posting in postings(entry_of(event, n, "payment-o1", n)):
            balance.add(posting)
    return balance


def captured(amount: Money) -> Event:
    return p.captured().model_copy(update={"amount": amount, "lines": (LineAmount(line_id="a", amount=amount),)})


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Money(999_999_999_999, "JPY", 0), "999999999999"),
        (Money(1, "USD", 2), "0.01"),
        (Money(1, "KWD", 3), "0.001"),
        (Money(1, "CLF", 4), "0.0001"),
        (Money(9_999_999_999_999_999, "CLF", 4), "999999999999.9999"),
    ],
)
def test_every_currency_has_its_own_decimals(amount: Money, shown: str) -> None:
    balance = balance_of(captured(amount))
    assert [(row["debit"], row["credit"]) for row in balance.rows if row["account"] == "sum"] == [(shown, shown)]


def test_currencies_are_not_added_and_sums_are_exact_however_large() -> None:
    events = [captured(Money(10**15 - 1, currency, 2)) for currency in ("USD", "EUR") for _ in range(1000)]
    balance = balance_of(*events)
    assert [row["currency"] for row in balance.rows if row["account"] == "sum"] == ["EUR", "USD"]
    assert balance.balance("USD", "held") == 1000 * (10**15 - 1) * 100
    assert balance.open == {}


def test_what_people_paid_stands_apart_from_what_the_provider_paid() -> None:
    balance = balance_of(p.captured(), p.issued(), p.issued(refund_id="rfd_9a32", manual=True))
    assert balance.balance("USD", "refunded") == balance.balance("USD", "refunded_by_hand") == 250_000
    assert balance.balance("USD", "held") == 500_000


def test_s60_t32a_a_bonus_that_comes_back_is_a_bonus_no_more() -> None:
    bonus: dict[str, Any] = {"destination": Destination.BONUS}
    balance = balance_of(p.captured(), p.issued(**bonus), p.sent_back(**bonus))
    assert {name: balance.balance("USD", name) for name in ("bonus", "refunded", "held")} == {
        "bonus": 0,
        "refunded": 0,
        "held": 1_000_000,
    }


def test_what_the_provider_paid_beside_people_is_a_difference_on_an_account_of_its_own() -> None:
    twice = RefundPaidTwice(
        **p.COMMON,
        payment_id="o1",
        lines=p.lines(a=2500),
        amount=p.usd(2500),
        provider_ref="psp-1",
        learnt_at=p.MONDAY,
        rules=("K1", "T31a"),
    )
    balance = balance_of(p.captured(), p.issued(manual=True), twice)
    assert (balance.balance("USD", "paid_twice"), balance.balance("USD", "refunded")) == (-250_000, 250_000)
    assert balance.open == {}


def test_an_event_whose_lines_are_not_its_amount_leaves_the_balance_open() -> None:
    assert balance_of(p.captured(), p.issued(amount=p.usd(2400))).open == {"USD": 10_000}


def test_every_account_is_described_and_nothing_is_booked_of_what_moves_no_money() -> None:
    assert {account for both in POSTINGS.values() for account in both} <= ACCOUNTS.keys()
    assert balance_of(p.requested(), p.approved(), p.failed(1, None), p.given_up()).currencies == []


def test_a_chargeback_is_contested_until_the_bank_has_decided_and_what_went_twice_is_a_loss() -> None:
    crossed = given(decider, *p.APPROVED, b.frozen()).when(p.issue())
    lost, won = (crossed.when(b.decides(result)) for result in (b.PAID, b.NOT_PAID))
    before, after_loss, after_win = (balance_of(*each.after["payment-o1"]) for each in (crossed, lost, won))
    assert (before.balance("USD", "contested"), before.balance("USD", "charged_back")) == (-1_000_000, 1_000_000)
    assert (after_win.balance("USD", "held"), after_win.balance("USD", "charged_back")) == (750_000, 0)
    assert {name: after_loss.balance("USD", name) for name in ("held", "contested", "charged_back", "paid_twice")} == {
        "held": 0,
        "contested": 0,
        "charged_back": 1_000_000,
        "paid_twice": -250_000,
    }
    assert before.open == after_loss.open == after_win.open == {}
