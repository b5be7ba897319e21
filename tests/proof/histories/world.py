"""World of a history: one order's money in the refund service's own code, over a log in memory, with a provider that
does the worst that its port allows, a topic that delivers as it likes, and two clocks; all of it follows from a seed.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal, NamedTuple

from refund import effects
from refund.domain.decider import decider
from refund.domain.payments.refund import Part, Refund
from refund.domain.payments.state import Payment
from refund.gateways.port import RefundCall
from refund.policies import react
from shared.deadlines.effect import Effect
from shared.events import codec
from shared.events.base import Command, Event, StreamName
from shared.events.dispute import RefundDue
from shared.events.envelope import Cause, Metadata, Recorded, Write
from shared.events.ids import derived_uuid
from shared.events.money import Money
from shared.events.order import LineAmount, OrderPaid, PaymentPart
from shared.events.refund import RefundApproved, RefundFailed, RefundRetried
from shared.eventstore.command_handling import handle
from shared.eventstore.memory import MemoryEventStore
from shared.rejections import Rejected
from shared.subscriptions.policy import Policy
from tests.support.builders import refunds as p
from tests.support.toys.worst_provider import WorstProvider

STREAM = StreamName("payment-o1", "o1")
CURRENCIES = (("USD", 2), ("JPY", 0), ("KWD", 3))
BEGINS = RefundApproved, RefundFailed, RefundRetried
"""What begins an attempt to pay."""

Place = Literal["before the append", "after the append"]


class Answered(NamedTuple):
    """What the provider has answered, to which call of which effect."""

    effect: Effect[Payment, Any, Any]
    asked: Any
    answer: Any

    def command(self, now: datetime) -> Command:
        """What records it."""
        return self.effect.outcome(self.asked, self.answer, now)


class Died(Exception):
    """The worker has ended, as a power cut ends it."""


class MortalStore(MemoryEventStore):
    """The log, whose next append the worker dies at where a place is named."""

    def __init__(self, world: World) -> None:
        super().__init__(decider.deadlines)
        self.dies: Place | None = None
        self.recorded_at: list[datetime] = []
        self._world = world

    async def append(self, writes: Sequence[Write], cause: Cause) -> int:
        if self.dies == "before the append":
            raise Died
        position = await super().append(writes, cause)
        self.recorded_at += [self._world.real] * (len(self.log) - len(self.recorded_at))
        if self.dies == "after the append":
            raise Died
        return position


class World:
    """Everything that a step may touch. `topic` is what the dispute service has said, `waiting` what of it nobody has
    acknowledged; `answers` are the provider's that are not recorded yet, `words` its messages under way, and
    `sent_back` the payments, by part and attempt, of which a bank has not told that it sent them back; `stays` are
    the keys of payments that a bank may send back no more.
    """

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.real, self.ahead = p.MONDAY, timedelta(0)
        self.currency = self.chance.choice(CURRENCIES)
        self.store = MortalStore(self)
        self.policy = Policy(react, self.store, decider)
        self.provider = WorstProvider()
        self.provider.keeps_books = self.chance.random() < 0.7
        self.effects = effects.effects_of(self.provider, self._age)
        self.topic: list[Recorded[Event]] = []
        self.waiting: set[int] = set()
        self.answers: list[Answered] = []
        self.words: list[tuple[str, str]] = []
        self.sent = 0
        self.sent_back: list[tuple[str, int]] = []
        self.stays: set[str] = set()
        self.payment = Payment()
        self.confirmed: set[tuple[str, str]] = set()
        self.did: Counter[str] = Counter()
        self._folded = self._commands = 0
        self.say(self._paid())

    @property
    def now(self) -> datetime:
        """The domain's clock, which may be ahead of the real one, or behind it."""
        return self.real + self.ahead

    @property
    def refunds(self) -> Sequence[Refund]:
        return list(self.payment.refunds.values())

    @property
    def parts(self) -> Sequence[Part]:
        return list(self.payment.parts)

    def say(self, event: Event) -> None:
        """The dispute service says it, and its topic will bring it, sooner or later."""
        n = len(self.topic)
        metadata = Metadata(self.now, derived_uuid("said", n), "", "makewhole", "story", None, None, "o1")
        self.waiting.add(n)
        self.topic.append(Recorded("order-o1", n + 1, n + 1, event, metadata))

    def claim(self, refund_id: str, minor: dict[str, int], **more: object) -> None:
        """The dispute service asks for a refund."""
        lines = self.lines(minor)
        asked = {"refund_id": refund_id, "lines": lines, "amount": self.money(sum(minor.values()))}
        self.say(RefundDue(**(p.DUE.model_dump() | asked | more)))

    def money(self, minor: int) -> Money:
        return Money(minor, *self.currency)

    def lines(self, minor: dict[str, int]) -> tuple[LineAmount, ...]:
        return tuple(LineAmount(line_id=line_id, amount=self.money(cents)) for line_id, cents in minor.items())

    async def carry_out(self, command: Command) -> bool:
        """Whether it was not refused; it is nobody's repeat."""
        self._commands += 1
        command = command.model_copy(update={"command_id": derived_uuid("history", self._commands)})
        try:
            await handle(self.store, decider, command, Cause.of(command))
        except Rejected:
            return False
        return True

    async def hear(self, command: Command) -> None:
        """What comes from outside under an id of its own, so that a repeat is one."""
        await handle(self.store, decider, command, Cause.of(command))

    @contextlib.asynccontextmanager
    async def worker(self, dies: Place | None = None) -> AsyncIterator[None]:
        """What the worker does, which may be its end: then it forgets what it has in hand, and begins again."""
        self.store.dies = dies
        try:
            yield
        except Died:
            self.answers.clear()
        finally:
            self.store.dies = None

    def unseen(self) -> Sequence[Event]:
        """The payment's events since this was asked last."""
        history = self.store.log[self._folded :]
        self._folded = len(self.store.log)
        return [recorded.event for recorded in history if recorded.stream == STREAM.name]

    async def digest(self) -> str:
        """Of the whole log and the provider's ledger: the same seed has the same."""
        trace = hashlib.sha256(repr(self.provider.ledger).encode())
        for recorded in self.store.log:
            name, data = codec.encode(recorded.event)
            trace.update(f"{recorded.position} {name} {recorded.metadata}".encode() + data)
        return trace.hexdigest()

    def _paid(self) -> OrderPaid:
        """One payment or two, of two lines."""
        payments = []
        for n in range(self.chance.choice((1, 1, 2))):
            minor = {line_id: self.chance.randint(1, 9) for line_id in ("a", "b")}
            amount, lines = self.money(sum(minor.values())), self.lines(minor)
            payments.append(PaymentPart(payment_id=f"pay{n + 1}", method="visa", amount=amount, lines=lines))
        return p.PAID.model_copy(update={"payments": tuple(payments)})

    async def _age(self, call: RefundCall) -> timedelta:
        """As `age_in_log` tells it, from when the log has recorded what it holds."""
        began = [
            recorded.position
            for recorded in self.store.log
            if isinstance(recorded.event, BEGINS) and _is_about(recorded.event, call.refund_id)
        ][-1]
        return self.real - min(self.store.recorded_at[began - 1 :])


def _is_about(event: Event, part_id: str) -> bool:
    step = getattr(event, "part", None)
    refund_id: str = getattr(event, "refund_id", "")
    return refund_id == part_id.partition(".")[0] and (step is None or step.part_id == part_id)
