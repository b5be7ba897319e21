"""The buyer withdraws (T21): before the end of the protection the lines are free again, after it the seller is paid
(S46–S48).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.state import DisputeState
from dispute.domain.rejections import ProtectionAlreadyExpired, ReleaseAckRequired
from shared.events.base import wire_time
from shared.events.dispute import CloseReason, DisputeCancelled, DisputeClosed, DisputeOpened
from shared.events.order import (
    Hold,
    HoldEnd,
    LineAmount,
    OrderCompleted,
    PaymentHeld,
    PaymentHoldLifted,
    PaymentReleased,
)
from shared.rejections import DeadlinePassed, Forbidden, NotFound, WrongPhase
from tests.cases.plugin import Came
from tests.support.builders.disputes import (
    agreed,
    cancel,
    countered,
    dispute_id,
    dispute_of,
    dispute_stream,
    expire,
    open_dispute,
    opened,
)
from tests.support.builders.orders import (
    CASE_TEAM,
    ORDER,
    OTHER_BUYER,
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
from tests.support.spec import given

P = on("Apr 5", "00:00")
late = opened(on("Apr 4"), order(shipped="Mar 1", finished="Mar 20"), reason="late")
"""Opened on the last day of the protection, 4 April; finished on 20 March."""


@pytest.mark.parametrize(
    ("happened", "until"),
    [(opened(), on("Mar 18", "00:00")), (countered(), on("Mar 19", "00:00"))],
    ids=["D1", "D2"],
)
def test_g8_t21_behind_a_deadline_it_is_too_late_whether_or_not_its_timer_has_gone_off(
    happened: Histories, until: datetime
) -> None:
    given(decider, happened).when(cancel(until - timedelta(seconds=1))).then_types(
        DisputeCancelled, DisputeClosed, PaymentHoldLifted
    )
    refusal = given(decider, happened).when(cancel(until)).then_rejects(DeadlinePassed)
    assert refusal.members["due_at"] == wire_time(until)


def test_s46_t21_the_buyer_cancels_and_nothing_is_refunded() -> None:
    outcome = given(decider, opened()).when(cancel(on("Mar 13")))
    outcome.then(
        DisputeCancelled(dispute_id=dispute_id(), acknowledged_release=False, rules=("S46",)),
        DisputeClosed(
            dispute_id=dispute_id(),
            reason=CloseReason.CANCELLED_BY_BUYER,
            amount=usd("0.00"),
            closed_at=on("Mar 13"),
            rules=("S46",),
        ),
        PaymentHoldLifted(
            order_id=ORDER,
            hold=Hold.DISPUTE,
            dispute_id=dispute_id(),
            lines=("l1",),
            because=HoldEnd.CANCELLED,
        ),
    )
    assert outcome.states[0].state == DisputeState.CLOSED


def test_s46_the_seller_cannot_cancel() -> None:
    for party in (SELLER, CASE_TEAM):
        given(decider, opened()).when(cancel(on("Mar 13"), party)).then_rejects(Forbidden)
    for stranger in (OTHER_BUYER, OTHER_SELLER):
        given(decider, opened()).when(cancel(on("Mar 13"), stranger)).then_rejects(NotFound)


@pytest.mark.parametrize(
    ("happened", "day"),
    [
        (opened(), "Mar 17"),
        (countered(), "Mar 18"),
        (after(countered(), expire("buyer_response", on("Mar 19", "00:00"))), "Mar 20"),
    ],
)
def test_t21_it_may_be_cancelled_while_awaited_and_while_escalated(happened: Histories, day: str) -> None:
    outcome = given(decider, happened).when(cancel(on(day)))
    outcome.then_types(DisputeCancelled, DisputeClosed, PaymentHoldLifted)
    assert not [kind for stream, kind in outcome.deadlines if stream == dispute_stream()]


def test_t21_an_agreement_and_an_end_cannot_be_cancelled() -> None:
    given(decider, agreed()).when(cancel(on("Mar 14"))).then_rejects(WrongPhase)
    given(decider, after(opened(), cancel(on("Mar 13")))).when(cancel(on("Mar 14"))).then_rejects(WrongPhase)


def test_s47_g16_after_the_window_the_buyer_is_warned_first() -> None:
    refusal = given(decider, late).when(cancel(on("Apr 6"))).then_rejects(ReleaseAckRequired)
    assert (refusal.code, refusal.cited, refusal.members["warning"]) == (
        "release_ack_required",
        ("S47",),
        "payment_will_be_released",
    )
    given(decider, late).when(cancel(P)).then_rejects(ReleaseAckRequired)
    knows = cancel(on("Apr 6"), acknowledge_release=True)
    (paid,) = [each for each in given(decider, late).when(knows).events if isinstance(each, PaymentReleased)]
    assert refusal.members["released"] == paid.amount


def test_s47_t39_with_the_acknowledgement_the_seller_is_paid() -> None:
    outcome = given(decider, late).when(cancel(on("Apr 6"), acknowledge_release=True))
    outcome.then_types(DisputeCancelled, DisputeClosed, PaymentReleased, OrderCompleted)
    assert outcome.events[2] == PaymentReleased(
        order_id=ORDER,
        lines=(LineAmount(line_id="l1", amount=usd("50.00")),),
        amount=usd("50.00"),
        dispute_id=dispute_id(),
        because=HoldEnd.CANCELLED,
        rules=("S47",),
    )
    assert outcome.events[0].acknowledged_release


def test_s47_it_is_the_same_before_and_after_the_protections_timer_fired() -> None:
    for happened in (late, after(late, expire_order("protection_end", P))):
        given(decider, happened).when(cancel(P)).then_rejects(ReleaseAckRequired)
        outcome = given(decider, happened).when(cancel(P, acknowledge_release=True))
        outcome.then_types(DisputeCancelled, DisputeClosed, PaymentReleased, OrderCompleted)
        assert outcome.deadlines == {}


def test_s47_an_acknowledgement_in_time_releases_nothing() -> None:
    outcome = given(decider, late).when(cancel(on("Apr 4", "23:59"), acknowledge_release=True))
    outcome.then_types(DisputeCancelled, DisputeClosed, PaymentHoldLifted)


def test_s47_only_the_disputed_lines_are_released() -> None:
    two = order(order_line("l1"), order_line("l2"), shipped="Mar 1", finished="Mar 20")
    happened = opened(on("Apr 4"), two, reason="late", lines=(RequestedLine(line_id="l2", quantity=1),))
    outcome = given(decider, happened).when(cancel(P, acknowledge_release=True))
    outcome.then_types(DisputeCancelled, DisputeClosed, PaymentReleased)
    assert [part.line_id for part in outcome.events[2].lines] == ["l2"]


def test_s48_t38_cancelled_in_time_it_may_be_opened_again() -> None:
    happened = after(opened(), cancel(on("Mar 13")))
    assert order_of(happened).lines["l1"].held_by is None
    again = given(decider, happened).when(open_dispute(on("Mar 14"), n=2))
    again.then_types(DisputeOpened, PaymentHeld)
    assert again.events[0].reopened_from == dispute_id()
    given(decider, happened).when(open_dispute(on("May 16", "00:00"), n=2)).then_rejects(ProtectionAlreadyExpired)


def test_s48_the_reopened_dispute_names_the_last_one_before_it() -> None:
    twice = after(opened(), cancel(on("Mar 13")), open_dispute(on("Mar 14"), n=2), cancel(on("Mar 15"), n=2))
    third = after(twice, open_dispute(on("Mar 16"), n=3))
    assert dispute_of(third, 3).opened.reopened_from == dispute_id(2)


UNCONSIDERED = [
    pytest.param(
        {"has_key": False},
        marks=pytest.mark.case("L11+4", given="a release acknowledged without a key", right="idempotency_key_required"),
    ),
    pytest.param(
        {"has_seen": False},
        marks=pytest.mark.case("L11+5", given="a release acknowledged without If-Match", right="if_match_required"),
    ),
    pytest.param(
        {"has_seen": False, "acknowledge_release": False},
        marks=pytest.mark.case("L11+6", given="a release that nobody acknowledges", right="release_ack_required"),
    ),
    pytest.param(
        {"has_key": False, "has_seen": False, "at": on("Apr 4", "13:00")},
        marks=pytest.mark.case("L11+7", given="cancelled while protected, without either", right="accepted"),
    ),
]


@pytest.mark.parametrize("sent", UNCONSIDERED)
def test_s47_g16_who_pays_the_seller_by_cancelling_has_looked_and_says_it_once(
    sent: dict[str, Any], came: Came
) -> None:
    command = cancel(on("Apr 6"), acknowledge_release=True).model_copy(update=sent)
    refusal = given(decider, late).when(command).rejection
    came(refusal.code if refusal else "accepted")
