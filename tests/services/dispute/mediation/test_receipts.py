"""Receipts: a decision decided anew from its receipt alone is the same, and a changed receipt is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispute.domain.disputes.difference import asked_back, asked_for
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.mediation.receipts import Fact, decides, receipt_of
from dispute.domain.disputes.mediation.ruling import RuledLine
from dispute.domain.disputes.visibility import BUYER as LOOKS_AS_BUYER
from dispute.domain.disputes.visibility import PLATFORM
from dispute.views.mediation.receipts import receipt_view, recomputation_view
from shared.events.base import Event
from shared.events.dispute import (
    Decision,
    RefundDue,
    RefundOutcome,
    ReturnDue,
    ReturnNotDue,
    SolutionReached,
    SolutionType,
)
from shared.events.envelope import Metadata, Recorded
from shared.events.mediation import (
    AppealDecided,
    AppealOutcome,
    AppealWindowClosed,
    ClawbackNotDue,
    ClawbackRequested,
    DecisionIssued,
    Outcome,
)
from shared.events.money import Money
from shared.notifications.renderer import LANGUAGES
from shared.rejections import NotFound
from tests.laws.size import examples
from tests.support.builders.disputes import (
    counter,
    dispute_of,
    dispute_stream,
    expire,
    note_refund,
    opened,
    refund_due,
    respond,
)
from tests.support.builders.mediation import D3, appeal, appealed, decide, decide_appeal, decided, escalate, paid
from tests.support.builders.orders import BUYER, Histories, after, on, order, order_line
from tests.support.dispute_service import Market
from tests.support.random_life import Life

FOLLOWS = (SolutionReached, RefundDue, ReturnDue, ReturnNotDue, ClawbackNotDue, ClawbackRequested, AppealWindowClosed)
"""What a decision brings about in its own append."""


def recorded(stream: str, events: Sequence[Event]) -> list[Recorded[Event]]:
    """The stream as the log holds it: what follows from a decision is of the decision's command."""
    history: list[Recorded[Event]] = []
    command = UUID(int=1)
    for version, event in enumerate(events, 1):
        own = isinstance(event, FOLLOWS) and not decides(event)
        command = command if own else uuid5(command, str(version))
        metadata = Metadata(on("Mar 12"), command, "", "system", "", None, None, "o1")
        history.append(Recorded(stream, version, version, event, metadata))
    return history


def decisions(history: Sequence[Recorded[Event]]) -> list[int]:
    return [part.version for part in history if decides(part.event)]


def decided_in(market: Market) -> int:
    """How many decisions of a life there are; each recomputes."""
    found = 0
    for stream, events in market.streams.items():
        history = recorded(stream, events) if stream.startswith("dispute-") else []
        for version in decisions(history):
            view = recomputation_view(receipt_of(history, version))
            assert view["same"], view
            assert view["differences"] == []
            found += 1
    return found


@pytest.mark.parametrize("seed", range(8))
def test_every_decision_of_a_life_recomputes(seed: int) -> None:
    life = Life(Random(seed))
    for _ in range(60):
        life.step()
    decided_in(life.market)


CAPS = {"l1": 5000, "l2": 3001, "l3": 19}
LINES = tuple(order_line(name, Money(minor, "USD").amount) for name, minor in CAPS.items())
NAMED = tuple(RequestedLine(line_id=name) for name in CAPS)
REVIEWED = after(
    opened(happened=order(*LINES, shipped="Mar 1"), lines=NAMED, amount="80.20"),
    counter(on("Mar 13")),
    escalate(on("Mar 14")),
    expire("evidence", D3),
)
"""A dispute over three lines, under review."""
AMOUNTS = st.fixed_dictionaries({name: st.integers(0, cap) for name, cap in CAPS.items()})


def found(amounts: Mapping[str, int]) -> dict[str, Any]:
    """The ruling that these amounts are."""
    amount = sum(amounts.values())
    outcome = Outcome.SPLIT if 0 < amount < sum(CAPS.values()) else Outcome.BUYER_FAVOUR
    lines = tuple(RuledLine(line_id=name, amount=Money(minor, "USD")) for name, minor in amounts.items())
    kind = SolutionType.REFUND_ONLY if amount else None
    return {"outcome": outcome if amount else Outcome.SELLER_FAVOUR, "type": kind, "lines": lines}


@settings(max_examples=examples(200))
@given(AMOUNTS, AMOUNTS)
def test_a_decision_recomputed_from_its_receipt_is_the_same(first: dict[str, int], then: dict[str, int]) -> None:
    happened = after(REVIEWED, decide(on("Mar 18"), **found(first)))
    happened = paid(happened) if sum(first.values()) else happened
    word = AppealOutcome.UPHELD if first == then else AppealOutcome.AMENDED
    changed = {} if first == then else found(then)
    happened = after(happened, appeal(on("Mar 20")), decide_appeal(on("Mar 27"), decision=word, **changed))
    history = history_of(happened)
    assert len(decisions(history)) == 2
    for version in decisions(history):
        view = recomputation_view(receipt_of(history, version))
        assert view["same"] and view["differences"] == [], view
    asked, back = asked_for(dispute_of(happened)), asked_back(dispute_of(happened))
    assert {name: asked.get(name, 0) - back.get(name, 0) for name in CAPS} == then


def history_of(happened: Histories) -> list[Recorded[Event]]:
    return recorded(dispute_stream(), happened[dispute_stream()])


@pytest.mark.parametrize("amount", ["0.00", "10.00", "45.00", None])
def test_k18_an_appeals_receipt_holds_what_was_asked_for_before(amount: str | None) -> None:
    history = history_of(after(appealed(), decide_appeal(on("Mar 27"), amount)))
    version = next(part.version for part in history if isinstance(part.event, AppealDecided))
    receipt = receipt_of(history, version)
    assert {fact.name: fact.value for fact in receipt.facts}["asked_minor"] == {"l1": 3000}
    assert recomputation_view(receipt)["same"]


@pytest.mark.parametrize(
    ("happened", "kind", "role"),
    [
        (after(opened(), respond(Decision.ACCEPT, on("Mar 13"))), "negotiated", "parties"),
        (after(opened(), expire("seller_response", on("Mar 18", "00:00"))), "seller_timeout", "system"),
        (decided(), "arbitrated", "case_team"),
    ],
)
def test_g13_silence_and_agreement_have_a_receipt_too(happened: Histories, kind: str, role: str) -> None:
    history = history_of(happened)
    (version,) = decisions(history)
    view = receipt_view(receipt_of(history, version), dispute_of(happened), "/v1/disputes/dsp_1", {PLATFORM}, "en")
    assert (view["kind"], view["decided_by"]["role"], view["event"]) == (kind, role, f"{dispute_stream()}/{version}")
    assert view["plain"].endswith(".") and view["facts"][0]["event"] == f"{dispute_stream()}/1"


def plain(happened: Histories, language: str = "en") -> str:
    """What the receipt of the last decision says in words, between its day and its rules."""
    history = history_of(happened)
    receipt = receipt_of(history, decisions(history)[-1])
    view = receipt_view(receipt, dispute_of(happened), "/v1/disputes/dsp_1", {PLATFORM}, language)
    return str(view["plain"].partition(": ")[2].rpartition(", by ")[0] or view["plain"])


HANDED_BACK: dict[str, Any] = {"type": SolutionType.RETURN_AND_REFUND}
RETURNED = after(opened(**HANDED_BACK), counter(on("Mar 13")), escalate(on("Mar 14")), expire("evidence", D3))
GIVEN_UP = after(
    decided(), note_refund(refund_due(decided()), on("Mar 19"), RefundOutcome.ABANDONED), appeal(on("Mar 20"), BUYER)
)
WAITING = after(RETURNED, decide(on("Mar 18"), **HANDED_BACK), appeal(on("Mar 20")))


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        (decided(), "30.00 USD go back to the buyer at once"),
        (decided("0.00"), "nothing goes back"),
        (
            after(RETURNED, decide(on("Mar 18"), **HANDED_BACK)),
            "30.00 USD go back to the buyer once the goods are back",
        ),
        (after(appealed(), decide_appeal(on("Mar 27"))), "30.00 USD is already paid or on its way to the buyer"),
        (
            after(appealed(), decide_appeal(on("Mar 27"), "45.00")),
            "the buyer gets 45.00 USD in all; 30.00 USD is already paid or on its way to the buyer; "
            "15.00 USD go back to the buyer at once",
        ),
        (
            after(appealed(), decide_appeal(on("Mar 27"), "10.00")),
            "the buyer gets 10.00 USD in all; 30.00 USD is already paid or on its way to the buyer; "
            "20.00 USD is asked back from the buyer",
        ),
        (
            after(appealed(), decide_appeal(on("Mar 27"), "0.00")),
            "nothing goes back; 30.00 USD is already paid or on its way to the buyer; "
            "30.00 USD is asked back from the buyer",
        ),
        (after(WAITING, decide_appeal(on("Mar 27"))), "30.00 USD go back to the buyer once the goods are back"),
        (
            after(WAITING, decide_appeal(on("Mar 27"), "40.00", **HANDED_BACK)),
            "40.00 USD go back to the buyer once the goods are back",
        ),
        (after(WAITING, decide_appeal(on("Mar 27"), "20.00")), "20.00 USD go back to the buyer at once"),
        (after(GIVEN_UP, decide_appeal(on("Mar 27"))), "30.00 USD was given up by support, and is not paid"),
        (after(GIVEN_UP, decide_appeal(on("Mar 27"), "30.00")), "30.00 USD go back to the buyer at once"),
        (after(GIVEN_UP, decide_appeal(on("Mar 27"), "45.00")), "45.00 USD go back to the buyer at once"),
    ],
)
def test_s52_k18_a_receipt_says_what_goes_what_went_and_what_is_asked_back(happened: Histories, said: str) -> None:
    assert plain(happened) == said


def test_s52_k18_what_goes_on_one_line_and_comes_back_on_another_is_said_apart() -> None:
    first, then = {"l1": 5000, "l2": 2000, "l3": 0}, {"l1": 3000, "l2": 2500, "l3": 19}
    happened = after(paid(after(REVIEWED, decide(on("Mar 18"), **found(first)))), appeal(on("Mar 20")))
    said = plain(after(happened, decide_appeal(on("Mar 27"), decision=AppealOutcome.AMENDED, **found(then))))
    assert said == (
        "the buyer gets 55.19 USD in all; 70.00 USD is already paid or on its way to the buyer; "
        "5.19 USD go back to the buyer at once; 20.00 USD is asked back from the buyer"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_s52_k18_it_says_so_in_every_language(language: str) -> None:
    said = plain(after(appealed(), decide_appeal(on("Mar 27"), "10.00")), language)
    assert [amount in said for amount in ("10.00 USD", "30.00 USD", "20.00 USD")] == [True] * 3


def test_parties_learn_that_the_case_team_decided_and_not_who() -> None:
    history = history_of(decided())
    (version,) = decisions(history)
    shown = {
        who: receipt_view(receipt_of(history, version), dispute_of(decided()), "/v1/disputes/dsp_1", {who}, "en")
        for who in (LOOKS_AS_BUYER, PLATFORM)
    }
    assert [view["decided_by"]["person"] for view in shown.values()] == [None, "case-1"]
    assert shown[LOOKS_AS_BUYER]["digest"] == shown[PLATFORM]["digest"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("terms", {"appeal_days": 8, "survey_days": 15, "timezone": "UTC"}),
        ("decided_at", "2026-03-19T12:00:00.000000Z"),
    ],
)
def test_another_fact_comes_to_something_else_and_is_named(name: str, value: object) -> None:
    history = history_of(decided())
    (version,) = decisions(history)
    receipt = receipt_of(history, version)
    other = tuple(Fact(name, value, fact.event) if fact.name == name else fact for fact in receipt.facts)
    view = recomputation_view(replace(receipt, facts=other))
    assert not view["same"] and "appeal_until" in {difference["member"] for difference in view["differences"]}


@pytest.mark.parametrize("version", [0, 1, 99])
def test_what_decided_nothing_has_no_receipt(version: int) -> None:
    with pytest.raises(NotFound):
        receipt_of(history_of(decided()), version)


def test_an_arbitrated_receipt_is_of_its_own_event() -> None:
    history = history_of(decided())
    (version,) = decisions(history)
    assert isinstance(receipt_of(history, version).decision.event, DecisionIssued)
