"""I1: whatever is asked in whatever order, no more is paid back than was captured: of no payment, neither on a line nor
in total. What several payments give is one refund in parts (ADR 44).

The provider here does the worst that its port allows, so that nothing but this service's own decisions keeps the books
within the cap.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from refund.domain.deadlines import DeadlineKind
from refund.domain.decider import decider
from refund.domain.payments.refund import WITHOUT_DOUBT, WORST_FIRST, Part, Refund, RefundState
from refund.domain.payments.state import Payment
from refund.effects import ask, outcome, wanted
from refund.gateways.port import RefundCall, Unanswered
from shared.decider import Clear, Start
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.mediation.proposals import ProposalKind, ProposalMade
from shared.events.refund import (
    BuyerStandingNoted,
    Destination,
    PaymentCaptured,
    RefundApproved,
    RefundDestinationChosen,
    RefundDoubtEnded,
    RefundFailed,
    RefundIssued,
    RefundReRequested,
    RefundSentToManual,
)
from shared.rejections import Rejected
from tests.laws.size import examples
from tests.support.builders import refunds as p
from tests.support.toys import worst_provider
from tests.support.toys.worst_provider import WorstProvider

CAPS = st.fixed_dictionaries({"a": st.integers(1, 9), "b": st.integers(1, 9)})
PARTS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, 6), min_size=1)
REFUNDS = st.sampled_from(["rfd_9a30", "rfd_9a31", "rfd_9a32", "rfd_9a33"])
FAULTS = st.sampled_from(["none", "none", *worst_provider.FAULTS])
NUMBERS = st.integers(0, 1)
WISHES = st.sampled_from(
    [*(p.choose(to, actor) for to in Destination for actor in (p.BUYER, p.STRANGER)), p.stand("restricted")]
    + [p.stand("good", p.MONDAY + timedelta(days=1)), p.stand("good", None)]
)
ACTORS = st.sampled_from([p.BUYER, p.SELLER, p.SUPPORT, p.OTHER_SUPPORT, p.STRANGER])


class RefundsOfOneOrder(RuleBasedStateMachine):
    """I1, G9: the stream of an order's payments, its deadlines, the provider, and time."""

    @initialize(
        caps=CAPS,
        voucher=st.one_of(st.none(), CAPS),
        captured=st.sampled_from([True, True, True, False]),
        keeps_books=st.booleans(),
        wanted=st.lists(WISHES, max_size=3),
    )
    def begin(
        self, caps: dict[str, Any], voucher: dict[str, int] | None, captured: bool, keeps_books: bool, wanted: list[Any]
    ) -> None:
        self.now: datetime = p.MONDAY
        self.events: list[Event] = []
        self.due: dict[str, datetime] = {}
        self.attempt_began: dict[str, datetime] = {}
        self.provider = WorstProvider()
        self.provider.keeps_books = keeps_books
        if captured:
            self.decide(p.capture(at=self.now, **caps))
            if voucher:
                of_voucher: dict[str, Any] = {"payment_id": "voucher", **voucher}
                self.decide(p.capture(at=self.now, **of_voucher))
            for wish in wanted:
                self.decide(wish)
            # Something to pay from the beginning: most of the law is about that.
            self.request("rfd_9a30", {"a": min(2, caps["a"])})

    @property
    def payment(self) -> Payment:
        state: Payment = decider.fold("payment-o1", self.events)
        return state

    def decide(self, command: Any) -> None:
        try:
            decided = decider.decide(command, self.payment)
        except Rejected:
            return
        for event in decided:
            assert isinstance(event, Event)
            self.events.append(event)
            self.follow(event)
            if isinstance(event, ProposalMade) and event.kind == ProposalKind.MANUAL_PAYMENT:
                _, part = self.payment.part(event.part_id or event.refund_id or "")
                assert part
                self.provider.ledger.append((part.id, part.amount.minor))  # the money goes, then somebody says so

    def follow(self, event: Event) -> None:
        for wish in decider.deadlines("payment-o1", event):
            match wish:
                case Start(kind, due_at):
                    self.due |= {kind: due_at} if DeadlineKind.PAY.starts(kind) else {}
                    if not isinstance(event, DeadlineMoved):
                        self.attempt_began[kind] = self.now
                case Clear(kind):
                    self.due.pop(kind, None)

    @rule(refund_id=REFUNDS, parts=PARTS)
    def request(self, refund_id: str, parts: dict[str, int]) -> None:
        self.decide(p.request(refund_id, at=self.now, parts=parts))

    @rule(wish=WISHES)
    def choose_where_it_goes(self, wish: Any) -> None:
        """The buyer, or a stranger, chooses; the account is good or not."""
        self.decide(wish)

    @rule(payment_id=st.sampled_from(["o1", "voucher"]), capture_id=st.sampled_from(["c1", "c2", "c3"]), caps=CAPS)
    def take_more(self, payment_id: str, capture_id: str, caps: dict[str, int]) -> None:
        """Of what was authorised, at times told twice."""
        more: dict[str, Any] = {"payment_id": payment_id, **caps}
        self.decide(p.capture(at=self.now, **more).model_copy(update={"capture_id": capture_id}))

    def part(self, refund_id: str, number: int) -> Part | None:
        """One of the refund's parts."""
        refund = self.payment.refunds.get(refund_id)
        parts = list(refund.parts.values()) if refund else []
        return parts[number % len(parts)] if parts else None

    @rule(refund_id=REFUNDS, number=NUMBERS, actor=ACTORS, agrees=st.booleans())
    def retry(self, refund_id: str, number: int, actor: Any, agrees: bool) -> None:
        # Where the provider kept no books, who tries again what was in doubt has found out by other means: here nobody.
        refund, part = self.payment.refunds.get(refund_id), self.part(refund_id, number)
        if not refund or not part or not (self.provider.keeps_books or not any(self.doubts(refund))):
            return
        made = refund.proposal if agrees else None
        word = p.agree(actor, made, at=self.now) if made and made.kind == ProposalKind.RETRY else None
        self.decide(word or p.retry(actor, refund_id, at=self.now, part_id=part.id))

    @rule(refund_id=REFUNDS, number=NUMBERS, actor=ACTORS, token=st.sampled_from(["acct_1", "acct_2"]))
    def correct_the_account(self, refund_id: str, number: int, actor: Any, token: str) -> None:
        """Also of what people took over, where the provider's last no was about the account."""
        part = self.part(refund_id, number)
        name = part.id if part else None
        self.decide(p.correct(token, actor, refund_id, at=self.now, part_id=name))

    def doubts(self, refund: Refund) -> Sequence[int]:
        return [part.doubts for part in refund.parts.values()]

    @rule(refund_id=REFUNDS, number=NUMBERS, actor=ACTORS)
    def pay_by_hand(self, refund_id: str, number: int, actor: Any) -> None:
        """Who pays by hand has read the provider's books, and found nothing in them."""
        part = self.part(refund_id, number)
        if part and part.id not in dict(self.provider.ledger):
            self.decide(p.by_hand(actor, refund_id, at=self.now, part_id=part.id))

    @rule(refund_id=REFUNDS, number=NUMBERS, actor=ACTORS)
    def give_up(self, refund_id: str, number: int, actor: Any) -> None:
        """Also of what is in doubt, without a look at anybody's books."""
        part = self.part(refund_id, number)
        self.decide(p.abandon(actor, refund_id, at=self.now, part_id=part.id if part else None))

    @rule(refund_id=REFUNDS, number=NUMBERS)
    def give_up_in_doubt(self, refund_id: str, number: int) -> None:
        """Nobody knows for days whether it went, and two of support give it up."""
        part = self.part(refund_id, number)
        if part and part.pay_at:
            self.decide(p.doubt(part.failures, part.doubts, part.id, at=self.now))
            self.decide(p.abandon(p.SUPPORT, refund_id, at=self.now, part_id=part.id))
            if made := self.payment.refund(refund_id).proposal:
                self.decide(p.agree(p.OTHER_SUPPORT, made, at=self.now))

    @rule(refund_id=REFUNDS, number=NUMBERS, actor=ACTORS)
    def end_a_doubt(self, refund_id: str, number: int, actor: Any) -> None:
        """Who does so has read the provider's books."""
        if part := self.part(refund_id, number):
            went = part.id in dict(self.provider.ledger)
            self.decide(p.end_doubt(actor, refund_id, at=self.now, paid=went, part_id=part.id))

    @rule(refund_id=REFUNDS, actor=ACTORS, part=PARTS, all_of_it=st.booleans())
    def ask_again(self, refund_id: str, actor: Any, part: dict[str, int], all_of_it: bool) -> None:
        lines = tuple({"line_id": name, "amount": p.usd(minor)} for name, minor in part.items())
        self.decide(p.re_request(actor, refund_id, at=self.now, lines=None if all_of_it else lines))

    @rule(again=st.booleans())
    def hear_what_is_asked_again(self, again: bool) -> None:
        """Its dispute asks for it, sooner or later and at times twice."""
        for event in [event for event in self.events if isinstance(event, RefundReRequested)]:
            if again or event.replaced_by not in self.payment.refunds:
                asked = {"lines": event.lines, "amount": event.amount, "replaces": event.refund_id}
                self.decide(p.request(event.replaced_by, at=self.now, **asked))

    @rule(refund_id=REFUNDS, actor=ACTORS)
    def answer(self, refund_id: str, actor: Any) -> None:
        refund = self.payment.refunds.get(refund_id)
        if refund and refund.proposal and refund.proposal.kind != ProposalKind.RETRY:
            self.decide(p.agree(actor, refund.proposal, at=self.now))

    @rule(
        which=st.integers(0, 2),
        fault=FAULTS,
        hours=st.sampled_from([0, 0, 12, 23, 25]),
        times=st.sampled_from([1, 1, 6]),
        crash=st.sampled_from([False, False, True]),
    )
    def pay_what_is_due(self, which: int, fault: str, hours: int, times: int, crash: bool) -> None:
        """What the due loop does, sooner or later, again and again."""
        for _ in range(times if self.due else 0):
            self.now += timedelta(hours=hours)
            self.pay_once(sorted(self.due)[which % len(self.due)], fault, crash)
            if not self.due:
                return

    def pay_once(self, kind: str, fault: str, crash: bool) -> None:
        """One round of the due loop; a crash loses the answer before it is recorded."""
        self.now = max(self.now, self.due[kind])
        self.provider.fault, self.provider.now = fault, self.now
        call = wanted(self.payment, kind)
        assert call
        try:
            answer = asyncio.run(ask(self.provider, self.age, call))
        except Unanswered:
            return
        if not crash:
            self.decide(outcome(call, answer, self.now))

    async def age(self, call: RefundCall) -> timedelta:
        return self.now - self.attempt_began[DeadlineKind.PAY.of(call.refund_id)]

    @rule(refund_id=REFUNDS, number=NUMBERS, attempt=st.integers(0, 5))
    def hear_old_news(self, refund_id: str, number: int, attempt: int) -> None:
        """A second capture, the bank's word, and the refusal of an attempt that is over already."""
        self.decide(p.capture(at=self.now, a=7, b=7))
        if part := self.part(refund_id, number):
            self.decide(p.settle(part.id, at=self.now, attempt=part.failures))
            if attempt < part.failures:
                self.decide(p.decline(attempt, part.id, at=self.now))

    @invariant()
    def each_payment_gives_back_no_more_than_was_captured_in_total_and_of_each_line(self) -> None:
        parts = {part.id: part for part in self.payment.parts}
        paid = {part_id for part_id, _ in self.provider.ledger}
        reserved = {part.id for part in parts.values() if self.counts(part)}
        for payment_id, captured in self.captured().items():
            went = [minor for part_id, minor in self.provider.ledger if parts[part_id].payment_id == payment_id]
            assert sum(went) <= captured.total()
            given_back: Counter[str] = Counter()
            for part in (parts[part_id] for part_id in reserved | paid):
                if part.payment_id == payment_id:
                    given_back.update({line.line_id: line.amount.minor for line in part.lines})
            assert all(minor <= captured[line_id] for line_id, minor in given_back.items())

    @invariant()
    def money_goes_where_the_buyer_chose_before_as_long_as_the_conditions_hold(self) -> None:
        chosen, good, approved = Destination.ORIGINAL, True, False
        for event in self.events:
            match event:
                case RefundDestinationChosen():
                    assert not approved
                    chosen = Destination(event.destination)
                case BuyerStandingNoted():
                    good = event.status == "good"
                case RefundApproved():
                    approved = True
                    assert event.destination == (chosen if good else Destination.ORIGINAL)

    @invariant()
    def no_part_is_paid_twice(self) -> None:
        paid = Counter(part_id for part_id, _ in self.provider.ledger)
        assert not paid or max(paid.values()) == 1

    @invariant()
    def the_parts_of_a_refund_are_the_whole(self) -> None:
        for refund in self.payment.refunds.values():
            parts = refund.parts.values()
            assert not parts or sum(part.amount.minor for part in parts) == refund.request.amount.minor
            states = {part.state for part in parts}
            assert not states or refund.state is next(state for state in WORST_FIRST if state in states)

    @invariant()
    def what_is_recorded_as_issued_stands_in_the_ledger_with_its_amount(self) -> None:
        paid = dict(self.provider.ledger)
        for part in self.payment.parts:
            assert not part.issued_at or paid[part.id] == part.amount.minor

    @invariant()
    def what_is_given_up_stays_counted_only_where_its_money_may_have_gone(self) -> None:
        for part in self.payment.parts:
            assert part.reserves == self.counts(part)

    def counts(self, part: Part) -> bool:
        """Whether its money is owed, or went, or may have."""
        return part.state is not RefundState.ABANDONED or self.may_have_gone(part.id)

    def may_have_gone(self, part_id: str) -> bool:
        """In doubt since the provider's last no, or paid otherwise than was asked; until people know better."""
        open_doubt = otherwise = False
        for event in self.events:
            match event:
                case RefundFailed() if part_id == (event.part.part_id if event.part else event.refund_id):
                    open_doubt = False
                case RefundSentToManual() if part_id == (event.part.part_id if event.part else event.refund_id):
                    open_doubt = open_doubt or event.reason not in WITHOUT_DOUBT
                    otherwise = otherwise or event.provider_ref is not None and bool(event.differs)
                case RefundDoubtEnded() if part_id == (event.part.part_id if event.part else event.refund_id):
                    open_doubt = otherwise = False
        return open_doubt or otherwise

    @invariant()
    def a_refusal_is_asked_for_again_once(self) -> None:
        again = [event.refund_id for event in self.events if isinstance(event, RefundReRequested)]
        assert len(again) == len(set(again))

    @invariant()
    def a_refund_is_confirmed_once_with_what_went_by_then(self) -> None:
        confirmed = [event for event in self.events if isinstance(event, RefundIssued)]
        assert len(confirmed) == len({event.refund_id for event in confirmed})
        for event in confirmed:
            parts = sum(part.amount.minor for part in event.parts)
            assert not event.parts or parts == event.amount.minor
            assert all(part.has_ended for part in self.payment.refund(event.refund_id).parts.values())

    @invariant()
    def every_part_that_is_owed_has_a_next_step_or_people(self) -> None:
        for part in self.payment.parts:
            assert (part.pay_at is not None) == (DeadlineKind.PAY.of(part.id) in self.due)

    def captured(self) -> dict[str, Counter[str]]:
        captures: Sequence[PaymentCaptured] = [event for event in self.events if isinstance(event, PaymentCaptured)]
        assert len(captures) == len({(capture.payment_id, capture.capture_id) for capture in captures})
        found: dict[str, Counter[str]] = {capture.payment_id: Counter() for capture in captures}
        for capture in captures:
            found[capture.payment_id].update({line.line_id: line.amount.minor for line in capture.lines})
        return found


TestRefundsOfOneOrder = RefundsOfOneOrder.TestCase
TestRefundsOfOneOrder.settings = settings(max_examples=examples(100), stateful_step_count=30)
