"""The ledger of deadlines: each from its start to its end, with what it is counted by and what happens then."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispute.domain.deadlines import DeadlineKind, ExpireDeadline
from dispute.domain.decider import decider
from dispute.domain.disputes import timers as disputes
from dispute.domain.orders import timers
from dispute.domain.warranties import state as warranties
from dispute.views.disputes.deadlines import LedgerEntry, ledger
from dispute.views.disputes.deadlines_rules import DEADLINE_RULES
from shared.events.base import SYSTEM, Command, wire_time
from shared.events.calendar import within_days
from shared.events.envelope import Cause
from shared.events.ids import derived_uuid
from shared.eventstore.command_handling import handle
from shared.eventstore.memory import MemoryEventStore
from tests.support.builders import disputes as d
from tests.support.builders import mediation as m
from tests.support.builders.orders import BUYER, ORDER_STREAM, SELLER, on, record, register, terms

SHIPPED = (register(), record("shipped", on("Mar 1")))
OPENED = (*SHIPPED, d.open_dispute(on("Mar 12")))


async def entries(stream: str, *commands: Command) -> list[LedgerEntry]:
    """The ledger of the stream behind these commands."""
    store = MemoryEventStore(decider.deadlines)
    for command in commands:
        await handle(store, decider, command, Cause.of(command))
    (history,) = await store.load(stream)
    return list(ledger(history, terms())["data"])


def timer(stream: str, kind: str, due_at: datetime) -> ExpireDeadline:
    """The due loop's command at the instant."""
    command_id = derived_uuid(stream, kind, wire_time(due_at))
    named: dict[str, Any] = {"command_id": command_id, "actor": SYSTEM, "at": due_at}
    return ExpireDeadline(stream=stream, key="o1", kind=kind, due_at=due_at, **named)


def recomputed(entry: LedgerEntry) -> datetime:
    """The end, from the formula alone."""
    formula = entry["formula"]
    if formula["unit"] == "hours":
        return formula["anchor_at"] + timedelta(hours=formula["count"])
    return within_days(formula["anchor_at"], formula["count"], formula["timezone"])


async def test_d1_an_open_dispute_waits_for_the_seller_and_says_why_and_what_comes_next() -> None:
    [entry] = await entries(d.dispute_stream(), *OPENED)
    assert (entry["kind"], entry["rule"], entry["party"], entry["state"]) == (
        "seller_response",
        "D1",
        "seller",
        "running",
    )
    assert (entry["started_at"], entry["due_at"]) == (on("Mar 12"), on("Mar 18", "00:00"))
    assert entry["started_by"] == f"{d.dispute_stream()}/1"
    formula = entry["formula"]
    assert (formula["anchor"], formula["anchor_at"], formula["count"]) == ("dispute_opened", on("Mar 12"), 5)
    assert (formula["parameter"], formula["programme"]) == ("negotiation.seller_response_days", "aliexpress_basic")
    assert "granted" in entry["effect"]


async def test_d1_an_answer_clears_it_and_silence_lets_it_fire() -> None:
    stream, due_at = d.dispute_stream(), on("Mar 18", "00:00")
    answered = await entries(stream, *OPENED, d.counter(on("Mar 13")))
    assert [(x["kind"], x["state"], x["ended_by"]) for x in answered] == [
        ("seller_response", "cleared", f"{stream}/2"),
        ("buyer_response", "running", None),
        ("negotiation", "running", None),
    ]
    [silent] = await entries(stream, *OPENED, timer(stream, DeadlineKind.SELLER_RESPONSE, due_at))
    assert (silent["state"], silent["due_at"]) == ("fired", due_at)


async def test_d4_rests_while_the_seller_is_to_answer_and_goes_on_behind_the_answer() -> None:
    stream, commands = d.dispute_stream(), (*OPENED, d.counter(on("Mar 13")), d.modify(on("Mar 14"), amount="40.00"))
    resting = [x for x in await entries(stream, *commands) if x["kind"] == "negotiation"]
    [negotiation] = resting
    assert negotiation["state"] == "paused"
    assert negotiation["remaining_seconds"] == (on("Mar 21", "00:00") - on("Mar 14")).total_seconds()
    [again] = [
        x for x in await entries(stream, *commands, d.counter(on("Mar 15"), "30.00")) if x["kind"] == "negotiation"
    ]
    assert (again["state"], again["remaining_seconds"], again["due_at"]) == ("running", None, on("Mar 21", "00:00"))


BOTH = (m.state(on("Mar 14", "13:00"), BUYER), m.state(on("Mar 14", "14:00"), SELLER))
REVIEWED = (*OPENED, d.counter(on("Mar 13")), m.escalate(on("Mar 14")), *BOTH)


@pytest.mark.parametrize(
    ("days", "count", "parameter"),
    [(None, 3, "escalation.evidence_days"), (10, 10, "evidence_request.days"), (3, 3, "escalation.evidence_days")],
)
async def test_t14_d3_says_how_many_days_the_case_team_gave(days: int | None, count: int, parameter: str) -> None:
    asked = await entries(d.dispute_stream(), *REVIEWED, m.ask_for(on("Mar 15"), days=days))
    (entry,) = [each for each in asked if (each["kind"], each["state"]) == ("evidence", "running")]
    assert (entry["formula"]["count"], entry["formula"]["parameter"]) == (count, parameter)
    assert recomputed(entry) == entry["due_at"]


async def test_t18_d7_of_a_survey_that_is_answered_does_not_begin_again() -> None:
    decided = (
        *REVIEWED,
        m.decide(on("Mar 15"), "0.00"),
        m.survey(on("Mar 16")),
        m.appeal(on("Mar 16", "13:00"), BUYER),
    )
    judged = (*decided, m.appeal(on("Mar 17"), SELLER), m.decide_appeal(on("Mar 18")))
    surveys = [each["state"] for each in await entries(d.dispute_stream(), *judged) if each["kind"] == "survey"]
    assert surveys == ["cleared"]


async def test_p_says_which_fact_it_is_counted_from_and_what_moved_it() -> None:
    [provisional] = await entries(ORDER_STREAM, *SHIPPED)
    assert provisional["formula"]["anchor"] == "shipped"
    assert provisional["formula"]["parameter"] == "protection.undelivered_fallback_days"
    [moved] = await entries(ORDER_STREAM, *SHIPPED, record("delivered", on("Mar 9")))
    assert moved["formula"]["anchor"] == "received"
    move = moved["moves"][-1]
    assert (move["from_at"], move["to_at"]) == (provisional["due_at"], moved["due_at"])
    assert move["because"] == "order_delivered"


async def test_r_follows_p_when_it_has_fired() -> None:
    commands = (*SHIPPED, record("delivered", on("Mar 9")))
    [protection] = await entries(ORDER_STREAM, *commands)
    fired = timer(ORDER_STREAM, DeadlineKind.PROTECTION_END, protection["due_at"])
    over, release = await entries(ORDER_STREAM, *commands, fired)
    assert (over["state"], release["kind"], release["state"]) == ("fired", "release", "running")
    assert release["formula"]["unit"] == "hours"


async def test_the_formula_of_every_deadline_gives_its_end() -> None:
    found = [
        *await entries(d.dispute_stream(), *OPENED, d.counter(on("Mar 13")), d.modify(on("Mar 14"), amount="40.00")),
        *await entries(ORDER_STREAM, *SHIPPED),
        *await entries(ORDER_STREAM, *SHIPPED, record("delivered", on("Mar 9"))),
        *await entries(ORDER_STREAM, register(), record("finished", on("Mar 5"))),
    ]
    assert [(entry["kind"], recomputed(entry)) for entry in found] == [
        (entry["kind"], entry["due_at"]) for entry in found
    ]


@pytest.mark.parametrize("kind", [*disputes.KINDS, *timers.KINDS, *warranties.KINDS])
def test_every_kind_of_deadline_has_a_rule_a_parameter_and_an_effect(kind: str) -> None:
    rule = DEADLINE_RULES[kind]
    assert hasattr(terms(), rule.term)
    assert rule.effect.endswith(".")
