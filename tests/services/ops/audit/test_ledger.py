"""The provider's books: a refund goes under a key of its own, and not at all where people have paid it by hand or given
it up; what is given up is owed no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from ops.audit.facts import Facts, gathering
from ops.audit.ledger import captures_check, ledger_check
from ops.audit.money import money_check
from ops.audit.sagas import saga_check
from ops.books.accounts import postings
from refund.domain.decider import decider
from shared.events.base import Command, Event
from shared.events.mediation.proposals import ProposalMade
from shared.events.order import RefundNotDue
from shared.events.refund import RefundDoubtEnded
from tests.support.audit import entry_of, found
from tests.support.audit_services import movement
from tests.support.builders import refunds as p
from tests.support.spec import given


@pytest.mark.parametrize(
    ("key", "faults"),
    [
        ("rfd_1/0", 0),
        ("rfd_1/12", 0),
        (None, 0),
        ("rfd_2/0", 1),
        ("rfd_1", 1),
        ("rfd_1/0/0", 1),
        ("rfd_1/x", 1),
        ("rfd_1/", 1),
        ("", 1),
    ],
)
def test_a_movement_under_the_key_of_another_refund_is_a_fault(key: str | None, faults: int) -> None:
    """Given a refund in the provider's books, when its key is not made of its own id, then the audit says so; a report
    need not name keys.
    """
    with gathering() as facts:
        facts.move(movement("refund", "1.00", "rfd_1", idempotency_key=key))
        facts.move(movement("capture", "80.00", idempotency_key=key))
        facts.finish()
        assert found(ledger_check(facts, asked=True, at_rest=True)).get("other_key", 0) == faults


PAID = (p.captured(), p.requested(), p.approved(), p.failed(6, None), p.sent_to_manual(6))


@pytest.mark.parametrize(
    ("by_hand", "books", "faults"),
    [
        (True, [], {}),
        (False, [], {"missing": 1}),
        (False, ["25.00"], {}),
        (True, ["25.00"], {"twice": 1}),
        (True, ["80.00"], {"twice": 1, "different": 1, "over_cap": 1}),
    ],
)
def test_t31a_what_was_paid_by_hand_is_in_nobodys_books_here_or_was_paid_twice(
    by_hand: bool, books: list[str], faults: dict[str, int]
) -> None:
    """Given a refund of 25.00 out of 100.00 that was issued by hand or by the provider, when the provider's books hold
    it, then the audit finds what went twice, and what went above the payment.
    """
    with gathering() as facts:
        known(facts, *PAID, p.issued(manual=by_hand))
        facts.move(movement("capture", "100.00", order_id="o1", payment_id="o1"))
        for amount in books:
            facts.move(movement("refund", amount, "rfd_9a31", order_id="o1", payment_id="o1"))
        facts.finish()
        assert found(ledger_check(facts, asked=True, at_rest=True)) == faults


@pytest.mark.parametrize(("paid_at", "faults"), [(p.MONDAY, {}), (p.MONDAY - timedelta(seconds=1), {"too_early": 1})])
def test_t31a_what_was_paid_by_hand_before_it_was_asked_for_is_a_fault(
    paid_at: datetime, faults: dict[str, int]
) -> None:
    with gathering() as facts:
        known(facts, *PAID, p.issued(manual=True, issued_at=paid_at))
        facts.finish()
        assert found(ledger_check(facts, asked=False, at_rest=True)) == faults


@pytest.mark.parametrize("at_rest", [True, False])
def test_t31a_what_was_given_up_and_went_all_the_same_is_a_fault(at_rest: bool) -> None:
    """Given a refund that support gave up, when it stands in the provider's books, then no outcome is under way."""
    with gathering() as facts:
        known(facts, *PAID, p.given_up())
        facts.move(movement("capture", "100.00", order_id="o1", payment_id="o1"))
        facts.move(movement("refund", "25.00", "rfd_9a31", order_id="o1", payment_id="o1"))
        facts.finish()
        assert found(ledger_check(facts, asked=True, at_rest=at_rest)) == {"unasked": 1}


def in_parts(*commands: Command) -> Sequence[Event]:
    """40.00 of a line that a card paid 60.00 of and a voucher 20.00, and what became of them."""
    paid = given(decider, p.captured(payment_id="card"), p.captured("voucher", "voucher", a=2000))
    outcome = paid.when(p.request(payment_id="card", parts={"a": 4000}))
    for command in commands:
        outcome = outcome.when(command)
    return outcome.after["payment-o1"]


OF_CARD, OF_VOUCHER = ("card", "30.00", "rfd_9a31.1"), ("voucher", "10.00", "rfd_9a31.2")


@pytest.mark.parametrize(
    ("books", "faults"),
    [
        ([OF_CARD, OF_VOUCHER], {}),
        ([OF_CARD], {"missing": 1}),
        ([OF_CARD, OF_VOUCHER, OF_VOUCHER], {"twice": 1}),
        ([OF_CARD, ("voucher", "11.00", "rfd_9a31.2")], {"different": 1}),
        ([OF_CARD, ("card", "10.00", "rfd_9a31.2")], {"misdirected": 1}),
        ([("card", "40.00", "rfd_9a31")], {"missing": 2, "unasked": 1}),
    ],
)
def test_each_part_of_a_refund_stands_in_the_books_of_its_payment(
    books: Sequence[tuple[str, str, str]], faults: dict[str, int]
) -> None:
    with gathering() as facts:
        known(facts, *in_parts(p.issue("rfd_9a31.1"), p.issue("rfd_9a31.2")))
        for payment_id, amount in (("card", "100.00"), ("voucher", "20.00")):
            facts.move(movement("capture", amount, order_id="o1", payment_id=payment_id))
        for payment_id, amount, part_id in books:
            facts.move(movement("refund", amount, part_id, order_id="o1", payment_id=payment_id))
        facts.finish()
        assert found(ledger_check(facts, asked=True, at_rest=True)) == faults
        assert not {"over_payment", "unequal_sum"} & found(money_check(facts)).keys()
        assert "different" not in found(saga_check(facts))


def test_a_refund_in_parts_is_booked_part_by_part_and_once() -> None:
    events = in_parts(p.issue("rfd_9a31.1"), p.issue("rfd_9a31.2"))
    booked = [posting for n, event in enumerate(events, 1) for posting in postings(entry_of(event, n, "payment-o1", n))]
    assert [posting.units for posting in booked if posting.account == "refunded"] == [300_000, 100_000]


@pytest.mark.parametrize("told", [True, False])
def test_a_part_that_went_after_its_refund_was_confirmed_without_it_and_is_not_told_of_is_a_fault(told: bool) -> None:
    """Given up in doubt, it had gone: who followed the refund has counted without it."""
    made = in_parts(p.doubt(refund_id="rfd_9a31.1"), p.issue("rfd_9a31.2"), p.abandon())
    proposal = next(event for event in made if isinstance(event, ProposalMade))
    gone = given(decider, *made).when(p.agree(p.OTHER_SUPPORT, proposal))
    events = gone.when(p.issue("rfd_9a31.1")).after["payment-o1"]
    with gathering() as facts:
        known(facts, *(event for event in events if told or not isinstance(event, RefundDoubtEnded)))
        facts.finish()
        assert found(saga_check(facts)).get("different", 0) == (0 if told else 1)


def test_orders_that_one_payment_is_for_count_no_more_than_was_taken() -> None:
    with gathering() as facts:
        known(facts, p.captured(payment_id="both"))
        known(facts, p.captured(payment_id="both", a=2000).model_copy(update={"order_id": "o2"}))
        facts.move(movement("capture", "119.99", order_id="o1", payment_id="both"))
        facts.finish()
        assert found(captures_check(facts)) == {"captured": 1}


ALL_OF_A = {"refund_id": "rfd_9a32", "lines": p.lines(a=6000), "amount": p.usd(6000)}


@pytest.mark.parametrize(
    ("more", "faults"),
    [
        ((), {"over_payment": 1}),
        ((p.given_up(),), {}),
        ((p.given_up(), p.issued()), {"over_payment": 1}),
        ((p.given_up(in_doubt=p.lines(a=2500)),), {"over_payment": 1}),
        ((p.given_up(in_doubt=p.lines(a=2500)), p.found_unpaid()), {}),
    ],
)
def test_t31a_what_was_given_up_is_owed_no_more_unless_it_was_paid(
    more: tuple[Event, ...], faults: dict[str, int]
) -> None:
    """Given 25.00 and then 60.00 of a line of 60.00 were asked for, then that is too much but where the first was given
    up, and nobody doubts that it was not paid.
    """
    with gathering() as facts:
        known(facts, *PAID, p.requested(**ALL_OF_A), *more)
        facts.finish()
        assert {name: n for name, n in found(money_check(facts)).items() if name == "over_payment"} == faults


OTHER = {"lines": p.lines(a=2400), "amount": p.usd(2400)}


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ((*PAID, p.given_up(**OTHER)), "different"),
        ((*PAID, p.issued(), p.given_up()), "different"),
        ((p.captured(), p.refused(), p.given_up(**OTHER)), "different"),
        ((*PAID, p.given_up(), p.given_up()), "twice"),
        ((*PAID, p.given_up()), ""),
        ((p.captured(), p.refused(), p.given_up()), ""),
    ],
)
def test_t31a_what_is_given_up_is_what_was_asked_for_once_and_not_paid(events: tuple[Event, ...], fault: str) -> None:
    with gathering() as facts:
        known(facts, *events)
        facts.finish()
        faults = found(saga_check(facts))
        assert [name for name in ("different", "twice") if faults.get(name)] == ([fault] if fault else [])


NEW = {"refund_id": "rfd_9a33"}
AGAIN = (p.captured(), p.refused(), p.re_requested())
ASKED = p.DUE.model_copy(update=NEW | {"replaces": "rfd_9a31"})
WITHDRAWN = RefundNotDue(**NEW, order_id="o1", dispute_id="dsp_9a31", replaces="rfd_9a31", rules=("T30a",))
NOT_OWED = p.refused(**NEW, reason="not_due", replaces="rfd_9a31")


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ((*AGAIN, ASKED), {"unanswered": 1}),  # as long as the new refund is not requested
        ((*AGAIN, ASKED, p.requested(**NEW, payment_id="pay1"), p.approved(**NEW)), {}),
        ((*AGAIN, ASKED.model_copy(update=OTHER)), {"unanswered": 1, "different": 1}),
        ((*AGAIN,), {"unanswered": 1}),
        ((*AGAIN, WITHDRAWN), {"unanswered": 1}),
        ((*AGAIN, WITHDRAWN, NOT_OWED), {}),
        ((p.captured(), p.refused(), WITHDRAWN, NOT_OWED), {"unasked": 1}),
    ],
)
def test_t30a_what_is_asked_for_again_is_asked_for_or_withdrawn_and_then_refused(
    events: tuple[Event, ...], fault: dict[str, int]
) -> None:
    with gathering() as facts:
        known(facts, p.DUE, *events)
        facts.finish()
        faults = found(saga_check(facts))
        assert {name: faults[name] for name in ("unanswered", "unasked", "different") if faults.get(name)} == fault


def known(facts: Facts, *events: Event) -> None:
    """These have happened to the payment."""
    for n, event in enumerate(events, 1):
        facts.add("refund", entry_of(event, n, "payment-o1", n), settled=True)
