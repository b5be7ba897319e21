"""Laws of growth: whatever words a next version writes into an event, nobody who reads it stumbles."""

from __future__ import annotations

import contextlib
import typing
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dispute.policies
import refund.policies
import return_label.policies
from dispute.domain.decider import decider
from dispute.domain.disputes.state import Dispute
from dispute.views.disputes.dispute import dispute_view
from refund.domain.decider import decider as refund_decider
from return_label.domain.decider import decider as return_decider
from shared.decider import Decider
from shared.events.base import Event
from shared.events.codec import EVENT_CLASSES, decode, type_name
from shared.events.dispute import Decision
from shared.events.envelope import Cause, Metadata, Recorded
from shared.events.errors import NewerVersion
from shared.events.ids import derived_uuid
from shared.events.logs import REFUND, RETURN_LABEL, Log
from shared.rejections import Rejected
from tests.laws.size import examples
from tests.shared.events.test_newer import golden
from tests.support.builders.disputes import accept, cancel, modify, respond
from tests.support.builders.orders import BUYER
from tests.support.random_life import Life
from tests.support.toys.marks import DAY_1
from tests.support.toys.newer import with_strange_words

SEEDS, STEPS = st.integers(0, 2**32), st.integers(1, 70)


@settings(max_examples=examples(50))
@given(SEEDS, STEPS)
def test_a_history_with_strange_words_folds_is_shown_and_is_decided_on_or_held_back(seed: int, steps: int) -> None:
    life = Life(Random(seed))
    for _ in range(steps):
        life.step()
    for stream, events in life.market.streams.items():
        strange = [with_strange_words(event) for event in events]
        state = decider.fold(stream, strange)
        for event in strange:
            list(decider.deadlines(stream, event))
        if isinstance(state, Dispute) and state.first_event:
            dispute_view(state, len(events), BUYER, life.market.now)
            ask_everything(decider, state, life)


def ask_everything(decider: Decider, state: Dispute, life: Life) -> None:
    """Each command is decided, refused or held back."""
    at = life.market.now
    for command in (accept(at), cancel(at), modify(at, amount="1.00"), respond(Decision.ACCEPT, at)):
        with contextlib.suppress(Rejected, NewerVersion):
            decider.decide(command, *(state, life.market.order)[: len(command.streams)])


@pytest.mark.parametrize(("log", "decider"), [(REFUND, refund_decider), (RETURN_LABEL, return_decider)])
def test_the_other_services_fold_strange_words_too(log: Log, decider: Decider) -> None:
    for category in log.streams:
        events = [strange(type_name(event_class)) for event_class in typing.get_args(log.streams[category])]
        decider.fold(f"{category}-o1", events)
        assert decider.fold(f"{category}-o1", events[:1]) != decider.streams[category].initial


@pytest.mark.parametrize("policy", [dispute.policies, refund.policies, return_label.policies])
@pytest.mark.parametrize("name", EVENT_CLASSES)
def test_a_policy_sends_on_strange_words_sends_nothing_or_holds_back(policy: Any, name: str) -> None:
    metadata = Metadata.of(Cause(derived_uuid(name), DAY_1, "system"), "o1")
    with contextlib.suppress(NewerVersion):
        for react in (policy.react, policy.notify):
            list(react(Recorded("any-1", 1, 1, strange(name), metadata)))


def strange(name: str) -> Event:
    return with_strange_words(decode(name, golden(name)))
