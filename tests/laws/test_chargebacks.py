"""Promises 4 and 6: whatever comes in whatever order, refunds and what banks have paid stay within what was captured,
but for what crossed in flight; of each such crossing the bank is to be told once; nothing is sent while a chargeback is
open.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from refund.domain.payments.chargeback import first_open
from shared.events.outside.chargeback import RefundsFrozen, RefundsUnfrozen, RepresentmentClosed, RepresentmentDue
from tests.laws.size import examples
from tests.laws.test_refund_cap import FAULTS, REFUNDS, RefundsOfOneOrder
from tests.support.builders import chargebacks as b
from tests.support.builders import refunds as p

CHARGEBACKS = st.sampled_from(["cb1", "cb2"])
PAYMENTS = st.sampled_from(["o1", "o1", "voucher"])


class WithChargebacks(RefundsOfOneOrder):
    """The same order, whose buyer goes to the bank too."""

    @rule(chargeback_id=CHARGEBACKS, payment_id=PAYMENTS, minor=st.integers(1, 18))
    def open_chargeback(self, chargeback_id: str, payment_id: str, minor: int) -> None:
        self.decide(b.opens(chargeback_id, at=self.now, minor=minor, payment_id=payment_id))

    @rule(chargeback_id=CHARGEBACKS, result=st.sampled_from([b.PAID, b.NOT_PAID]), part=st.integers(0, 6))
    def decide_chargeback(self, chargeback_id: str, result: Any, part: int) -> None:
        self.decide(b.decides(result, chargeback_id, at=self.now, amount=p.usd(part) if part else None))

    @rule(chargeback_id=CHARGEBACKS)
    def tell_the_bank(self, chargeback_id: str) -> None:
        one = self.payment.chargebacks.get(chargeback_id)
        for due in one.due if one else ():
            self.decide(b.told(chargeback_id, at=self.now, representment_id=due.representment_id))

    @rule(refund_id=REFUNDS, fault=FAULTS)
    def pay_and_hear_nothing_before_the_bank_speaks(self, refund_id: str, fault: str) -> None:
        """The money goes, the answer is lost, and the chargeback comes before anybody has asked again."""
        kind = f"pay:{refund_id}"
        if kind in self.due:
            self.pay_once(kind, fault, crash=True)
            self.decide(b.opens(at=self.now, minor=3))

    def pay_once(self, kind: str, fault: str, crash: bool) -> None:
        """While a chargeback is open the provider's books stay as they are."""
        before, is_open = len(self.provider.ledger), first_open(self.payment.chargebacks)
        super().pay_once(kind, fault, crash)
        assert not is_open or len(self.provider.ledger) == before

    @invariant()
    def refunds_and_lost_chargebacks_are_within_what_was_captured_but_for_what_crossed(self) -> None:
        payment, crossed = self.payment, Counter[str]()
        for event in self.events:
            if isinstance(event, RepresentmentDue):
                crossed[event.payment_id] += event.amount.minor
        for name, captured in self.captured().items():
            lost = sum(one.taken for one in payment.chargebacks.values() if one.is_lost and one.payment_id == name)
            gone = sum(part.amount.minor for part in payment.parts if part.issued_at and part.payment_id == name)
            assert gone + lost <= captured.total() + crossed[name]

    @invariant()
    def the_bank_is_told_of_each_crossing_once_and_of_no_other(self) -> None:
        due = [event for event in self.events if isinstance(event, RepresentmentDue)]
        assert len(due) == len({(event.chargeback_id, event.part_id) for event in due})
        closed = [event.representment_id for event in self.events if isinstance(event, RepresentmentClosed)]
        assert len(closed) == len(set(closed)) and set(closed) <= {event.representment_id for event in due}
        issued = {part.id for part in self.payment.parts if part.issued_at}
        assert {event.part_id for event in due} <= issued

    @invariant()
    def a_chargeback_is_opened_and_decided_once_and_then_nothing_is_due_of_it(self) -> None:
        for kind in (RefundsFrozen, RefundsUnfrozen):
            names = [event.chargeback_id for event in self.events if isinstance(event, kind)]
            assert len(names) == len(set(names))
        for one in self.payment.chargebacks.values():
            assert one.is_open or not one.due or one.is_lost

    @invariant()
    def what_is_held_waits_for_an_open_chargeback(self) -> None:
        held = [part for part in self.payment.parts if part.held_by]
        assert not held or first_open(self.payment.chargebacks)


TestWithChargebacks = WithChargebacks.TestCase
TestWithChargebacks.settings = settings(max_examples=examples(50), stateful_step_count=30)
