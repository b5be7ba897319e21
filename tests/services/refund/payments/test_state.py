"""A payment's fold: where each refund is, and when the provider is to be asked for it."""

from datetime import timedelta

from refund.domain.decider import decider
from refund.domain.payments.refund import RefundState
from shared.decider import Start
from shared.events.deadlines import DeadlineMoved
from tests.support.builders import refunds as p
from tests.support.spec import given

MINUTE = timedelta(minutes=1)


def test_paying_is_due_from_approval_to_an_outcome() -> None:
    pay = ("payment-o1", "pay:rfd_9a31")
    approved = given(decider, p.captured()).when(p.request())
    assert approved.deadlines == {pay: p.MONDAY}
    assert approved.when(p.issue()).deadlines == {("payment-o1", "bank_settlement:rfd_9a31"): p.WINDOW_END}
    assert approved.when(p.decline(0)).deadlines == {pay: p.MONDAY + MINUTE}
    assert given(decider, *p.APPROVED, *(p.failed(n, p.MONDAY) for n in range(1, 6))).when(p.decline(5)).deadlines == {}


def test_the_fold_follows_a_refund_from_request_to_settlement() -> None:
    outcome = given(decider).when(p.capture()).when(p.request())
    states = [outcome.states[0].refunds["rfd_9a31"].state]
    for command in (p.decline(0), p.retry(p.BUYER), p.issue(attempt=1), p.settle(attempt=1)):
        outcome = outcome.when(command)
        states.append(outcome.states[0].refunds["rfd_9a31"].state)
    assert states == [
        RefundState.APPROVED,
        RefundState.FAILED,
        RefundState.APPROVED,
        RefundState.ISSUED,
        RefundState.SETTLED,
    ]


def test_an_evolve_never_fails_on_a_fragment_of_history() -> None:
    state = decider.fold("payment-o1", [p.approved(), p.failed(1, None), p.issued(), p.sent_to_manual(6)])
    assert state.refunds == {}


def test_a_payment_that_was_postponed_is_due_at_its_new_instant_and_one_that_nobody_wants_stays_so() -> None:
    pay, later = "pay:rfd_9a31", p.MONDAY + 2 * MINUTE
    moved = DeadlineMoved(kind=pay, previous_due_at=p.MONDAY, due_at=later, rules=("T35",))
    paid = [p.captured(), p.requested(), p.approved()]
    assert decider.fold("payment-o1", [*paid, moved]).due(pay) == later
    assert decider.fold("payment-o1", [*paid, p.issued(), moved]).due(pay) is None
    assert list(decider.deadlines("payment-o1", moved)) == [Start(pay, later)]
