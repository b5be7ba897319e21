"""Two persons: a ruling above an amount waits for another one's word (T15, T18, G15)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.state import DisputeState
from dispute.read_models.mediation import mediated
from dispute.views.as_of import dispute_row_of
from dispute.views.disputes.dispute import dispute_view
from dispute.views.mediation.queue import queue_row
from shared.events.base import Actor
from shared.events.dispute import RefundDue, SolutionReached
from shared.events.envelope import Metadata, Recorded
from shared.events.mediation import AppealDecided, AppealOutcome, AppealWindowClosed, DecisionIssued, Outcome
from shared.events.mediation.proposals import ProposalAgreed, ProposalDeclined, ProposalKind, ProposalMade
from shared.rejections import ConflictOfInterest, Forbidden, SameReviewer, ValidationFailed, WrongPhase
from tests.support.builders.disputes import (
    accept,
    counter,
    dispute_of,
    dispute_stream,
    expire,
    note_refund,
    opened,
    refund_due,
)
from tests.support.builders.mediation import (
    D3,
    REVIEWER_2,
    REVIEWER_3,
    SUPPORT,
    agree,
    appeal,
    ask_for,
    claim,
    decide,
    decide_appeal,
    decline,
    escalate,
    state,
)
from tests.support.builders.orders import BUYER, CASE_TEAM, SELLER, Histories, after, on, order, terms, usd
from tests.support.spec import given

NOON, LATER = on("Mar 18"), on("Mar 19")
EXPIRY = on("Mar 26", "00:00")
"""Of what was proposed on 18 March: the end of the seventh day."""


def limited(*limits: str) -> Histories:
    """A dispute of 50.00 under review since 18 March, whose terms want two persons above these amounts."""
    bound = terms(two_person_amounts=tuple(usd(limit) for limit in limits))
    happened = opened(happened=order(shipped="Mar 1", terms=bound))
    return after(happened, counter(on("Mar 13")), escalate(on("Mar 14")), expire("evidence", D3))


def proposed(amount: str = "30.01", **changed: Any) -> Histories:
    """By the first of the case team, at noon of 18 March."""
    return after(limited("30.00"), decide(NOON, amount, **changed))


def name_of(happened: Histories) -> str:
    made = dispute_of(happened).case.proposal
    assert made
    return made.proposal_id


def answered(happened: Histories, word: Any = agree, at: Any = LATER, actor: Actor = REVIEWER_2, **more: Any) -> Any:
    return given(decider, happened).when(word(at, actor, name=name_of(happened), **more))


@pytest.mark.parametrize(
    ("amount", "limits", "comes_to"),
    [
        ("30.00", ["30.00"], DecisionIssued),
        ("30.01", ["30.00"], ProposalMade),
        ("50.00", [], DecisionIssued),
        ("0.00", ["0.00"], DecisionIssued),
    ],
)
def test_t15_above_the_amount_of_the_terms_and_not_at_it_a_decision_takes_two(
    amount: str, limits: list[str], comes_to: type
) -> None:
    outcome = given(decider, limited(*limits)).when(decide(NOON, amount))
    assert type(outcome.events[0]) is comes_to


def test_t15_an_amount_of_another_currency_is_none() -> None:
    bound = terms(two_person_amounts=({"amount": "1", "currency": "JPY"},))
    happened = opened(happened=order(shipped="Mar 1", terms=bound))
    happened = after(happened, counter(on("Mar 13")), escalate(on("Mar 14")), expire("evidence", D3))
    assert isinstance(given(decider, happened).when(decide(NOON, "50.00")).events[0], DecisionIssued)


def test_t15_what_is_proposed_changes_nothing_and_says_all() -> None:
    outcome = given(decider, limited("30.00")).when(decide(NOON, "30.01")).then_types(ProposalMade)
    (made,) = outcome.events
    assert (made.kind, made.by, made.expires_at) == (ProposalKind.DECISION, CASE_TEAM.id, EXPIRY)
    assert (made.ruling.amount, made.rules) == (usd("30.01"), ("S2", "S45"))
    assert outcome.states[0].state == DisputeState.UNDER_REVIEW
    assert outcome.deadlines == given(decider, limited("30.00")).when(claim(NOON)).deadlines


def test_t15_a_proposal_passes_the_guards_of_a_decision() -> None:
    wrong = decide(NOON, "50.00", outcome=Outcome.SPLIT)
    given(decider, limited("30.00")).when(wrong).then_rejects(ValidationFailed)


def test_t15_g15_another_person_agrees_and_it_is_carried_out_as_it_was_proposed() -> None:
    happened = proposed()
    outcome = answered(happened)
    _, issued, _, due = outcome.then_types(ProposalAgreed, DecisionIssued, SolutionReached, RefundDue).events
    made = dispute_of(happened).case.proposal
    assert made and issued.ruling == made.ruling and issued.rules == made.rules
    assert (issued.decided_by, issued.agreed_by, issued.decided_at) == (CASE_TEAM.id, REVIEWER_2.id, LATER)
    assert (due.amount, outcome.states[0].state) == (usd("30.01"), DisputeState.DECIDED)
    assert outcome.states[0].case.proposal is None


def test_t15_who_declines_says_why_and_it_is_as_if_nobody_had_proposed_it() -> None:
    happened = proposed()
    command = decline(LATER, REVIEWER_2, name=name_of(happened))
    outcome = given(decider, happened).when(command).then_types(ProposalDeclined)
    assert [(text.ref, text.body) for text in command.personal] == [(outcome.events[0].reason_ref, "Not so.")]
    assert outcome.states[0].case.proposal is None
    outcome.when(decide(LATER, "20.00")).then_types(DecisionIssued, SolutionReached, RefundDue)


@pytest.mark.parametrize("word", [agree, decline])
def test_g15_the_same_person_is_no_second_one_and_a_party_none_at_all(word: Any) -> None:
    answered(proposed(), word, actor=CASE_TEAM).then_rejects(SameReviewer)
    for party in (BUYER, SELLER):
        both = Actor(id=party.id, roles=frozenset({"case_team"}))
        answered(proposed(), word, actor=both).then_rejects(ConflictOfInterest)
        answered(proposed(), word, actor=party).then_rejects(Forbidden)
    answered(proposed(), word, actor=SUPPORT).then_rejects(Forbidden)


def test_t15_a_proposal_is_good_until_the_end_of_its_seventh_day() -> None:
    assert not answered(proposed(), at=on("Mar 25", "23:59")).rejection
    answered(proposed(), at=EXPIRY).then_rejects(WrongPhase)
    answered(proposed(), decline, at=EXPIRY).then_rejects(WrongPhase)


def test_t15_a_newer_proposal_takes_the_place_of_the_older_one() -> None:
    first = proposed()
    second = after(first, decide(LATER, "40.00", actor=REVIEWER_2))
    given(decider, second).when(agree(LATER, REVIEWER_3, name=name_of(first))).then_rejects(WrongPhase)
    issued = answered(second, actor=CASE_TEAM).events[1]
    assert (issued.ruling.amount, issued.decided_by, issued.agreed_by) == (usd("40.00"), REVIEWER_2.id, CASE_TEAM.id)


def test_t15_whoever_has_the_case_a_colleague_agrees() -> None:
    happened = after(limited("30.00"), claim(NOON), decide(NOON, "30.01"))
    answered(happened).then_types(ProposalAgreed, DecisionIssued, SolutionReached, RefundDue)


def test_t15_a_change_of_the_state_ends_what_was_proposed() -> None:
    happened = proposed()
    asked = after(happened, ask_for(on("Mar 18", "13:00")))
    back = after(asked, state(on("Mar 18", "14:00"), answers={"box": "No."}, complete=True))
    assert (dispute_of(back).state, dispute_of(back).case.proposal) == (DisputeState.UNDER_REVIEW, None)
    given(decider, back).when(agree(LATER, name=name_of(happened))).then_rejects(WrongPhase)
    settled = after(happened, counter(on("Mar 18", "13:00")), accept(on("Mar 18", "14:00")))
    given(decider, settled).when(agree(LATER, name=name_of(happened))).then_rejects(WrongPhase)


def test_t15_an_alarm_ends_nothing() -> None:
    overdue = after(proposed(), expire("review", EXPIRY))
    assert dispute_of(overdue).case.proposal


# On appeal


def appealed() -> Histories:
    """20.00 were decided by one person, paid, and appealed by the buyer and the seller."""
    happened = after(limited("30.00"), decide(NOON, "20.00"))
    paid = after(happened, note_refund(refund_due(happened), on("Mar 18", "13:00")))
    return after(paid, appeal(on("Mar 19"), SELLER), appeal(on("Mar 19"), BUYER))


APPEALED: dict[str, Any] = {"answers": ProposalKind.APPEAL_DECISION, "at": on("Mar 21")}


def test_t18_an_appeal_that_gives_more_than_the_amount_takes_two_others() -> None:
    happened = after(appealed(), decide_appeal(on("Mar 20"), "45.00"))
    answered(happened, actor=CASE_TEAM, **APPEALED).then_rejects(SameReviewer)
    answered(happened, actor=REVIEWER_2, **APPEALED).then_rejects(SameReviewer)
    outcome = answered(happened, actor=REVIEWER_3, **APPEALED)
    types = (ProposalAgreed, AppealDecided, AppealWindowClosed, SolutionReached, RefundDue)
    _, decided, _, _, due = outcome.then_types(*types).events
    assert (decided.decided_by, decided.agreed_by, decided.decision) == (
        REVIEWER_2.id,
        REVIEWER_3.id,
        AppealOutcome.AMENDED,
    )
    assert due.amount == usd("25.00")


def test_g15_neither_of_the_two_who_decided_decides_the_appeal() -> None:
    happened = answered(proposed()).after
    paid = after(happened, note_refund(refund_due(happened), on("Mar 19", "13:00")))
    both = after(paid, appeal(on("Mar 20"), SELLER), appeal(on("Mar 20"), BUYER))
    for one in (CASE_TEAM, REVIEWER_2):
        given(decider, both).when(decide_appeal(on("Mar 21"), actor=one)).then_rejects(SameReviewer)
        given(decider, both).when(claim(on("Mar 21"), one)).then_rejects(SameReviewer)
    assert not given(decider, both).when(decide_appeal(on("Mar 21"), actor=REVIEWER_3)).rejection


def test_t18_what_is_upheld_takes_one() -> None:
    happened = answered(proposed()).after
    both = after(happened, appeal(on("Mar 20"), SELLER), appeal(on("Mar 20"), BUYER))
    outcome = given(decider, both).when(decide_appeal(on("Mar 21"), actor=REVIEWER_3))
    assert isinstance(outcome.events[0], AppealDecided)


# Who sees it


def test_what_is_proposed_is_shown_to_the_platforms_people_alone_until_it_expires() -> None:
    dispute = dispute_of(proposed())
    shown = {
        actor.id: dispute_view(dispute, 9, actor, LATER)["proposals"]
        for actor in (BUYER, SELLER, CASE_TEAM, REVIEWER_2, SUPPORT)
    }
    assert not shown[BUYER.id] and not shown[SELLER.id]
    (told,) = shown[REVIEWER_2.id]
    assert shown[CASE_TEAM.id] == shown[SUPPORT.id] == [told]
    assert (told["kind"], told["by"], told["expires_at"]) == ("decision", CASE_TEAM.id, EXPIRY)
    assert told["body"] and told["body"]["lines"] == [{"line_id": "l1", "amount": usd("30.01")}]
    assert dispute_view(dispute, 9, REVIEWER_2, EXPIRY)["proposals"] == []


def test_the_second_person_is_offered_to_agree_and_the_first_is_not() -> None:
    dispute = dispute_of(proposed())
    for actor, code in ((REVIEWER_2, None), (CASE_TEAM, "same_reviewer")):
        view = dispute_view(dispute, 9, actor, LATER)
        listed = [*view["available_actions"], *view["unavailable_actions"]]
        (action,) = [action for action in listed if action["rel"] == "agree-decision"]
        assert (action.get("code"), action["href"]) == (code, f"/v1/disputes/{dispute.opened.dispute_id}/decision")


def test_the_queue_says_what_waits_for_a_second_person() -> None:
    happened = proposed()
    assert mediated(happened[dispute_stream()][-1]) == {"proposed_until": EXPIRY}
    metadata = Metadata(NOON, UUID(int=1), "", str(CASE_TEAM), "", None, None, "o1")
    history = [
        Recorded(dispute_stream(), n, n, event, metadata) for n, event in enumerate(happened[dispute_stream()], 1)
    ]
    row = {**dispute_row_of(dispute_of(happened), history), "buyer_id": BUYER.id, "reviewer": None}
    for until, now, waits in ((EXPIRY, LATER, True), (EXPIRY, EXPIRY, False), (None, LATER, False)):
        shown = queue_row({**row, "proposed_until": until}, REVIEWER_2, now)
        assert (shown["two_person"], shown["looking"]) == (waits, ())
