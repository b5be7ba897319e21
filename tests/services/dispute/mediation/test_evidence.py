"""Evidence in a mediation: every item has its weight, statements and appeals name items, and a review takes none."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.rejections import UnexplainedDecision
from dispute.views.evidence import item_views
from shared.events.dispute import Decision, RefundDue, SolutionReached
from shared.events.evidence import EvidenceAdded, EvidenceUploaded
from shared.events.mediation import Appealed, DecisionIssued, StatementSubmitted, Weighed
from shared.rejections import ValidationFailed, WrongPhase
from tests.support.builders.disputes import counter, dispute_of, expire, opened, respond
from tests.support.builders.evidence import add, remove, upload, upload_id
from tests.support.builders.mediation import D3, appeal, decide, decide_appeal, escalate, state
from tests.support.builders.orders import BUYER, SELLER, Histories, after, on
from tests.support.spec import given

SHOWN, TAKEN_BACK = add(on("Mar 14")), add(on("Mar 14"), n=2)


def gathering() -> Histories:
    """Escalated on 14 March, with a picture of the buyer's, another that was taken back, and one to be named."""
    return after(
        opened(),
        counter(on("Mar 13")),
        escalate(on("Mar 14")),
        SHOWN,
        TAKEN_BACK,
        remove(on("Mar 14"), n=2),
        upload(on("Mar 16"), n=3),
    )


def under_review() -> Histories:
    return after(gathering(), expire("evidence", D3))


@pytest.mark.parametrize(
    ("weights", "missing"),
    [({}, [SHOWN.evidence_id]), ({SHOWN.evidence_id: 0}, None), ({SHOWN.evidence_id: 3}, None)],
)
def test_g13_every_item_that_stands_has_a_weight(weights: dict[str, int], missing: Any) -> None:
    outcome = given(decider, under_review()).when(decide(on("Mar 18"), weights=weights))
    if missing:
        assert outcome.then_rejects(UnexplainedDecision).members["missing"] == missing
    else:
        issued = outcome.then_types(DecisionIssued, SolutionReached, RefundDue).events[0]
        assert issued.ruling.weights == tuple(Weighed(evidence_id=name, weight=n) for name, n in weights.items())


def test_g13_what_was_taken_back_weighs_nothing() -> None:
    weights = {SHOWN.evidence_id: 2, TAKEN_BACK.evidence_id: 2}
    refusal = given(decider, under_review()).when(decide(on("Mar 18"), weights=weights)).then_rejects(ValidationFailed)
    assert refusal.errors[0]["code"] == "unknown_evidence"


def test_s50_t42_a_statement_names_items_and_they_become_the_disputes() -> None:
    outcome = given(decider, gathering()).when(state(on("Mar 16"), evidence=(upload_id(n=3),)))
    assert EvidenceAdded in map(type, outcome.events) and StatementSubmitted in map(type, outcome.events)
    assert upload_id(n=3) in {item.evidence_id for item in outcome.states[0].evidence.standing()}
    given(decider, gathering()).when(state(on("Mar 16"), SELLER, evidence=(upload_id(n=3),))).then_rejects(
        ValidationFailed
    )


def test_t11_t14_under_review_nobody_adds_anything() -> None:
    named = respond(Decision.ACCEPT, on("Mar 18"), evidence=("evd_1",))
    given(decider, under_review()).when(named).then_rejects(WrongPhase)
    given(decider, under_review()).when(add(on("Mar 18"), n=4)).then_rejects(WrongPhase)


def test_t11_t17_an_appeal_may_bring_new_evidence() -> None:
    decided = after(under_review(), decide(on("Mar 18"), weights={SHOWN.evidence_id: 1}), upload(on("Mar 19"), n=5))
    outcome = given(decider, decided).when(appeal(on("Mar 19"), BUYER, evidence=(upload_id(n=5),)))
    assert {EvidenceAdded, Appealed} <= set(map(type, outcome.events))


def test_t11_while_an_appeal_is_reviewed_the_parties_add_and_take_nothing_back() -> None:
    ruled = decide(on("Mar 18"), weights={SHOWN.evidence_id: 1})
    appealed = after(under_review(), ruled, appeal(on("Mar 19"), BUYER))
    given(decider, appealed).when(add(on("Mar 20"), SELLER, n=6)).then_types(
        EvidenceAdded, EvidenceUploaded, EvidenceAdded
    )
    given(decider, appealed).when(remove(on("Mar 20"))).then_rejects(WrongPhase)


def test_g13_an_item_shows_its_weight_from_the_last_decision_on() -> None:
    decided = after(under_review(), decide(on("Mar 18"), weights={SHOWN.evidence_id: 1}))
    again = after(
        decided,
        appeal(on("Mar 19")),
        appeal(on("Mar 19"), BUYER),
        decide_appeal(on("Mar 20"), weights={SHOWN.evidence_id: 3}),
    )
    for happened, weight in ((under_review(), None), (decided, 1), (again, 3)):
        first, taken_back = item_views(dispute_of(happened), frozenset({"buyer"}))
        assert (first["weight"], taken_back["weight"]) == (weight, None)
