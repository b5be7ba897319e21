"""The end of the protection and what the seller is paid (P, R, S24, S45, T39, K2)."""

from __future__ import annotations

from typing import Any

from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.rejections import ProtectionAlreadyExpired
from shared.events.dispute import Decision, RefundNoted, RefundOutcome
from shared.events.ids import derived_uuid
from shared.events.order import (
    HoldEnd,
    LineAmount,
    OrderCompleted,
    PaymentHeld,
    PaymentHoldLifted,
    PaymentReleased,
    ProtectionExpired,
)
from tests.support.builders.disputes import (
    agreed,
    cancel,
    dispute_id,
    note_refund,
    open_dispute,
    opened,
    refund_due,
    respond,
)
from tests.support.builders.orders import (
    ORDER,
    ORDER_STREAM,
    Histories,
    after,
    expire_order,
    on,
    order,
    order_line,
    order_of,
    payment_released,
    record,
    refunded,
    register,
    terms,
    usd,
)
from tests.support.spec import Outcome, given

P, R = on("Apr 5", "00:00"), on("Apr 5", "01:00")
"""Of an order that was finished on 20 March."""
FINISHED = order(shipped="Mar 1", finished="Mar 20")
EXPIRED = after(FINISHED, expire_order("protection_end", P))
TWO = order(order_line("l1", "30.00"), order_line("l2", "20.00"), shipped="Mar 1", finished="Mar 20")
FIRST, SECOND = (RequestedLine(line_id="l1", quantity=1),), (RequestedLine(line_id="l2", quantity=1),)


def disputed(happened: Histories, *lines: RequestedLine, amount: str, n: int = 1) -> Histories:
    return after(happened, open_dispute(on("Apr 3"), n=n, amount=amount, lines=lines, reason="late"))


def refund_all(happened: Histories, at: str, n: int = 1) -> Outcome:
    """The seller of the `n`th dispute accepts on 4 April, and the money is paid at noon of the day."""
    accepted = after(happened, respond(Decision.ACCEPT, on("Apr 4"), n=n))
    return given(decider, accepted).when(note_refund(refund_due(accepted, n), on(at)))


def parts(**amounts: str) -> tuple[LineAmount, ...]:
    return tuple(LineAmount(line_id=name, amount=usd(amount)) for name, amount in amounts.items())


# P and R


def test_s24_p_at_the_protections_end_it_expires_and_the_release_is_due_an_hour_later() -> None:
    outcome = given(decider, FINISHED).when(expire_order("protection_end", P))
    outcome.then(ProtectionExpired(order_id=ORDER, due_at=P, release_at=R, rules=("S24", "S22")))
    assert outcome.deadlines == {(ORDER_STREAM, "release"): R}


def test_s24_r_without_a_dispute_the_seller_is_paid_and_the_order_completed() -> None:
    outcome = given(decider, EXPIRED).when(expire_order("release", R))
    outcome.then(
        PaymentReleased(order_id=ORDER, lines=parts(l1="50.00"), amount=usd("50.00"), dispute_id=None, rules=("S24",)),
        OrderCompleted(order_id=ORDER, rules=("S24", "S26")),
    )
    assert outcome.deadlines == {}


def test_s24_neither_fires_early() -> None:
    given(decider, FINISHED).when(expire_order("protection_end", P, at=on("Apr 4", "23:59"))).then_nothing()
    given(decider, EXPIRED).when(expire_order("release", R, at=on("Apr 5", "00:59"))).then_nothing()


def test_s24_the_release_never_comes_before_the_expiry() -> None:
    given(decider, FINISHED).when(expire_order("release", R, at=on("Apr 30"))).then_nothing()
    given(decider, FINISHED).when(expire_order("release", P, at=on("Apr 30"))).then_nothing()


def test_no_other_kind_fires_on_an_order() -> None:
    for kind in ("seller_response", "negotiation", "pay:rfd_9a31", ""):
        given(decider, FINISHED).when(expire_order(kind, P)).then_nothing()


def test_s24_a_timer_asked_twice_decides_once() -> None:
    given(decider, FINISHED).when(expire_order("protection_end", P)).when(
        expire_order("protection_end", P)
    ).then_nothing()
    given(decider, EXPIRED).when(expire_order("release", R)).when(expire_order("release", R)).then_nothing()


def test_s24_the_delay_is_the_programmes() -> None:
    slow = order(finished="Mar 20", terms=terms(release_delay_hours=48))
    (expired,) = given(decider, slow).when(expire_order("protection_end", P)).events
    assert expired.release_at == on("Apr 7", "00:00")


def test_k2_between_expiry_and_release_no_dispute_can_be_opened() -> None:
    given(decider, EXPIRED).when(open_dispute(on("Apr 5", "00:30"), reason="late")).then_rejects(
        ProtectionAlreadyExpired
    )


# With a dispute on the line


def test_s24_p_an_open_dispute_does_not_stop_the_expiry_and_r_releases_only_the_other_lines() -> None:
    held = after(disputed(TWO, *FIRST, amount="30.00"), expire_order("protection_end", P))
    outcome = given(decider, held).when(expire_order("release", R))
    outcome.then(
        PaymentReleased(order_id=ORDER, lines=parts(l2="20.00"), amount=usd("20.00"), dispute_id=None, rules=("S24",))
    )
    assert (ORDER_STREAM, "release") not in outcome.deadlines
    assert order_of(dict(outcome.after)).due("release") is None


def test_s24_r_with_every_line_in_dispute_nothing_is_released() -> None:
    held = after(disputed(TWO, *FIRST, *SECOND, amount="50.00"), expire_order("protection_end", P))
    given(decider, held).when(expire_order("release", R)).then_nothing()


def test_s24_what_something_else_than_a_dispute_holds_is_not_released_whatever_ends_beside_it() -> None:
    """Also by a version that does not know why it is held."""
    strange = PaymentHeld.model_validate(
        {"order_id": ORDER, "hold": "audit", "dispute_id": None, "lines": [_all_of("l1"), _all_of("l2")], "held_at": P}
    )
    held = disputed(TWO, *FIRST, amount="10.00")
    held = {**held, ORDER_STREAM: [*held[ORDER_STREAM], strange]}
    given(decider, held).when(expire_order("release", R)).then_nothing()
    ended = refund_all(held, "Apr 6")
    assert [type(event) for event in ended.by_stream[ORDER_STREAM]] == [RefundNoted, PaymentHoldLifted]
    lines = order_of(dict(ended.after)).lines
    assert all(line.holds == {"audit"} and line.held and not line.done for line in lines.values())
    lifted = PaymentHoldLifted(
        order_id=ORDER, hold=strange.hold, dispute_id=None, lines=("l1",), because=HoldEnd.CLOSED
    )
    after_it = {**ended.after, ORDER_STREAM: [*ended.after[ORDER_STREAM], lifted]}
    assert [line.line_id for line in order_of(after_it).releasable] == ["l1"]


def _all_of(line_id: str) -> dict[str, Any]:
    return {"line_id": line_id, "quantity": 1, "cap": {"amount": "20.00", "currency": "USD"}}


def test_t39_a_dispute_that_ends_before_r_leaves_r_standing_for_the_other_lines() -> None:
    held = after(disputed(TWO, *FIRST, amount="30.00"), expire_order("protection_end", P))
    outcome = given(decider, held).when(cancel(on("Apr 5", "00:30"), acknowledge_release=True))
    assert outcome.deadlines == {(ORDER_STREAM, "release"): R}
    outcome.when(expire_order("release", R)).then_types(PaymentReleased, OrderCompleted)


def test_t39_s45_after_the_protection_the_rest_is_released_when_the_dispute_ends() -> None:
    outcome = refund_all(disputed(TWO, *FIRST, amount="10.00"), "Apr 6")
    noted, released = outcome.by_stream[ORDER_STREAM]
    assert isinstance(noted, RefundNoted)
    assert released == PaymentReleased(
        order_id=ORDER,
        lines=parts(l1="20.00"),
        amount=usd("20.00"),
        dispute_id=dispute_id(),
        because=HoldEnd.AGREED,
        rules=("S45",),
    )


def test_t39_a_note_that_comes_after_r_with_its_old_instant_releases_the_rest_all_the_same() -> None:
    held = after(disputed(FINISHED, *FIRST, amount="10.00"), expire_order("protection_end", P))
    given(decider, held).when(expire_order("release", R)).then_nothing()
    late = refund_all(held, "Apr 4")
    assert [type(event) for event in late.by_stream[ORDER_STREAM]] == [RefundNoted, PaymentReleased, OrderCompleted]


def test_t39_what_was_paid_is_noted_once_under_whatever_event() -> None:
    noted = refund_all(disputed(TWO, *FIRST, amount="10.00"), "Apr 4").after
    again = note_refund(refund_due(noted), on("Apr 4")).model_copy(
        update={"command_id": derived_uuid("another event"), "source_event": "payment-o/9"}
    )
    given(decider, noted).when(again).then_nothing()


def test_t39_while_protected_the_hold_is_lifted_and_nothing_released() -> None:
    outcome = refund_all(disputed(TWO, *FIRST, amount="10.00"), "Apr 4")
    assert [type(event) for event in outcome.by_stream[ORDER_STREAM]] == [RefundNoted, PaymentHoldLifted]
    assert (ORDER_STREAM, "protection_end") in outcome.deadlines


def test_s45_t39_the_rest_of_an_agreed_line_is_released_at_r() -> None:
    settled = refund_all(disputed(FINISHED, *FIRST, amount="10.00"), "Apr 4").after
    expired = after(settled, expire_order("protection_end", P))
    released, completed = given(decider, expired).when(expire_order("release", R)).events
    assert (released.lines, type(completed)) == (parts(l1="40.00"), OrderCompleted)


def test_t39_an_empty_remainder_releases_nothing_and_the_last_line_completes_the_order() -> None:
    for at in ("Apr 4", "Apr 6"):
        outcome = refund_all(disputed(FINISHED, *FIRST, amount="50.00"), at)
        assert [type(event) for event in outcome.by_stream[ORDER_STREAM]] == [
            RefundNoted,
            PaymentHoldLifted,
            OrderCompleted,
        ]
        assert outcome.deadlines == {}


def test_t39_lines_with_something_left_are_released_and_those_without_are_lifted() -> None:
    """Each line either goes on being protected or is paid out, never both."""
    both = disputed(TWO, *FIRST, *SECOND, amount="50.00")
    both[ORDER_STREAM].append(refunded("30.00"))
    outcome = given(decider, both).when(cancel(on("Apr 6"), acknowledge_release=True))
    lifted, released, completed = outcome.by_stream[ORDER_STREAM]
    assert (lifted.lines, released.lines, type(completed)) == (("l1",), parts(l2="20.00"), OrderCompleted)


def test_s26_the_order_is_completed_with_its_last_line() -> None:
    one = refund_all(disputed(TWO, *FIRST, amount="30.00"), "Apr 4").after
    assert not order_of(dict(one)).completed
    outcome = refund_all(
        after(one, open_dispute(on("Apr 3"), n=2, amount="20.00", lines=SECOND, reason="late")), "Apr 4", n=2
    )
    assert type(outcome.by_stream[ORDER_STREAM][-1]) is OrderCompleted


def test_t30a_a_refund_that_did_not_happen_leaves_the_hold() -> None:
    due = refund_due(agreed())
    for outcome in (RefundOutcome.FAILED, RefundOutcome.SENT_TO_MANUAL, RefundOutcome.REFUSED):
        happened = after(agreed(), note_refund(due, on("Mar 14"), outcome))
        assert order_of(happened).lines["l1"].held_by == dispute_id()


def test_s24_facts_after_the_end_start_no_deadline() -> None:
    """Else a timer would ask again and again about an order that is over."""
    released = after(EXPIRED, expire_order("release", R))
    cancelled = after({}, register(promised_by=on("Mar 10").date()), record("cancelled", on("Mar 2")))
    fully_refunded = refund_all(
        disputed(order(shipped="Mar 1", delivered="Mar 20"), *FIRST, amount="50.00"), "Apr 4"
    ).after
    for happened in (
        released,
        cancelled,
        dict(fully_refunded),
        {ORDER_STREAM: [*EXPIRED[ORDER_STREAM], payment_released()]},
    ):
        for fact in ("shipped", "delivered", "finished", "delivery_corrected"):
            outcome = given(decider, happened).when(record(fact, on("Apr 7")))
            assert outcome.deadlines == {}, fact


def test_s48_the_line_of_a_reopened_dispute_is_held_again() -> None:
    again = after(opened(), cancel(on("Mar 13")), open_dispute(on("Mar 14"), n=2))
    assert order_of(again).lines["l1"].held_by == dispute_id(2)
