"""G9, I1: whatever payments share an order and however they are taken, and whoever asks for refunds (a dispute, a
decision, an appeal, a cancellation, a seller's goodwill), at no moment does a payment or a line give more than was
taken of it: so the refund service never has to refuse what the dispute service asks for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from dispute.domain.orders.payments.tenders import shares, taken_at_first, tenders
from refund.domain.decider import decider as refunds
from refund.domain.payments.allocation import allocated, left_of
from refund.domain.payments.state import Payment, evolve
from refund.policies import react
from shared.events.base import Event
from shared.events.dispute import RefundDue, RefundNoted, RefundOutcome
from shared.events.money import Money, minor_by_line
from shared.events.order import (
    OrderCaptured,
    OrderLine,
    OrderPaid,
    OrderPayment,
    OrderRegistered,
    PaymentReleased,
)
from shared.events.refund import PaymentCaptured, RefundRequested
from tests.laws.size import examples
from tests.support.builders.orders import ORDER_STREAM
from tests.support.dispute_service import Market
from tests.support.policies import recorded
from tests.support.random_payments import Shared

LIVES, STEPS = examples(60), 60
NOTHING_WENT = {RefundOutcome.REFUSED, RefundOutcome.ABANDONED}


def test_no_payment_and_no_line_gives_more_than_was_taken_of_it() -> None:
    seen: Counter[str] = Counter()
    for seed in range(LIVES):
        life = Shared(Random(seed))
        for _ in range(STEPS):
            seen.update(_after_one_step(life))
    assert {"agreement", "mediation", "cancellation", "goodwill", "captured later"} <= seen.keys()


def _after_one_step(life: Shared) -> Sequence[str]:
    before = len(life.market.streams[ORDER_STREAM])
    life.step()
    return _hold(life.market) if len(life.market.streams[ORDER_STREAM]) > before else ()


def _hold(market: Market) -> Sequence[str]:
    """The law, of what has happened so far."""
    payment = _captured(market)
    authorised = _authorised(market)
    for payment_id, captured in payment.captures.items():
        of_lines = minor_by_line(captured.lines)
        assert captured.amount.minor == of_lines.total()
        assert all(minor <= authorised[payment_id, line_id] for line_id, minor in of_lines.items())
    for due in _standing(market):
        assert allocated(payment, due.refund_id, due.lines), f"{due} is more than {payment.captures}"
        payment = _requested(payment, due)
    for captured in payment.captures.values():
        left = left_of(payment, captured)
        assert left.in_total >= 0 and min(left.of_line.values(), default=0) >= 0
    later = ["captured later"] if market.order.taken.later else []
    return [*(str(due.source.value) for due in market.events(RefundDue)), *later]


def _captured(market: Market) -> Payment:
    payment = Payment()
    for event in market.events(OrderPaid, OrderCaptured):
        for send in react(recorded(event, ORDER_STREAM)):
            for captured in refunds.decide(send.command, payment):
                assert isinstance(captured, PaymentCaptured)
                payment = evolve(payment, captured)
    return payment


def _authorised(market: Market) -> Counter[tuple[str, str]]:
    (registered,) = market.events(OrderRegistered)
    found: Counter[tuple[str, str]] = Counter()
    for payment_id, of_lines in shares(registered.payment, registered.lines).items():
        found.update({(payment_id, line_id): share.minor for line_id, share in of_lines.items()})
    return found


def _standing(market: Market) -> Sequence[RefundDue]:
    """What is asked for once, and neither refused nor given up."""
    last = {noted.refund_id: noted.outcome for noted in market.events(RefundNoted)}
    asked = {due.refund_id: due for due in market.events(RefundDue)}
    return [due for refund_id, due in asked.items() if last.get(refund_id) not in NOTHING_WENT]


def _requested(payment: Payment, due: RefundDue) -> Payment:
    (send,) = react(recorded(due, ORDER_STREAM))
    first, *more = [event for event in refunds.decide(send.command, payment) if isinstance(event, Event)]
    assert isinstance(first, RefundRequested), first
    for event in (first, *more):
        payment = evolve(payment, event)  # type: ignore[arg-type]
    return payment


def test_no_more_is_released_than_was_taken() -> None:
    for seed in range(LIVES):
        life = Shared(Random(seed))
        for _ in range(STEPS):
            life.step()
        taken, back = Counter[str](), life.market.reclaimed()
        for captured in _captured(life.market).captures.values():
            taken += minor_by_line(captured.lines)
        gone = life.market.refunded() + life.market.released()
        assert all(gone[line_id] <= taken[line_id] + back[line_id] for line_id in gone)
        assert all(event.amount.minor > 0 for event in life.market.events(PaymentReleased))


AMOUNTS = st.lists(st.integers(1, 50), min_size=1, max_size=4)


@given(AMOUNTS, st.data())
@settings(max_examples=examples(200))
def test_g9_the_shares_of_the_payments_sum_to_every_line_and_those_of_the_lines_to_every_payment(
    amounts: list[int], data: st.DataObject
) -> None:
    whole = sum(amounts)
    caps = Money(whole, "USD").split(data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=5)))
    plain = {"seller_id": "s", "sku": "", "category": "", "price": caps[0], "quantity": 1}
    lines = [OrderLine(line_id=f"l{n}", cap=cap, **plain) for n, cap in enumerate(caps)]
    taken = [data.draw(st.integers(0, minor)) for minor in amounts]
    parts = tuple(
        {"payment_id": f"p{n}", "method": "visa", "amount": Money(minor, "USD"), "captured": Money(taken[n], "USD")}
        for n, minor in enumerate(amounts)
    )
    payment = OrderPayment(payment_id="p0", method="visa", payee="escrow", amount=Money(whole, "USD"), parts=parts)
    found = shares(payment, lines)
    for line in lines:
        assert sum(of_lines[line.line_id].minor for of_lines in found.values()) == line.cap.minor
    for tender in tenders(payment):
        assert sum(share.minor for share in found[tender.payment_id].values()) == tender.amount.minor
    for part in taken_at_first(payment, lines):
        assert sum(line.amount.minor for line in part.lines) == part.amount.minor
        assert all(line.amount <= found[part.payment_id][line.line_id] for line in part.lines)
