"""Notifications of a dispute: whom the policy asks to be told of what happened, and that each is asked for once."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.policies import notify
from shared.events import dispute as events
from shared.events.base import Event
from shared.events.dispute import Decision
from shared.events.mediation import ClawbackNotDue, ClawbackRequested
from shared.events.notification import NotificationRequested
from shared.events.order import LineAmount
from shared.events.slot import slot_of_stream
from shared.notifications.requests import RequestNotifications
from tests.support.builders import disputes as d
from tests.support.builders.orders import on, usd
from tests.support.policies import AT, recorded
from tests.support.spec import given

OPENED = d.opened()
ANSWERED = d.countered()


def last(happened: Any, kind: type[Event]) -> Any:
    return next(event for event in reversed(happened[d.dispute_stream()]) if isinstance(event, kind))


def told(event: Event) -> RequestNotifications:
    """What the policy asks for of an event of the first dispute."""
    sends = notify(recorded(event, d.dispute_stream()))
    [command] = [send.command for send in sends if isinstance(send.command, RequestNotifications)]
    return command


def notified(happened: Any, event: Event) -> list[NotificationRequested]:
    """The notifications that come of it."""
    return given(decider, happened).when(told(event)).events


def test_s54_the_seller_is_told_of_an_opened_dispute_and_until_when_to_answer() -> None:
    opened = last(OPENED, events.DisputeOpened)
    [asked] = notified(OPENED, opened)
    assert (asked.kind, asked.role, asked.recipient) == ("deadline_started", "seller", "seller-1")
    assert (asked.deadline, asked.due_at) == ("seller_response", opened.respond_by)
    assert (asked.order_id, asked.about, asked.dispute_id) == ("o1", d.dispute_id(), d.dispute_id())
    assert asked.requested_at == AT


def test_s54_the_buyer_is_told_of_the_sellers_answer_and_until_when_to_react() -> None:
    answer = last(ANSWERED, events.SellerResponded)
    [asked] = notified(ANSWERED, answer)
    assert (asked.kind, asked.role, asked.recipient) == ("seller_responded", "buyer", "buyer-1")
    assert (asked.deadline, asked.due_at) == ("buyer_response", answer.answer_by)


def test_s54_an_answer_after_which_nobody_has_to_act_is_told_without_a_deadline() -> None:
    accepted = d.agreed()
    [asked] = notified(accepted, last(accepted, events.SellerResponded))
    assert (asked.deadline, asked.due_at) == (None, None)


def test_s54_both_are_told_of_a_solution_each_on_a_stream_of_its_own() -> None:
    happened = d.agreed()
    solution = last(happened, events.SolutionReached)
    command = told(solution)
    outcome = given(decider, happened).when(command)
    assert [asked.recipient for asked in outcome.events] == ["buyer-1", "seller-1"]
    assert {asked.amount for asked in outcome.events} == {solution.solution.amount}
    for stream, written in outcome.by_stream.items():
        assert not written or stream == f"notification-{written[0].notification_id}"
    assert outcome.by_stream[d.dispute_stream()] == [], "no ETag moves"
    assert len({slot_of_stream(stream.name) for stream in command.streams}) == 1


def test_s54_what_was_asked_for_is_not_asked_for_again_whatever_happened_meanwhile() -> None:
    command = told(last(OPENED, events.DisputeOpened))
    later = given(decider, OPENED).when(command).when(d.respond(Decision.ACCEPT, on("Mar 13")))
    later.when(command.model_copy(update={"command_id": d.dispute_stream()})).then_nothing()


@pytest.mark.parametrize("kind", [events.SolutionProposed])
def test_s54_what_another_event_tells_is_not_told_twice(kind: type[Event]) -> None:
    assert list(notify(recorded(last(ANSWERED, kind)))) == []


@pytest.mark.parametrize("party", ["buyer", "seller"])
def test_s54_k19_who_is_asked_for_money_is_told_and_once_more_when_he_is_asked_no_longer(party: str) -> None:
    back = ClawbackRequested(
        clawback_id="clw_1",
        dispute_id=d.dispute_id(),
        order_id="o1",
        payment_id="pay-1",
        party=party,
        lines=(LineAmount(line_id="l1", amount=usd("30.00")),),
        amount=usd("30.00"),
        rules=("K19",),
    )
    asked = [
        (each.kind, each.role, each.amount)
        for event in (back, ClawbackNotDue(**dict(back)))
        for each in notified(OPENED, event)
    ]
    assert asked == [(kind, party, usd("30.00")) for kind in ("clawback_requested", "clawback_withdrawn")]


def test_s54_a_notification_is_nothing_to_be_told_of() -> None:
    [asked] = notified(OPENED, last(OPENED, events.DisputeOpened))
    assert list(notify(recorded(asked, f"notification-{asked.notification_id}"))) == []
