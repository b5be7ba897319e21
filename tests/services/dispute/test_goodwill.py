"""Goodwill: a seller gives money back of what it would be paid, without a dispute or beside one (S20, K19)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.goodwill import GrantGoodwill
from dispute.domain.rejections import NotAskedFor
from dispute.policies import notify
from dispute.views.orders.goodwill import goodwill_views
from shared.decider import Start
from shared.events.base import Actor
from shared.events.deadlines import DeadlineMoved
from shared.events.dispute import Decision, RefundDue, RefundNoted, RefundOutcome, RefundSource
from shared.events.ids import derived_uuid
from shared.events.order import GoodwillGranted, LineAmount, OrderCompleted, PaymentReleased
from shared.rejections import AmountExceedsCap, Forbidden, ValidationFailed, WrongPhase
from tests.services.dispute.orders.test_cancellation import cancelled
from tests.support.builders.disputes import agreed, ask_again, note_refund, open_dispute, opened, respond
from tests.support.builders.orders import (
    BUYER,
    ORDER,
    ORDER_STREAM,
    OTHER_SELLER,
    SELLER,
    Histories,
    after,
    expire_order,
    on,
    order,
    order_line,
    order_of,
    usd,
)
from tests.support.policies import recorded
from tests.support.spec import given

ABANDONED, REFUSED = RefundOutcome.ABANDONED, RefundOutcome.REFUSED
P, R = on("Mar 20", "00:00"), on("Mar 20", "01:00")


def bought(*lines: Any, **more: Any) -> Histories:
    return order(*lines, **{"shipped": "Mar 1", "delivered": "Mar 4"} | more)


def grant(at: datetime, amount: str = "20.00", actor: Actor = SELLER, n: int = 1, **lines: int) -> GrantGoodwill:
    """The seller gives so much for a piece of the first line, unless lines are named with their quantities."""
    named = lines or {"l1": 1}
    return GrantGoodwill(
        command_id=derived_uuid("grant", amount, n),
        actor=actor,
        at=at,
        order_id=ORDER,
        type="refund_only",
        lines=tuple(RequestedLine(line_id=name, quantity=quantity) for name, quantity in named.items()),
        amount=usd(amount),
        text="Sorry for the scratch.",
    )


def due_of(happened: Histories) -> RefundDue:
    return [event for event in happened[ORDER_STREAM] if isinstance(event, RefundDue)][-1]


def released_beside_a_promise() -> Histories:
    """20.00 are promised, and the other 30.00 are the seller's."""
    return after(bought(), grant(on("Mar 19")), expire_order("protection_end", P), expire_order("release", R))


def in_part(promised: Histories, amount: str) -> Histories:
    """Of what is promised one payment has given so much, and what the other was to give was given up."""
    paid = {"amount": usd(amount), "lines": (LineAmount(line_id="l1", amount=usd(amount)),)}
    return after(promised, note_refund(due_of(promised).model_copy(update=paid), on("Mar 21")))


def state_of(happened: Histories, actor: Actor = BUYER) -> list[tuple[str, Any]]:
    return [(one["state"], one["amount"]) for one in goodwill_views(order_of(happened), actor)]


def test_s20_what_waits_for_the_seller_is_asked_for_at_once_under_a_name_of_its_own() -> None:
    outcome = given(decider, bought()).when(grant(on("Mar 6"))).then_types(GoodwillGranted, RefundDue)
    granted, due = outcome.events
    assert granted.goodwill_id.startswith("gdw_")
    assert (granted.refund_id, granted.amount, granted.seller_id) == (due.refund_id, usd("20.00"), SELLER.id)
    assert (due.source, due.goodwill_id, due.dispute_id) == (RefundSource.GOODWILL, granted.goodwill_id, None)
    line = outcome.states[0].lines["l1"]
    assert (line.promised, line.remainder) == (usd("20.00"), usd("30.00"))


def test_s20_the_seller_is_paid_what_is_left_and_the_order_ends_with_the_refund() -> None:
    promised = after(bought(), grant(on("Mar 19")), expire_order("protection_end", P))
    released = given(decider, promised).when(expire_order("release", R)).then_types(PaymentReleased)
    assert released.events[0].amount == usd("30.00")
    waits = {name: list(events) for name, events in released.after.items()}
    assert state_of(waits) == [("promised", usd("20.00"))]
    paid = given(decider, waits).when(note_refund(due_of(waits), on("Mar 21"))).then_types(RefundNoted, OrderCompleted)
    assert paid.events[0].rules == ("S20", "S57")
    assert state_of({name: list(events) for name, events in paid.after.items()}) == [("paid", usd("20.00"))]


def test_s20_what_is_given_up_after_the_release_is_the_sellers_again() -> None:
    promised = after(bought(), grant(on("Mar 19")), expire_order("protection_end", P), expire_order("release", R))
    outcome = given(decider, promised).when(note_refund(due_of(promised), on("Mar 21"), ABANDONED))
    outcome.then_types(RefundNoted, PaymentReleased, OrderCompleted)
    assert outcome.events[1].amount == usd("20.00")
    assert state_of({name: list(events) for name, events in outcome.after.items()}) == [("failed", usd("20.00"))]


def test_s20_s24_what_is_given_up_before_r_and_noted_behind_it_is_released_by_r_which_stands_anew() -> None:
    promised = after(bought(), grant(on("Mar 19"), "50.00"), expire_order("protection_end", P))
    assert given(decider, promised).when(expire_order("release", R)).then_types()
    noted = given(decider, promised).when(note_refund(due_of(promised), P, ABANDONED))
    noted.then_types(RefundNoted, DeadlineMoved)
    assert [*decider.deadlines(ORDER_STREAM, noted.events[1])] == [Start(DeadlineKind.RELEASE, R)]
    noted.when(expire_order("release", R)).then_types(PaymentReleased, OrderCompleted)


def test_s20_what_several_payments_gave_in_part_is_shown_as_it_went_and_the_rest_is_the_sellers() -> None:
    paid = in_part(released_beside_a_promise(), "5.00")
    assert state_of(paid) == [("paid", usd("5.00"))]
    released = [event.amount for event in paid[ORDER_STREAM] if isinstance(event, PaymentReleased)]
    assert (released, order_of(paid).completed) == ([usd("30.00"), usd("15.00")], True)


def test_s20_what_a_restore_has_lost_waits_until_it_is_asked_for_again() -> None:
    """Or the seller would be paid what the buyer has already."""
    promised = after(bought(), grant(on("Mar 19")))
    given(decider, bought()).when(note_refund(due_of(promised), on("Mar 20"))).then_rejects(NotAskedFor)


def test_s20_all_of_a_line_is_given_and_nothing_of_it_is_released() -> None:
    promised = after(bought(), grant(on("Mar 19"), "50.00"), expire_order("protection_end", P))
    assert order_of(promised).due("release") is None
    assert order_of(after(promised, note_refund(due_of(promised), on("Mar 21")))).completed


def test_t30a_s20_goodwill_that_was_refused_is_asked_for_again_and_what_is_not_is_the_sellers() -> None:
    promised = after(bought(), grant(on("Mar 19")), expire_order("protection_end", P), expire_order("release", R))
    refused = after(promised, note_refund(due_of(promised), on("Mar 21"), REFUSED))
    again = given(decider, refused).when(ask_again(due_of(refused), on("Mar 22"), "5.00"))
    again.then_types(RefundDue, PaymentReleased)
    assert (again.events[0].goodwill_id, again.events[1].amount) == (due_of(refused).goodwill_id, usd("15.00"))
    asked = {name: list(events) for name, events in again.after.items()}
    assert state_of(asked) == [("promised", usd("5.00"))]
    assert order_of(after(asked, note_refund(again.events[0], on("Mar 23")))).completed


@pytest.mark.parametrize(("amount", "fits"), [("50.00", True), ("50.01", False)])
def test_g9_s20_no_more_is_given_of_a_line_than_waits_for_the_seller(amount: str, fits: bool) -> None:
    outcome = given(decider, bought()).when(grant(on("Mar 6"), amount))
    if fits:
        outcome.then_types(GoodwillGranted, RefundDue)
    else:
        assert outcome.then_rejects(AmountExceedsCap).members["cap"] == {"amount": "50.00", "currency": "USD"}


def test_g9_s20_what_was_given_before_counts() -> None:
    given(decider, after(bought(), grant(on("Mar 6"), "40.00"))).when(grant(on("Mar 6"), "10.01", n=2)).then_rejects(
        AmountExceedsCap
    )


def test_g9_s20_beside_a_dispute_nothing_is_given_of_what_it_is_about() -> None:
    lines = (order_line("l1", "30.00"), order_line("l2", "20.00"))
    happened = after(bought(*lines, delivered=None), open_dispute(on("Mar 12"), amount="30.00"))
    given(decider, happened).when(grant(on("Mar 12"), "0.01", l1=1)).then_rejects(AmountExceedsCap)
    given(decider, happened).when(grant(on("Mar 12"), "20.00", l2=1)).then_types(GoodwillGranted, RefundDue)


def test_g9_s20_of_a_dispute_that_came_later_just_the_rest_is_the_cap() -> None:
    promised = after(bought(delivered=None), grant(on("Mar 6")))
    given(decider, promised).when(open_dispute(on("Mar 12"), amount="30.01")).then_rejects(AmountExceedsCap)
    opened_ = after(promised, open_dispute(on("Mar 12"), amount="30.00"))
    assert order_of(opened_).lines["l1"].remainder == usd("30.00")


def test_s20_what_an_agreement_left_to_the_seller_is_the_sellers_to_give() -> None:
    happened = after(opened(amount="30.00"), respond(Decision.ACCEPT, on("Mar 13")))
    asked = [event for event in agreed(amount="30.00")["dispute-" + _dispute(happened)] if isinstance(event, RefundDue)]
    paid = after(happened, note_refund(asked[0], on("Mar 14")))
    given(decider, paid).when(grant(on("Mar 15"), "20.00")).then_types(GoodwillGranted, RefundDue)
    given(decider, paid).when(grant(on("Mar 15"), "20.01")).then_rejects(AmountExceedsCap)


def _dispute(happened: Histories) -> str:
    (stream,) = [name for name in happened if name.startswith("dispute-")]
    return stream.removeprefix("dispute-")


def test_s20_over_several_lines_it_is_split_by_what_there_is_of_each() -> None:
    lines = (order_line("l1", "30.00"), order_line("l2", "10.00", quantity=2))
    outcome = given(decider, bought(*lines)).when(grant(on("Mar 6"), "20.00", l1=1, l2=1))
    assert [part.amount for part in outcome.events[0].lines] == [usd("15.00"), usd("5.00")]


@pytest.mark.parametrize(
    ("lines", "code"),
    [({"l2": 1}, "unknown_line"), ({"l9": 1}, "unknown_line"), ({"l1": 2}, "too_many")],
)
def test_s20_a_seller_gives_of_its_own_pieces_alone(lines: dict[str, Any], code: str) -> None:
    sold = (order_line("l1", "30.00"), order_line("l2", "20.00", seller_id=OTHER_SELLER.id))
    refusal = given(decider, bought(*sold)).when(grant(on("Mar 6"), "1.00", **lines)).then_rejects(ValidationFailed)
    assert refusal.errors[0]["code"] == code


def test_s20_nobody_but_the_seller_gives_and_only_something() -> None:
    given(decider, bought()).when(grant(on("Mar 6"), actor=BUYER)).then_rejects(Forbidden)
    given(decider, bought()).when(grant(on("Mar 6"), "0.00")).then_rejects(ValidationFailed)


def test_s20_another_seller_of_the_order_sees_nothing_of_it() -> None:
    sold = (order_line("l1", "30.00"), order_line("l2", "20.00", seller_id=OTHER_SELLER.id))
    promised = after(bought(*sold), grant(on("Mar 6")))
    assert [len(goodwill_views(order_of(promised), who)) for who in (BUYER, SELLER, OTHER_SELLER)] == [1, 1, 0]


def test_s54_the_buyer_is_told_what_the_seller_gives() -> None:
    granted = after(bought(), grant(on("Mar 6")))[ORDER_STREAM][-2]
    (send,) = notify(recorded(granted, ORDER_STREAM))
    command: Any = send.command
    assert (command.kind, command.roles, command.amount) == ("goodwill_granted", ("buyer",), usd("20.00"))
    assert isinstance(granted, GoodwillGranted) and command.about == granted.goodwill_id
    told = given(decider, {ORDER_STREAM: [*after(bought(), grant(on("Mar 6")))[ORDER_STREAM]]}).when(command)
    assert [event.recipient for event in told.events] == [BUYER.id]


def test_s66_a_cancelled_order_gives_back_the_rest_and_no_goodwill_any_more() -> None:
    promised = after(order(), grant(on("Mar 6")))
    gone = cancelled(promised)
    (due,) = [event for event in gone.events if isinstance(event, RefundDue)]
    assert due.amount == usd("30.00")
    gone.when(grant(on("Mar 13"), "1.00", n=2)).then_rejects(WrongPhase)
