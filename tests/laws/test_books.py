"""Laws of the books: whatever happens to an order, its disputes and its payment, every entry balances, so the trial
balance closes behind every event, and nothing is paid of a line that is not held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

import pytest

from ops.audit.entry import Entry
from ops.books.accounts import HELD, Posting, postings
from ops.books.trial_balance import TrialBalance
from refund.domain.decider import decider as refund_decider
from refund.policies import react
from shared.events.base import Command, Event
from shared.events.dispute import RefundNoted, RefundOutcome
from shared.events.mediation import ClawbackNotDue, ClawbackRequested
from shared.events.mediation.clawbacks import ClawbackFailed
from shared.events.order import OrderPaid, PaymentReleased
from tests.laws.size import examples
from tests.support.audit import entry_of
from tests.support.builders import refunds as p
from tests.support.dispute_service import Market
from tests.support.policies import recorded
from tests.support.random_afterwards import Afterwards, CollectedByLaw, CollectedWords
from tests.support.random_gifts import Giving
from tests.support.random_law import Lawful
from tests.support.random_life import Life
from tests.support.random_words import Words

LIVES, STEPS = examples(30), 60


class BooksOfAMarket(Market):
    """A market whose every event is booked as it happens, and beside it what the refund service makes of it."""

    def __init__(self, market: Market) -> None:
        super().__init__(market.now)
        self.balance = TrialBalance()
        self.held: Counter[str | None] = Counter()
        self.entries = 0
        for stream, events in market.streams.items():
            for event in events:
                self._append(stream, event)

    def ask(self, command: Command) -> Sequence[Event]:
        """No line is short behind an append; within one, what is asked back is withdrawn before it is asked for
        anew.
        """
        happened = super().ask(command)
        assert min(self.held.values(), default=0) >= 0, (happened, self.held)
        return happened

    def _append(self, stream: str, event: Event) -> None:
        super()._append(stream, event)
        for happened in (event, *of_the_payment(stream, event)):
            self.entries += 1
            self._book(entry_of(happened, self.entries, stream, self.entries))

    def _book(self, entry: Entry) -> None:
        booked = list(postings(entry))
        for posting in booked:
            self.balance.add(posting)
        self.held.update(held(booked))
        assert Counter(sides(booked, "debit")) == Counter(sides(booked, "credit")), entry
        assert self.balance.open == {}, entry


def sides(booked: list[Posting], side: str) -> Counter[str]:
    """The sum of one side of an entry, by currency."""
    sums: Counter[str] = Counter()
    for posting in booked:
        sums[posting.currency] += posting.units if posting.side == side else 0
    return sums


def held(booked: list[Posting]) -> Counter[str | None]:
    """What comes to each line, or goes from it."""
    sums: Counter[str | None] = Counter()
    for posting in booked:
        sums[posting.line_id] += posting.credit - posting.debit if posting.account == HELD else 0
    return sums


def of_the_payment(stream: str, event: Event) -> Iterator[Event]:
    """What was paid is captured, and what is noted on the order as paid back was issued."""
    if isinstance(event, OrderPaid):
        for send in react(recorded(event, stream)):
            captured = refund_decider.decide(send.command, refund_decider.fold("payment-o1", ()))
            yield from (each for each in captured if isinstance(each, Event))
    if isinstance(event, RefundNoted) and event.outcome == RefundOutcome.ISSUED and stream.startswith("order-"):
        yield p.issued(refund_id=event.refund_id, lines=event.lines, amount=event.amount)


def left_by_the_events(market: Market) -> dict[str, int]:
    """Of each line in ten-thousandths: paid, less what was released and refunded, and with what is asked back."""
    left: Counter[str] = Counter()
    for paid in market.events(OrderPaid):
        left.update({line.line_id: line.amount.minor for payment in paid.payments for line in payment.lines})
    for asked in market.events(ClawbackRequested):
        left.update({line.line_id: line.amount.minor for line in asked.lines})
    not_given = [failed for failed in market.events(ClawbackFailed) if failed.dispute_id is None]
    for gone in (*market.events(ClawbackNotDue), *market.events(PaymentReleased), *not_given):
        left.subtract({line.line_id: line.amount.minor for line in gone.lines})
    left.subtract(market.refunded())
    return {line: 100 * minor for line, minor in left.items() if minor}


@pytest.mark.parametrize("kind", [Life, Words, Lawful, CollectedWords, CollectedByLaw, Giving])
def test_every_entry_balances_and_the_trial_balance_closes_behind_every_event(kind: type[Life]) -> None:
    debited: Counter[str] = Counter()
    for seed in range(LIVES):
        life = kind(Random(seed))
        life.market = market = BooksOfAMarket(life.market)
        for _ in range(STEPS):
            life.step()
        assert market.balance.currencies == ["USD"]
        assert {line: units for line, units in market.held.items() if units} == left_by_the_events(market)
        debited.update(account for (_, account), sum_ in market.balance.debits.items() if sum_)
    assert {"captured", HELD} <= debited.keys()
    assert kind is not Lawful or "asked_back" in debited
    assert not issubclass(kind, Afterwards) or debited.keys() & {"clawed_back", "lost"}
