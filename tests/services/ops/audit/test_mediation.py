"""Mediation in the audit: by itself it finds money that was decided and neither asked for nor asked back, and a
deadline of a case that nobody keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.cancelled_order import CancelOrder
from ops.audit.facts import gathering
from shared.events.base import Event
from shared.events.dispute import Decision, DisputeClosed, RefundDue, RefundOutcome, SolutionType
from shared.events.mediation import ClawbackNotDue, ClawbackRequested
from shared.events.mediation import Outcome as Favours
from tests.support.audit import EARLY, fact_faults, made_log, stream_faults
from tests.support.builders.disputes import (
    accept,
    agreed,
    counter,
    dispute_id,
    dispute_of,
    dispute_stream,
    expire,
    note_refund,
    open_dispute,
    respond,
)
from tests.support.builders.mediation import (
    D3,
    appeal,
    appealed,
    ask_for,
    decide,
    decide_appeal,
    decided,
    escalate,
    escalated,
    forced,
    paid,
    survey,
    under_review,
)
from tests.support.builders.orders import BUYER, SELLER, Histories, after, on, order, record
from tests.support.spec import Outcome

Rows = Mapping[tuple[str, str], datetime]


def rows_of(happened: Histories) -> Rows:
    """The deadlines that the database holds after these events."""
    return Outcome(decider, happened, {}).deadlines


def amended(amount: str) -> Histories:
    """30.00 were decided and paid, and the appeal says so much."""
    return after(appealed(), decide_appeal(on("Mar 27"), amount))


def replacing() -> Histories:
    """30.00 were decided and paid, and the appeal has a replacement sent instead."""
    again: dict[str, Any] = {"outcome": Favours.BUYER_FAVOUR, "type": SolutionType.REPLACEMENT}
    return after(appealed(), decide_appeal(on("Mar 27"), "0.00", **again))


def settled(amount: str) -> Histories:
    """The replacement never came, and the parties agree on so much of the 30.00 that are paid and asked back."""
    with_the_team = after(replacing(), expire("replacement", on("Apr 27", "00:00")))
    return after(with_the_team, counter(on("Apr 28"), amount), accept(on("Apr 29")))


def refused(happened: Histories) -> Histories:
    """The first refund that was asked for is refused."""
    due = next(iter(dispute_of(happened).refunds.values())).due
    return after(happened, note_refund(due, on("Mar 18"), RefundOutcome.REFUSED, "over_captured"))


def asked_twice() -> Histories:
    """What was agreed on and paid is asked for once more, as only a fault could, and refused."""
    closed = paid(agreed())
    due = next(iter(dispute_of(closed).refunds.values())).due
    again = due.model_copy(update={"refund_id": due.refund_id[:-1] + "_"})
    happened = closed | {dispute_stream(): [*closed[dispute_stream()], again]}
    return after(happened, note_refund(again, on("Mar 18"), RefundOutcome.REFUSED, "amount_exceeds_cap"))


def opened_unshipped(amount: str = "50.00") -> Histories:
    return after(order(promised_by=on("Mar 10").date()), open_dispute(on("Mar 12"), amount=amount))


def agreed_unshipped() -> Histories:
    return after(opened_unshipped("12.00"), respond(Decision.ACCEPT, on("Mar 13")))


def refused_before() -> Histories:
    """12.00 were agreed on and refused, of an order of 50.00 that was not sent."""
    return refused(agreed_unshipped())


def asking_back() -> Histories:
    """Of an order that was not sent 30.00 were decided and paid, and both have appealed: nothing goes back."""
    reviewed = after(opened_unshipped(), counter(on("Mar 13")), escalate(on("Mar 14")), expire("evidence", D3))
    ruled = paid(after(reviewed, decide(on("Mar 18"))))
    return after(ruled, appeal(on("Mar 19"), SELLER), appeal(on("Mar 19"), BUYER), decide_appeal(on("Mar 20"), "0.00"))


def cancelled(happened: Histories) -> Histories:
    told = record("cancelled", on("Mar 21"), by="seller")
    return after(happened, CancelOrder(**dict(told) | {"disputes": (dispute_id(),)}))


async def faults(happened: Histories, rows: Rows | None = None) -> dict[str, int]:
    log = made_log(happened, on("Apr 30"))
    with gathering() as facts:
        return await stream_faults("dispute", log, rows_of(happened) if rows is None else rows, facts, EARLY)


CASES: Mapping[str, Callable[[], Histories]] = {
    "escalated": escalated,
    "under review": under_review,
    "asked anew": lambda: after(under_review(), ask_for(on("Mar 18"))),
    "overdue": lambda: after(under_review(), expire("review", on("Mar 26", "00:00"))),
    "decided": decided,
    "decided and paid": lambda: paid(decided()),
    "appealed": appealed,
    "appeal overdue": lambda: after(appealed(), expire("appeal_review", on("Mar 28", "00:00"))),
    "upheld": lambda: after(appealed(), decide_appeal(on("Mar 27"))),
    "amended for less": lambda: amended("20.00"),
    "amended for more": lambda: amended("45.00"),
    "forced at once": lambda: forced(escalated(), on("Mar 15"), "30.00"),
    "forced for less": lambda: forced(appealed(), on("Mar 27"), "20.00"),
    "forced for more": lambda: forced(appealed(), on("Mar 27"), "45.00"),
    "asked back, and left to the buyer": lambda: forced(replacing(), on("Mar 28"), "30.00"),
    "asked back, and less of it": lambda: forced(replacing(), on("Mar 28"), "20.00"),
    "agreed on what was paid": lambda: settled("30.00"),
    "agreed on less than was paid": lambda: settled("20.00"),
    "agreed on more than was paid": lambda: settled("45.00"),
    "agreed and refused": lambda: refused(agreed()),
    "agreed and paid, and refused a second time": asked_twice,
    "cancelled": lambda: cancelled(opened_unshipped()),
    "cancelled after a refusal": lambda: cancelled(refused_before()),
    "cancelled after a refusal, and paid": lambda: paid(cancelled(refused_before())),
    "cancelled, and what was under way refused": lambda: refused(cancelled(agreed_unshipped())),
    "cancelled after it asked something back": lambda: cancelled(asking_back()),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_case_by_the_rules_has_no_fault(case: str) -> None:
    assert await faults(CASES[case]()) == {}


def without(happened: Histories, lost: type[Event]) -> Histories:
    """The dispute, without the last event of this type."""
    events = list(happened[dispute_stream()])
    (*_, place) = [at for at, event in enumerate(events) if isinstance(event, lost)]
    return happened | {dispute_stream(): events[:place] + events[place + 1 :]}


@pytest.mark.parametrize(
    ("case", "lost"),
    [
        ("decided", RefundDue),
        ("amended for less", ClawbackRequested),
        ("amended for more", RefundDue),
        ("forced at once", RefundDue),
        ("forced for less", ClawbackRequested),
        ("forced for more", RefundDue),
        ("asked back, and left to the buyer", ClawbackNotDue),
        ("asked back, and less of it", ClawbackRequested),
        ("agreed on what was paid", ClawbackNotDue),
        ("agreed on less than was paid", ClawbackRequested),
        ("agreed on more than was paid", RefundDue),
        ("cancelled", RefundDue),
        ("cancelled after a refusal", RefundDue),
        ("cancelled after a refusal, and paid", DisputeClosed),
        ("cancelled, and what was under way refused", RefundDue),
    ],
)
async def test_k18_i10_what_was_decided_and_neither_asked_for_nor_asked_back_is_owed(
    case: str, lost: type[Event]
) -> None:
    happened = without(CASES[case](), lost)
    assert (await faults(happened, rows_of(CASES[case]()))).get("owed", 0) >= 1


async def test_t45_s66_what_is_asked_back_of_a_cancelled_order_is_found() -> None:
    happened = cancelled(asking_back())
    whole = await fact_faults(("dispute", made_log(happened)))
    lost = await fact_faults(("dispute", made_log(without(happened, ClawbackNotDue))))
    assert "money: asked_back" in set(lost) - set(whole)


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        ("escalated", "evidence"),  # D3
        ("asked anew", "evidence"),
        ("under review", "review"),  # D5
        ("overdue", "review"),
        ("decided", "appeal"),  # D6
        ("decided", "survey"),  # D7
        ("appealed", "appeal_review"),  # D8
        ("appeal overdue", "appeal_review"),
    ],
)
async def test_d3_d5_d6_d7_d8_a_forgotten_deadline_is_missing(case: str, kind: str) -> None:
    happened = CASES[case]()
    kept = {key: due for key, due in rows_of(happened).items() if key != (dispute_stream(), kind)}
    assert kept.keys() < rows_of(happened).keys()
    assert (await faults(happened, kept)) == {"missing": 1}


async def test_a_survey_that_was_sent_is_not_waited_for_again_and_one_whose_time_was_over_is() -> None:
    sent = after(paid(decided()), survey(on("Mar 19")), appeal(on("Mar 20")), decide_appeal(on("Mar 27"), "20.00"))
    dropped = {key: at for key, at in rows_of(sent).items() if key[1] != "survey"}
    assert await faults(sent, dropped) == {}

    over = after(appealed(), expire("survey", on("Apr 3", "00:00")), decide_appeal(on("Apr 4"), "20.00"))
    dropped = {key: at for key, at in rows_of(over).items() if key[1] != "survey"}
    assert (await faults(over, dropped))["missing"] == 1
