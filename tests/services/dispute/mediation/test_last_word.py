"""The last word on the money: what is asked back and not collected is withdrawn and not paid again (K18, K19, T33)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.mediation.receipts import receipt_of
from dispute.domain.disputes.state import DisputeState
from dispute.views.disputes.dispute import dispute_view
from dispute.views.dry_run import money
from dispute.views.mediation.receipts import recomputation_view
from shared.events.base import Command
from shared.events.dispute import (
    CloseReason,
    Decision,
    DisputeClosed,
    RefundDue,
    SolutionAccepted,
    SolutionReached,
    SolutionType,
)
from shared.events.mediation import AppealWindowClosed, ClawbackNotDue, ClawbackRequested, DecisionIssued, Outcome
from shared.events.mediation.proposals import SupportOverrideApplied
from shared.events.order import PaymentHoldLifted
from tests.services.dispute.mediation.test_receipts import decisions, history_of, plain
from tests.support.builders.disputes import accept, counter, dispute_of, dispute_stream, expire, respond
from tests.support.builders.mediation import (
    SUPPORT,
    SUPPORT_2,
    agree,
    appeal,
    appealed,
    decide,
    decide_appeal,
    force,
    forced,
)
from tests.support.builders.orders import BUYER, SELLER, Histories, after, on, usd
from tests.support.spec import Outcome as Came
from tests.support.spec import given

AGAIN: dict[str, Any] = {"outcome": Outcome.BUYER_FAVOUR, "type": SolutionType.REPLACEMENT}


def replacing() -> Histories:
    """30.00 were decided and paid, and the appeal rules a replacement in their place: 30.00 are asked back."""
    happened = after(appealed("30.00"), decide_appeal(on("Mar 27"), "0.00", **AGAIN))
    assert last_of(happened, ClawbackRequested).amount == usd("30.00")
    return happened


def escalated_again() -> Histories:
    """Nothing came in thirty days, and the case team has it anew: its window is over on 1 May."""
    return after(replacing(), expire("replacement", on("Apr 27", "00:00")))


def reviewed_again() -> Histories:
    return after(escalated_again(), expired(escalated_again(), "evidence"))


def expired(happened: Histories, kind: str) -> Command:
    due = dispute_of(happened).due(kind)
    assert due
    return expire(kind, due)


def last_of(happened: Histories, kind: type[Any]) -> Any:
    return [event for event in happened[dispute_stream()] if isinstance(event, kind)][-1]


def kinds(outcome: Came) -> list[type]:
    return [type(event) for event in outcome.events]


def shown(happened: Histories) -> list[tuple[str, str]]:
    view = dispute_view(dispute_of(happened), 1, BUYER, on("May 9"))
    return [(back["amount"].amount, back["state"]) for back in view["clawbacks"]]


@pytest.mark.parametrize(
    ("amount", "events", "asked"),
    [
        ("30.00", [ClawbackNotDue], []),
        ("20.00", [ClawbackNotDue, ClawbackRequested], ["10.00"]),
        ("45.00", [RefundDue, ClawbackNotDue], ["15.00"]),
        ("0.00", [], []),
    ],
)
def test_k18_what_is_only_asked_back_is_not_paid_again_by_the_next_decision(
    amount: str, events: list[type], asked: list[str]
) -> None:
    outcome = given(decider, reviewed_again()).when(decide(on("May 2"), amount))
    solution = [SolutionReached] if amount != "0.00" else []
    assert kinds(outcome) == [DecisionIssued, *solution, *events]
    moved = [event.amount.amount for event in outcome.events if isinstance(event, RefundDue | ClawbackRequested)]
    assert moved == asked


@pytest.mark.parametrize(
    ("amount", "moved"),
    [
        ("30.00", [("clawback_withdrawn", "30.00")]),
        ("20.00", [("clawback_withdrawn", "30.00"), ("clawback", "10.00")]),
        ("45.00", [("refund", "15.00"), ("clawback_withdrawn", "30.00")]),
        ("0.00", []),
    ],
)
def test_k18_a_dry_run_tells_what_would_not_be_asked_back_any_more(amount: str, moved: list[tuple[str, str]]) -> None:
    outcome = given(decider, reviewed_again()).when(decide(on("May 2"), amount))
    effects = [effect for event in outcome.by_stream[dispute_stream()] for effect in money(event, None)]
    assert [(effect["kind"], effect["amount"].amount) for effect in effects] == moved
    assert {effect["party"] for effect in effects} <= {"buyer"}


def test_i4_t33_such_a_decision_ends_once_nobody_can_appeal_it() -> None:
    happened = after(reviewed_again(), decide(on("May 2"), "30.00"))
    assert shown(happened) == [("30.00", "withdrawn")]
    outcome = given(decider, happened).when(expired(happened, "appeal"))
    closed = outcome.then_types(AppealWindowClosed, DisputeClosed, PaymentHoldLifted).events[1]
    assert (closed.reason, closed.amount) == (CloseReason.REFUNDED, usd("30.00"))


@pytest.mark.parametrize("at", [on("Mar 28"), on("May 2")], ids=["before it is overdue", "after it is escalated"])
def test_i4_t37_k18_support_leaves_the_buyer_what_he_has_and_it_ends(at: datetime) -> None:
    happened = replacing() if at < on("Apr 1") else reviewed_again()
    end = last_of(forced(happened, at, "30.00"), DisputeClosed)
    assert (end.reason, end.amount) == (CloseReason.REFUNDED, usd("30.00"))
    assert shown(forced(happened, at, "20.00")) == [("30.00", "withdrawn"), ("10.00", "requested")]


def test_t37_k18_what_is_asked_back_stays_where_support_says_the_same() -> None:
    proposed = after(reviewed_again(), force(on("May 2"), "0.00", SUPPORT))
    made = dispute_of(proposed).case.proposal
    assert made
    yes = agree(on("May 2"), SUPPORT_2, name=made.proposal_id, answers=made.kind)
    given(decider, proposed).when(yes).then_types(SupportOverrideApplied, DisputeClosed, PaymentHoldLifted)


@pytest.mark.parametrize(
    ("settled", "events"),
    [
        (respond(Decision.ACCEPT, on("Apr 28")), [RefundDue, ClawbackNotDue]),
        (accept(on("Apr 29")), [ClawbackNotDue, DisputeClosed, PaymentHoldLifted]),
    ],
    ids=["on more than was paid", "on what was paid"],
)
def test_t43_k18_so_is_what_the_parties_agree_on_and_what_is_paid_already_ends_at_once(
    settled: Command, events: list[type]
) -> None:
    happened = escalated_again()
    if events[0] is ClawbackNotDue:
        happened = after(happened, counter(on("Apr 28"), "30.00"))
    outcome = given(decider, happened).when(settled)
    accepted = [SolutionAccepted] if events[0] is ClawbackNotDue else []
    assert kinds(outcome) == [*accepted, SolutionReached, *events]
    ends = [event.amount for event in outcome.events if isinstance(event, DisputeClosed)]
    assert ends == ([usd("30.00")] if accepted else [])
    assert outcome.states[0].state == (DisputeState.CLOSED if accepted else DisputeState.AGREED)


def test_g13_the_receipts_of_such_decisions_recompute() -> None:
    for amount in ("0.00", "20.00", "30.00", "45.00"):
        ruled = after(reviewed_again(), decide(on("May 2"), amount))
        for happened in (ruled, forced(reviewed_again(), on("May 2"), amount)):
            history = history_of(happened)
            views = [recomputation_view(receipt_of(history, version)) for version in decisions(history)]
            assert [view["differences"] for view in views] == [[]] * len(views)


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        (
            lambda: forced(reviewed_again(), on("May 2"), "0.00"),
            "nothing goes back; 30.00 USD is already paid or on its way to the buyer; "
            "30.00 USD is asked back from the buyer",
        ),
        (
            lambda: after(asking_less_back(), decide_appeal(on("May 11"))),
            "the buyer gets 20.00 USD in all; 30.00 USD is already paid or on its way to the buyer; "
            "10.00 USD is asked back from the buyer",
        ),
        (
            lambda: after(reviewed_again(), decide(on("May 2"), "30.00")),
            "30.00 USD is already paid or on its way to the buyer",
        ),
    ],
    ids=["the same again", "upheld", "left to the buyer"],
)
def test_s52_k18_a_receipt_says_in_words_what_stays_asked_back(happened: Callable[[], Histories], said: str) -> None:
    assert plain(happened()) == said


def asking_less_back() -> Histories:
    """20.00 were decided of the 30.00 that are paid, and the seller appeals."""
    return after(reviewed_again(), decide(on("May 2"), "20.00"), appeal(on("May 3"), SELLER))
