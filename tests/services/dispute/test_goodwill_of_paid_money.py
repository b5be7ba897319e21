"""Goodwill of money that the seller was paid: it comes of the seller first, and then goes to the buyer (S20, K19)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.orders.goodwill.telling import parties_of
from dispute.policies import notify
from dispute.views.orders.goodwill import goodwill_views
from shared.events.dispute import RefundDue, RefundNoted, RefundSource
from shared.events.mediation import ClawbackRequested
from shared.events.mediation.clawbacks import ClawbackEnd, ClawbackFailed, ClawbackSettled
from shared.events.order import GoodwillGranted, OrderCompleted, PaymentReleased
from shared.rejections import AmountExceedsCap, ValidationFailed, WrongPhase
from tests.services.dispute.test_goodwill import ABANDONED, P, R, bought, due_of, grant, state_of
from tests.support.builders.afterwards import FAILED, SETTLED, end_clawback
from tests.support.builders.by_law import PAID, claimed, faulty
from tests.support.builders.disputes import note_refund, open_dispute
from tests.support.builders.evidence import upload
from tests.support.builders.orders import (
    BUYER,
    ORDER_STREAM,
    OTHER_SELLER,
    SELLER,
    Histories,
    after,
    expire_order,
    on,
    order_line,
    order_of,
    usd,
)
from tests.support.policies import recorded
from tests.support.spec import given

THEN = on("May 3")


def asked(amount: str = "20.00", happened: Histories = PAID) -> Histories:
    """The seller, who was paid 50.00, gives so much of it."""
    return after(happened, grant(on("May 1"), amount))


def end(happened: Histories, how: ClawbackEnd = SETTLED, **more: Any) -> Any:
    """Finance tells how it ended, of an order without disputes unless some are named."""
    return end_clawback(order_of(happened).goodwill[-1].clawback_id or "", THEN, how, **{"disputes": ()} | more)


def came() -> Histories:
    return after(asked(), end(asked()))


def money(happened: Histories) -> tuple[str, ...]:
    """Of the line what went back, went to the seller, came again, is promised, and is left: what was captured."""
    line = order_of(happened).lines["l1"]
    went = line.refunded + line.released - line.reclaimed + line.promised + line.remainder
    assert went == line.cap == usd("50.00")
    return tuple(each.amount for each in (line.refunded, line.released, line.reclaimed, line.promised, line.remainder))


def test_s20_k19_what_the_seller_was_paid_is_asked_of_the_seller_and_nothing_of_the_provider() -> None:
    outcome = given(decider, PAID).when(grant(on("May 1"))).then_types(GoodwillGranted, ClawbackRequested)
    granted, back = outcome.events
    assert (back.clawback_id, back.party, back.dispute_id) == (granted.clawback_id, "seller", None)
    assert (back.amount, back.lines) == (usd("20.00"), granted.lines)
    assert money(asked()) == ("0.00", "50.00", "20.00", "20.00", "0.00")
    (view,) = goodwill_views(order_of(asked()), BUYER)
    assert (view["state"], view["clawback_id"], view["refund_id"]) == ("promised", granted.clawback_id, None)


def test_s20_k19_once_it_has_come_the_refund_is_asked_for_in_the_same_append_and_paid() -> None:
    outcome = given(decider, asked()).when(end(asked())).then_types(ClawbackSettled, RefundDue)
    granted, due = order_of(asked()).goodwill[-1], outcome.events[1]
    assert (due.refund_id, due.goodwill_id) == (granted.refund_id, granted.goodwill_id)
    assert (due.source, due.amount, due.dispute_id) == (RefundSource.GOODWILL, usd("20.00"), None)
    assert money(came()) == ("0.00", "50.00", "20.00", "20.00", "0.00")
    given(decider, came()).when(note_refund(due, on("May 5"))).then_types(RefundNoted)
    paid = after(came(), note_refund(due, on("May 5")))
    assert money(paid) == ("20.00", "50.00", "20.00", "0.00", "0.00")
    assert state_of(paid) == [("paid", usd("20.00"))]


def test_s20_k19_what_does_not_come_is_not_paid_and_may_be_given_again() -> None:
    outcome = given(decider, asked()).when(end(asked(), FAILED)).then_types(ClawbackFailed)
    failed = {name: list(events) for name, events in outcome.after.items()}
    assert outcome.events[0].told == ("seller", "buyer")
    assert state_of(failed) == [("failed", usd("20.00"))]
    assert money(failed) == ("0.00", "50.00", "0.00", "0.00", "0.00")
    given(decider, failed).when(grant(on("May 4"), "50.00", n=2)).then_types(GoodwillGranted, ClawbackRequested)


def test_s20_k19_what_has_come_and_support_gives_up_is_the_sellers_again() -> None:
    given_up = given(decider, came()).when(note_refund(due_of(came()), on("May 5"), ABANDONED))
    given_up.then_types(RefundNoted, PaymentReleased)
    then = {name: list(events) for name, events in given_up.after.items()}
    assert money(then) == ("0.00", "70.00", "20.00", "0.00", "0.00")
    assert state_of(then) == [("failed", usd("20.00"))]
    given(decider, then).when(grant(on("May 6"), "50.00", n=2)).then_types(GoodwillGranted, ClawbackRequested)


def test_k19_it_ends_once_and_the_first_end_stands() -> None:
    given(decider, came()).when(end(asked())).then_types()
    given(decider, came()).when(end(asked(), FAILED)).then_rejects(WrongPhase)
    given(decider, asked()).when(end(asked(), ended_at=on("May 9"))).then_rejects(ValidationFailed)


@pytest.mark.parametrize(("amount", "fits"), [("50.00", True), ("50.01", False)])
def test_g9_k19_no_more_is_given_of_a_line_than_the_seller_was_paid(amount: str, fits: bool) -> None:
    outcome = given(decider, PAID).when(grant(on("May 1"), amount))
    if fits:
        outcome.then_types(GoodwillGranted, ClawbackRequested)
    else:
        assert outcome.then_rejects(AmountExceedsCap).members["cap"] == {"amount": "50.00", "currency": "USD"}


@pytest.mark.parametrize("happened", [asked("40.00"), after(asked("40.00"), end(asked("40.00")))])
def test_g9_k19_what_was_given_before_counts(happened: Histories) -> None:
    given(decider, happened).when(grant(on("May 4"), "10.01", n=2)).then_rejects(AmountExceedsCap)
    given(decider, happened).when(grant(on("May 4"), "10.00", n=2)).then_types(GoodwillGranted, ClawbackRequested)


def test_g9_k19_of_some_pieces_their_share_is_the_cap() -> None:
    over = after(bought(order_line("l1", "30.00", quantity=3)), expire_order("protection_end", P))
    paid = after(over, expire_order("release", R))
    given(decider, paid).when(grant(on("May 1"), "60.00", l1=2)).then_types(GoodwillGranted, ClawbackRequested)
    given(decider, paid).when(grant(on("May 1"), "60.01", l1=2)).then_rejects(AmountExceedsCap)


def test_s17_k19_the_law_reaches_what_the_seller_does_not_give_and_the_seller_gives_what_no_dispute_is_about() -> None:
    happened = after(asked(), upload(on("May 2")))
    given(decider, happened).when(faulty(on("May 2"), amount="30.01")).then_rejects(AmountExceedsCap)
    disputed = after(happened, faulty(on("May 2"), amount="30.00"))
    given(decider, disputed).when(grant(on("May 3"), "0.01", n=2)).then_rejects(AmountExceedsCap)
    given(decider, claimed()).when(grant(on("May 3"), "0.01")).then_rejects(AmountExceedsCap)


def test_s17_k19_of_a_line_whose_whole_price_was_given_the_law_has_nothing_left() -> None:
    refused = given(decider, after(asked("50.00"), upload(on("May 2")))).when(faulty(on("May 2")))
    assert refused.rejection


def test_s20_beside_a_line_that_waits_just_that_line_is_given_of_until_nothing_of_it_waits() -> None:
    """A dispute keeps the first line; of the second the seller was paid."""
    lines = (order_line("l1", "30.00"), order_line("l2", "20.00"))
    held = after(bought(*lines, delivered=None), open_dispute(on("Mar 12"), amount="30.00"))
    over = after(held, expire_order("protection_end", order_of(held).protection_ends_at or P))
    paid = after(over, expire_order("release", order_of(over).due("release") or R))
    assert not order_of(paid).completed
    granted = given(decider, paid).when(grant(on("May 1"), "20.00", l1=1, l2=1))
    granted.then_types(GoodwillGranted, ClawbackRequested)
    assert [part.line_id for part in granted.events[0].lines] == ["l2"]


def test_s54_the_seller_is_told_what_it_is_asked_for_and_of_its_end_and_of_a_failure_the_buyer_too() -> None:
    failed = after(asked(), end(asked(), FAILED))[ORDER_STREAM]
    told = [*asked()[ORDER_STREAM][-1:], *came()[ORDER_STREAM][-2:-1], *failed[-1:]]
    commands: list[Any] = [send.command for event in told for send in notify(recorded(event, ORDER_STREAM))]
    assert [(each.kind, each.roles) for each in commands] == [
        ("goodwill_asked", ("seller",)),
        ("goodwill_settled", ("seller",)),
        ("goodwill_failed", ("seller", "buyer")),
    ]
    requested = given(decider, {ORDER_STREAM: failed}).when(commands[-1])
    assert [event.recipient for event in requested.events] == [SELLER.id, BUYER.id]


def test_s54_another_seller_of_the_order_is_told_nothing_of_it() -> None:
    lines = (order_line("l1", "30.00", seller_id=OTHER_SELLER.id), order_line("l2", "20.00"))
    over = after(bought(*lines), expire_order("protection_end", P), expire_order("release", R))
    order = order_of(after(over, grant(on("May 1"), "5.00", l2=1)))
    assert parties_of(order, order.goodwill[-1].clawback_id).seller_ids == {SELLER.id}
    assert order.parties.seller_ids == {SELLER.id, OTHER_SELLER.id}


def test_s26_the_order_was_over_before_and_is_not_over_again() -> None:
    paid = after(came(), note_refund(due_of(came()), on("May 5")))
    assert len([event for event in paid[ORDER_STREAM] if isinstance(event, OrderCompleted)]) == 1
