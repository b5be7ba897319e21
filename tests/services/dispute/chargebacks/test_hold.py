"""Chargebacks of an order and its disputes: nothing moves while a bank decides, and then what is left goes on (T34)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.state import DisputeState
from dispute.domain.rejections import ExternalHold, NotAskedFor
from dispute.policies import notify, react
from dispute.views.disputes.dispute import dispute_view
from shared.events.deadlines import DeadlineMoved
from shared.events.dispute import (
    CloseReason,
    DisputeClosed,
    RefundNoted,
    RefundOutcome,
    ReturnNotDue,
    ReturnOutcome,
    SolutionType,
)
from shared.events.order import Hold, OrderCompleted, PaymentHeld, PaymentHoldLifted, PaymentReleased
from shared.events.outside.chargeback import ExternalChargebackOpened, ExternalChargebackResolved
from shared.notifications.requests import RequestNotifications
from tests.support.builders import chargebacks as refund_side
from tests.support.builders import disputes as d
from tests.support.builders import mediation as m
from tests.support.builders.bank import NOT_PAID, PAID, gives, heard, takes_back
from tests.support.builders.entitlements import sold
from tests.support.builders.order_returns import grant, noted, return_id
from tests.support.builders.orders import BUYER, ORDER_STREAM, SELLER, Histories, after, expire_order, on, order_of, usd
from tests.support.policies import recorded
from tests.support.spec import given

PAUSE = timedelta(days=10)


def held(happened: Histories, at: datetime) -> Histories:
    """A bank takes all of it back, and order and disputes have heard."""
    taken = after(happened, takes_back(at))
    return after(taken, *heard(taken, at))


def decided(happened: Histories, result: Any, at: datetime, **more: Any) -> Histories:
    """The bank has decided, and all have heard."""
    ended = after(happened, gives(result, at, **more))
    return after(ended, *heard(ended, at))


def due(happened: Histories, kind: str, stream: str = "") -> datetime | None:
    """The row of this deadline."""
    outcome = given(decider, happened).when(d.say(on("Mar 30"), BUYER, text="So?"))
    return outcome.deadlines.get((stream or d.dispute_stream(), kind))


COUNTERED = d.countered()
AT = on("Mar 14")


def test_t34_order_and_dispute_hear_of_it_once_and_the_order_holds_its_payouts() -> None:
    opened, hold = given(decider, COUNTERED).when(takes_back(AT)).events
    assert (type(opened), opened.disputes, opened.dispute_id) == (ExternalChargebackOpened, (d.dispute_id(),), None)
    assert (type(hold), hold.hold, hold.dispute_id) == (PaymentHeld, Hold.CHARGEBACK, None)
    taken = after(COUNTERED, takes_back(AT))
    [told] = heard(taken, AT)
    [mine], _ = given(decider, taken).when(told).by_stream.values()
    assert (type(mine), mine.dispute_id, mine.disputes) == (ExternalChargebackOpened, d.dispute_id(), ())
    for command in (takes_back(AT), told):
        given(decider, held(COUNTERED, AT)).when(command).then_nothing()


@pytest.mark.parametrize(
    ("happened", "kind"),
    [
        (d.opened(), "seller_response"),
        (COUNTERED, "buyer_response"),
        (COUNTERED, "negotiation"),
        (m.escalated(), "evidence"),
        (m.under_review(), "review"),
        (m.decided(), "appeal"),
        (m.appealed(), "appeal_review"),
    ],
    ids=["D1", "D2", "D4", "D3", "D5", "D6", "D8"],
)
def test_t34_t35_a_deadline_stands_still_and_goes_on_later_by_the_time_that_the_bank_took(
    happened: Histories, kind: str
) -> None:
    stood = d.dispute_of(happened).due(kind)
    assert stood
    at = stood - timedelta(hours=1)
    pending = held(happened, at)
    assert d.dispute_of(pending).due(kind) is None
    assert due(pending, kind) is None
    given(decider, pending).when(d.expire(kind, stood, stood + PAUSE)).then_nothing()
    ended = decided(pending, NOT_PAID, at + PAUSE)
    assert d.dispute_of(ended).due(kind) == due(ended, kind) == stood + PAUSE
    [moved] = [x for x in ended[d.dispute_stream()] if isinstance(x, DeadlineMoved) and x.kind == kind]
    assert (moved.previous_due_at, moved.rules) == (stood, ("S103", "T35"))


def test_t34_t7_a_negotiation_that_rests_is_later_too() -> None:
    rests = after(COUNTERED, d.modify(on("Mar 13", "18:00"), amount="40.00"))
    until = d.dispute_of(rests).negotiate_until
    assert until
    ended = decided(held(rests, AT), NOT_PAID, AT + PAUSE)
    assert d.dispute_of(ended).negotiate_until == until + PAUSE


def test_g17_while_it_is_open_nobody_decides_and_everybody_may_write() -> None:
    pending = held(COUNTERED, AT)
    for command in (d.accept(AT), d.cancel(AT), d.modify(AT), m.escalate(AT, BUYER)):
        refusal = given(decider, pending).when(command).then_rejects(ExternalHold)
        assert (refusal.code, refusal.rules, refusal.members) == (
            "external_hold",
            ("G17", "T34"),
            {"chargeback_id": "cb1"},
        )
    assert given(decider, pending).when(d.say(AT, BUYER, text="So?")).events
    view = dispute_view(d.dispute_of(pending), 1, BUYER, AT)
    assert (view["external_hold"], view["due_at"], view["deadlines"]) == (True, None, [])
    assert {action["rel"] for action in view["available_actions"]} == {"send-message", "add-evidence"}


def test_g17_the_order_hears_first_and_what_its_dispute_has_not_heard_yet_pays_nobody_all_the_same() -> None:
    agreed = after(d.agreed(), takes_back(AT))
    noted = given(decider, agreed).when(d.note_refund(d.refund_due(agreed), AT))
    noted.then_types(RefundNoted, RefundNoted)
    given(decider, after(COUNTERED, takes_back(AT))).when(d.cancel(AT)).then_rejects(ExternalHold)
    stood = d.dispute_of(COUNTERED).due("buyer_response")
    assert stood
    heard_late = given(decider, after(COUNTERED, takes_back(AT))).when(d.expire("buyer_response", stood))
    heard_late.then_types(ExternalChargebackOpened)
    [told] = heard(after(COUNTERED, takes_back(AT)), AT)
    given(decider, heard_late.after).when(told).then_nothing()


def test_g17_nothing_new_is_disputed_or_given_meanwhile_but_by_support_which_hears_of_it_at_once() -> None:
    free = after(d.opened(), d.cancel(on("Mar 13")), takes_back(AT))
    given(decider, free).when(d.open_dispute(AT, n=2)).then_rejects(ExternalHold)
    forced = d.open_dispute(AT, actor=m.SUPPORT, n=2, override={"ticket": "T-1", "reason": "She was ill."})
    assert d.dispute_of(given(decider, free).when(forced).after, 2).chargebacks.open


def test_t34_p_and_r_stand_still_and_nobody_is_paid_before_the_bank_has_decided() -> None:
    free = after(d.opened(), d.cancel(on("Mar 13")))
    ends = order_of(free).protection_ends_at
    assert ends
    pending = after(free, takes_back(AT))
    given(decider, pending).when(expire_order("protection_end", ends)).then_nothing()
    lifted = after(pending, gives(NOT_PAID, AT + PAUSE))
    assert order_of(lifted).due("protection_end") == ends + PAUSE
    expired = after(free, expire_order("protection_end", ends))
    release_at = order_of(expired).due("release")
    assert release_at
    late = after(expired, takes_back(ends))
    given(decider, late).when(expire_order("release", release_at, release_at + PAUSE)).then_nothing()
    freed = after(late, gives(NOT_PAID, ends + PAUSE))
    assert order_of(freed).due("release") == release_at + PAUSE
    paid = given(decider, freed).when(expire_order("release", release_at + PAUSE))
    paid.then_types(PaymentReleased, OrderCompleted)


def test_t35_a_second_chargeback_holds_until_it_is_decided_too() -> None:
    both = after(held(COUNTERED, AT), takes_back(AT, "cb2", "1.00"))
    both = after(both, *heard(both, AT))
    one = given(decider, both).when(gives(NOT_PAID, AT + PAUSE)).then_types(ExternalChargebackResolved)
    told = after(dict(one.after), *heard(dict(one.after), AT + PAUSE))
    assert d.dispute_of(told).due("buyer_response") is None
    ended = decided(told, NOT_PAID, AT + 2 * PAUSE, chargeback_id="cb2")
    stood = d.dispute_of(COUNTERED).due("buyer_response")
    assert stood and d.dispute_of(ended).due("buyer_response") == stood + 2 * PAUSE


def test_t35_what_was_paid_meanwhile_ends_the_dispute_once_the_bank_has_given_it_back() -> None:
    agreed = held(d.agreed(), AT)
    crossed = after(agreed, d.note_refund(d.refund_due(agreed), AT))
    assert d.dispute_of(crossed).state == DisputeState.AGREED
    ended = decided(crossed, NOT_PAID, AT + PAUSE)
    closed = d.dispute_of(ended).closed
    assert closed and (closed.reason, closed.amount) == (CloseReason.REFUNDED, usd("50.00"))


def test_t35_what_the_bank_has_paid_ends_the_dispute_without_a_second_payment() -> None:
    agreed = d.agreed(SolutionType.RETURN_AND_REFUND)
    ended = after(held(agreed, AT), gives(PAID, AT + PAUSE))
    [told] = heard(ended, AT + PAUSE)
    outcome = given(decider, ended).when(told)
    resolved, kept, closed, lifted, completed = outcome.events
    assert [type(x) for x in (resolved, kept, closed)] == [ExternalChargebackResolved, ReturnNotDue, DisputeClosed]
    assert (closed.reason, closed.amount, closed.solution) == (CloseReason.EXTERNAL_CHARGEBACK, usd("0.00"), None)
    assert closed.rules == ("S103", "T35", "S52")
    assert (type(lifted), type(completed)) == (PaymentHoldLifted, OrderCompleted)
    line = order_of(outcome.after).lines["l1"]
    assert (line.charged_back, line.released, line.remainder) == (usd("50.00"), usd("0.00"), usd("0.00"))


def test_t35_what_the_bank_has_left_is_gone_on_about() -> None:
    ended = decided(held(COUNTERED, AT), PAID, AT + PAUSE, lines={"l1": usd("20.00")})
    assert d.dispute_of(ended).state == DisputeState.AWAITING_BUYER
    assert order_of(ended).lines["l1"].left_of(d.dispute_id()) == usd("30.00")


def test_t34_s52_a_closed_dispute_records_it_beside_its_end() -> None:
    closed = after(d.opened(), d.cancel(on("Mar 13")))
    ended = decided(held(closed, AT), PAID, AT + PAUSE)
    late = dispute_view(d.dispute_of(ended), 1, SELLER, AT)["after_close"]
    assert [(x["kind"], x["id"], x["outcome"]) for x in late] == [
        ("chargeback", "cb1", "opened"),
        ("chargeback", "cb1", PAID),
    ]


def test_t35_an_end_that_is_heard_before_its_beginning_waits_for_it() -> None:
    given(decider, COUNTERED).when(gives(PAID, AT)).then_rejects(NotAskedFor)
    ended = after(COUNTERED, takes_back(AT), gives(NOT_PAID, AT))
    [told] = heard(ended, AT)
    given(decider, ended).when(told).then_rejects(NotAskedFor)


def test_t34_t35_the_policies_note_it_on_the_order_tell_both_parties_once_and_each_dispute() -> None:
    [noted] = react(recorded(refund_side.frozen(), "payment-o1"))
    assert type(noted.command).__name__ == "NoteChargeback"
    taken = after(COUNTERED, takes_back(AT))
    of_order, of_dispute = taken[ORDER_STREAM][-2], held(COUNTERED, AT)[d.dispute_stream()][-1]
    asked, told = [send.command for send in notify(recorded(of_order, ORDER_STREAM))]
    assert isinstance(asked, RequestNotifications)
    assert (asked.kind, asked.roles, asked.about) == ("chargeback_opened", ("buyer", "seller"), "cb1")
    assert type(told).__name__ == "TellDispute"
    of_it = [send.command for send in notify(recorded(of_dispute, d.dispute_stream()))]
    assert [type(command).__name__ for command in of_it] == ["KeepReminders"]


def test_t34_both_name_the_returns_that_stand_still_and_one_that_is_granted_meanwhile_is_held_from_its_begin() -> None:
    back = after(sold("free_return"), grant(on("Mar 6")))
    opened = given(decider, back).when(takes_back(AT)).events[0]
    assert opened.returns == (return_id(),)
    ended = given(decider, after(back, takes_back(AT))).when(gives(NOT_PAID, AT)).events[0]
    assert ended.returns == (return_id(),)
    meanwhile = given(decider, after(sold("free_return"), takes_back(on("Mar 6")))).when(grant(on("Mar 7"))).events[-1]
    assert meanwhile.held_by == ("cb1",)

    agreed = d.agreed(SolutionType.RETURN_AND_REFUND)
    mine = d.dispute_of(agreed)
    [told] = heard(after(agreed, takes_back(AT)), AT)
    [of_dispute], _ = given(decider, after(agreed, takes_back(AT))).when(told).by_stream.values()
    assert mine.return_id and of_dispute.returns == (mine.return_id,)


def test_t34_g17_a_dispute_that_an_inspection_begins_meanwhile_hears_of_the_bank_at_once() -> None:
    back = noted(after(sold("free_return"), grant(on("Mar 6"))), on("Mar 9"), ReturnOutcome.RECEIVED)
    taken = after(back, takes_back(on("Mar 10")))
    failed = noted(taken, on("Mar 11"), ReturnOutcome.FAILED, reason="damaged")
    [stream] = [name for name in failed if name.startswith("dispute-")]
    begun = decider.fold(stream, failed[stream])
    assert list(begun.chargebacks.open) == ["cb1"]
    assert begun.due("evidence") is None and due(failed, "evidence", stream) is None
    ended = after(failed, gives(NOT_PAID, on("Mar 20")))
    [told] = heard(ended, on("Mar 20"))
    assert not decider.fold(stream, after(ended, told)[stream]).chargebacks.open


def test_t31a_what_does_not_fit_any_more_and_is_given_up_ends_the_dispute() -> None:
    agreed = d.agreed()
    ended = decided(held(agreed, AT), PAID, AT + PAUSE, lines={"l1": usd("20.00")})
    over = given(decider, ended).when(d.note_refund(d.refund_due(ended), AT + PAUSE, RefundOutcome.ABANDONED))
    assert d.dispute_of(over.after).state == DisputeState.CLOSED
