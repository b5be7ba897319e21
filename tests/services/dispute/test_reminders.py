"""Reminders: they follow the dispute's deadlines, are sent at their instants, and go with what they remind of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.reminders.keeping import KeepReminders
from dispute.policies import notify
from shared.events import dispute as events
from shared.events.base import SYSTEM, Event
from shared.events.dispute import Decision
from shared.events.ids import derived_uuid
from shared.events.notification import Reminder, ReminderSent, RemindersSet
from tests.support.builders import disputes as d
from tests.support.builders import mediation as m
from tests.support.builders.orders import BUYER, ORDER, SELLER, expire_stream, on
from tests.support.policies import recorded
from tests.support.spec import Outcome, given

DAY = timedelta(days=1)
REMINDERS = f"reminder-{d.dispute_id()}"
D1, D2 = on("Mar 18", "00:00"), on("Mar 19", "00:00")
OF_SELLER, OF_BUYER = "reminder:seller_response:seller", "reminder:buyer_response:buyer"

Happened = Mapping[str, Sequence[Event]]


def keep(at: datetime) -> KeepReminders:
    named = {"dispute_id": d.dispute_id(), "order_id": ORDER}
    return KeepReminders(command_id=derived_uuid("keep", at), actor=SYSTEM, at=at, **named)


def kept(happened: Happened, at: datetime) -> Outcome:
    """The reminders as they follow what happened by then."""
    return given(decider, happened).when(keep(at))


def reminder(deadline: str, role: str, due_at: datetime) -> Reminder:
    return Reminder(deadline=deadline, role=role, due_at=due_at, remind_at=due_at - DAY)


def rows(outcome: Outcome) -> dict[str, Any]:
    return {kind: due for (stream, kind), due in outcome.deadlines.items() if stream == REMINDERS}


def reminds(kind: str, due_at: datetime, at: datetime | None = None) -> Any:
    """The timer of a reminder asks."""
    return expire_stream(REMINDERS, kind, due_at - DAY, at)


def test_s54_the_seller_is_to_be_reminded_a_day_before_the_answer_is_due() -> None:
    outcome = kept(d.opened(), on("Mar 12"))
    outcome.then(
        RemindersSet(dispute_id=d.dispute_id(), reminders=(reminder("seller_response", "seller", D1),), rules=("S54",))
    )
    assert rows(outcome) == {OF_SELLER: D1 - DAY}


def test_s54_a_reminder_goes_with_its_deadline_and_the_next_one_takes_its_place() -> None:
    outcome = kept(d.opened(), on("Mar 12")).when(d.counter(on("Mar 13"))).when(keep(on("Mar 13")))
    assert rows(outcome) == {OF_BUYER: D2 - DAY}
    outcome = outcome.when(d.accept(on("Mar 14"))).when(keep(on("Mar 14")))
    assert rows(outcome) == {}


def test_s54_what_stands_already_is_nothing_new_even_when_its_instant_has_come() -> None:
    kept(d.opened(), on("Mar 12")).when(keep(on("Mar 17"))).then_nothing()


def test_s54_at_its_instant_the_side_that_has_to_act_is_told_once() -> None:
    outcome = kept(d.opened(), on("Mar 12")).when(reminds(OF_SELLER, D1)).accepted
    sent, near = outcome.events
    assert (sent.deadline, sent.role, sent.due_at) == ("seller_response", "seller", D1)
    assert (near.kind, near.recipient, near.deadline, near.due_at) == (
        "deadline_near",
        "seller-1",
        "seller_response",
        D1,
    )
    assert near.source_event == f"{REMINDERS}/1"
    assert outcome.decided[f"notification-{near.notification_id}"] == [near]
    assert outcome.decided[d.dispute_stream()] == [], "no ETag moves"
    assert rows(outcome) == {}
    outcome.when(keep(on("Mar 17"))).then_nothing()


def test_s54_nobody_is_reminded_of_what_has_gone_meanwhile() -> None:
    answered = kept(d.opened(), on("Mar 12")).when(d.respond(Decision.ACCEPT, on("Mar 13")))
    outcome = answered.when(reminds(OF_SELLER, D1))
    outcome.then(RemindersSet(dispute_id=d.dispute_id(), reminders=(), rules=("S54",)))
    assert rows(outcome) == {}


def test_s54_who_has_less_time_than_the_reminder_takes_is_not_reminded() -> None:
    kept(d.opened(), D1 - DAY).then_nothing()


@pytest.mark.parametrize("event", [events.SellerResponded, events.DisputeOpened])
def test_s54_on_whatever_starts_or_ends_a_deadline_the_reminders_follow(event: type[Event]) -> None:
    happened = next(one for one in d.countered()[d.dispute_stream()] if isinstance(one, event))
    sends = list(notify(recorded(happened, d.dispute_stream())))
    assert [send.command.first_stream.name for send in sends if isinstance(send.command, KeepReminders)] == [REMINDERS]


def test_s54_a_sent_reminder_says_which_notification_it_became() -> None:
    sent, near = kept(d.opened(), on("Mar 12")).when(reminds(OF_SELLER, D1)).events
    assert isinstance(sent, ReminderSent)
    assert sent.notification_id == near.notification_id


def test_d3_s54_both_sides_are_reminded_of_the_evidence_and_who_is_complete_is_not() -> None:
    outcome = kept(m.escalated(), on("Mar 14"))
    assert rows(outcome) == {f"reminder:evidence:{role}": m.D3 - DAY for role in ("buyer", "seller")}
    said = outcome.when(m.state(on("Mar 15"), SELLER))
    told = said.when(reminds("reminder:evidence:buyer", m.D3)).accepted.events
    assert [event.recipient for event in told if event.__class__.__name__ == "NotificationRequested"] == [BUYER.id]
    said.when(reminds("reminder:evidence:seller", m.D3)).then_types(RemindersSet)


def test_d6_s54_both_sides_are_reminded_of_the_appeal_and_who_has_appealed_is_not() -> None:
    outcome = kept(m.decided(), on("Mar 19"))
    assert rows(outcome) == {f"reminder:appeal:{role}": m.D6 - DAY for role in ("buyer", "seller")}
    outcome = outcome.when(m.appeal(on("Mar 20"), SELLER)).when(keep(on("Mar 20")))
    assert rows(outcome) == {"reminder:appeal:buyer": m.D6 - DAY}
