"""S61: whatever becomes of refunds, whole or in parts, and however often and in whatever order their events are heard,
each time that one is issued is confirmed to the buyer once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from refund.domain.decider import decider
from refund.domain.payments.refund import Part
from refund.domain.payments.state import Payment
from refund.policies import notify
from shared.events.base import Command, Event
from shared.events.envelope import Recorded
from shared.events.notification import NotificationRequested
from shared.events.refund import RefundConfirmed, RefundIssued
from shared.rejections import Rejected
from tests.laws.size import examples
from tests.support.builders import refunds as p
from tests.support.policies import recorded

PAYMENT, NAMES = "payment-o1", ("rfd_9a31", "rfd_9a32")


class Refunds:
    """The refunds of an order that two payments share, and what is told of them."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.streams: dict[str, list[Event]] = defaultdict(list)
        self.ask(p.capture(payment_id="card"))
        self.ask(p.capture(payment_id="voucher", a=2000))
        for name, line in zip(NAMES, "ab", strict=True):
            self.ask(p.request(name, payment_id="card", parts={line: 4000}))

    @property
    def payment(self) -> Payment:
        payment: Payment = decider.fold(PAYMENT, self.streams[PAYMENT])
        return payment

    def ask(self, command: Command) -> None:
        """What is decided is appended, stream by stream."""
        names = [stream.name for stream in command.streams]  # type: ignore[union-attr]
        try:
            decided = decider.decide(command, *(decider.fold(name, self.streams[name]) for name in names))
        except Rejected:
            return
        by_stream = decided if isinstance(decided, tuple) else (decided,)
        for name, events in zip(names, by_stream, strict=True):
            self.streams[name].extend(events)

    def step(self) -> None:
        """Something becomes of a part, or an event is heard, perhaps for the second time."""
        part = self.dice.choice(list(self.payment.parts))
        self.dice.choice([self.hear, self.answered, self.answered, self.at_the_bank, self.people])(part)

    def hear(self, _: Part) -> None:
        """Any event of the past."""
        self.tell(self.dice.randrange(len(self.streams[PAYMENT])))

    def tell(self, version: int) -> None:
        """The policy hears this event of the payment's stream."""
        known = recorded(self.streams[PAYMENT][version], PAYMENT)
        for send in notify(Recorded(PAYMENT, version, version + 1, known.event, known.metadata)):
            self.ask(send.command)

    def answered(self, part: Part) -> None:
        """The provider's word on the next try, or on an earlier one."""
        attempt = self.dice.choice([part.failures, max(0, part.failures - 1)])
        self.ask(p.issue(part.id, attempt) if self.dice.randrange(3) else p.decline(attempt, part.id))

    def at_the_bank(self, part: Part) -> None:
        """Its money is credited, or comes back and is asked for again."""
        if self.dice.randrange(2):
            self.ask(p.settle(part.id, attempt=part.failures))
        self.ask(p.send_back(part.id, attempt=part.failures))
        self.ask(p.retry(p.BUYER, self.refund_of(part), part_id=part.id))

    def people(self, part: Part) -> None:
        """Nobody knows whether it went; two of support pay it, try it again, give it up, or end the doubt."""
        self.ask(p.doubt(part.failures, part.doubts, part.id))
        said: dict[str, Any] = {"refund_id": self.refund_of(part), "part_id": part.id}
        words = (p.by_hand(**said), p.abandon(**said), p.end_doubt(paid=True, **said), p.retry(p.SUPPORT, **said))
        self.ask(self.dice.choice(words))
        if made := self.payment.refund(said["refund_id"]).proposal:
            self.ask(p.agree(p.OTHER_SUPPORT, made))

    def refund_of(self, part: Part) -> str:
        return part.id.partition(".")[0]


@settings(max_examples=examples(25))
@given(st.integers(0, 2**32), st.integers(1, 25))
def test_s61_each_time_that_a_refund_is_issued_is_confirmed_once(seed: int, steps: int) -> None:
    dice = Random(seed)
    life = Refunds(dice)
    for _ in range(steps):
        life.step()
    versions = range(len(life.streams[PAYMENT]))
    for version in dice.sample([*versions, *versions], k=2 * len(versions)):
        life.tell(version)
    happened = life.streams[PAYMENT]
    issued = Counter(f"{PAYMENT}/{n}" for n, event in enumerate(happened) if isinstance(event, RefundIssued))
    confirmed = [event for event in happened if isinstance(event, RefundConfirmed)]
    assert Counter(event.source_event for event in confirmed) == issued
    told = [event for events in life.streams.values() for event in events if isinstance(event, NotificationRequested)]
    assert {event.notification_id for event in confirmed} == {
        event.notification_id for event in told if event.kind == "refund_issued"
    }
    assert len({event.source_event for event in told}) == len(told)
