"""Builders of a mediation: what the parties tell the case team, what it does, and disputes as they then stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dispute.domain.disputes.escalation import EscalateDispute
from dispute.domain.disputes.mediation.appeal import AppealDecision
from dispute.domain.disputes.mediation.appeal_decision import DecideAppeal
from dispute.domain.disputes.mediation.decision import IssueDecision
from dispute.domain.disputes.mediation.override import ForceDecision, ForceTransition
from dispute.domain.disputes.mediation.review import (
    AskedQuestion,
    ClaimCase,
    ReleaseCase,
    RequestEvidence,
    StartReview,
)
from dispute.domain.disputes.mediation.ruling import RuledLine
from dispute.domain.disputes.mediation.second_person import AgreeToProposal, DeclineProposal
from dispute.domain.disputes.mediation.statements import SubmitStatement
from dispute.domain.disputes.mediation.survey import SubmitSurvey
from shared.events.base import Actor, Event
from shared.events.dispute import SolutionType
from shared.events.mediation import AppealOutcome, Outcome
from shared.events.mediation.proposals import ProposalKind
from tests.support.builders.disputes import countered, dispute_of, expire, note_refund, on_dispute, refund_due
from tests.support.builders.orders import BUYER, CASE_TEAM, SELLER, Histories, after, on, usd

REVIEWER_2 = Actor(id="case-2", roles=frozenset({"case_team"}))
REVIEWER_3 = Actor(id="case-3", roles=frozenset({"case_team"}))
SUPPORT = Actor(id="support-1", roles=frozenset({"support"}))
SUPPORT_2 = Actor(id="support-2", roles=frozenset({"support"}))
CONSIDERED: Mapping[str, Any] = {"has_key": True, "has_seen": True}
FORCED: Mapping[str, Any] = {"ticket": "CASE-4711", "reason": "The carrier has found the parcel."}
D3, D6 = on("Mar 18", "00:00"), on("Mar 26", "00:00")
"""Of a dispute escalated on 14 March and decided on 18 March."""


def escalate(at: datetime, actor: Actor = BUYER, n: int = 1, **more: Any) -> EscalateDispute:
    return EscalateDispute(**on_dispute("escalate", actor, at, n), **more)


def state(at: datetime, actor: Actor = BUYER, n: int = 1, **said: Any) -> SubmitStatement:
    """The party's statement; that nothing more comes, where nothing else is said."""
    return SubmitStatement(**on_dispute("state", actor, at, n), **said or {"complete": True})


def claim(at: datetime, actor: Actor = CASE_TEAM, n: int = 1, reviewer: str | None = None) -> ClaimCase:
    return ClaimCase(reviewer=reviewer, **on_dispute("claim", actor, at, n))


def release(at: datetime, actor: Actor = CASE_TEAM, n: int = 1) -> ReleaseCase:
    return ReleaseCase(**on_dispute("release", actor, at, n))


def review(at: datetime, actor: Actor = CASE_TEAM, n: int = 1) -> StartReview:
    return StartReview(**on_dispute("review", actor, at, n))


def ask_for(at: datetime, party: str = "buyer", actor: Actor = CASE_TEAM, n: int = 1, **more: Any) -> RequestEvidence:
    questions = (AskedQuestion(key="box", text="Was the box open?"),)
    return RequestEvidence(**on_dispute("ask", actor, at, n), **{"party": party, "questions": questions} | more)


def ruling(amount: str, *, of: str = "50.00", type_: SolutionType = SolutionType.REFUND_ONLY) -> Mapping[str, Any]:
    """So much of the one line of 50.00, as the word for it says."""
    nothing = usd(amount) == usd("0.00")
    outcome = Outcome.BUYER_FAVOUR if amount == of else Outcome.SPLIT
    lines = (RuledLine(line_id="l1", amount=usd(amount)),)
    return {
        "outcome": Outcome.SELLER_FAVOUR if nothing else outcome,
        "type": None if nothing else type_,
        "lines": lines,
    }


def decide(at: datetime, amount: str = "30.00", actor: Actor = CASE_TEAM, n: int = 1, **changed: Any) -> IssueDecision:
    plain = {**ruling(amount), "rules": ("S2", "S45"), "weights": {}, "text": "The photos show a scratch."}
    return IssueDecision(**on_dispute("decide", actor, at, n), **plain | changed)


def appeal(at: datetime, actor: Actor = SELLER, n: int = 1, **changed: Any) -> AppealDecision:
    return AppealDecision(**on_dispute("appeal", actor, at, n), **{"ground": "It was scratched on the way."} | changed)


def decide_appeal(
    at: datetime, amount: str | None = None, actor: Actor = REVIEWER_2, n: int = 1, **changed: Any
) -> DecideAppeal:
    """Upheld, or amended to so much."""
    word = AppealOutcome.UPHELD if amount is None else AppealOutcome.AMENDED
    plain = {"decision": word, **({} if amount is None else ruling(amount))}
    plain |= {"rules": ("K18", "S2"), "weights": {}, "text": "Looked at again."}
    return DecideAppeal(**on_dispute("decide_appeal", actor, at, n), **plain | changed)


def agree(at: datetime, actor: Actor = REVIEWER_2, n: int = 1, name: str = "prp_none", **more: Any) -> AgreeToProposal:
    """A second person's yes to what is proposed under this name."""
    plain = {"answers": ProposalKind.DECISION, **CONSIDERED}
    return AgreeToProposal(agree=name, **on_dispute("agree", actor, at, n), **plain | more)


def decline(
    at: datetime, actor: Actor = REVIEWER_2, n: int = 1, name: str = "prp_none", **more: Any
) -> DeclineProposal:
    plain = {"answers": ProposalKind.DECISION, "reason": "Not so.", **CONSIDERED}
    return DeclineProposal(decline=name, **on_dispute("decline", actor, at, n), **plain | more)


def force(at: datetime, amount: str = "30.00", actor: Actor = SUPPORT, n: int = 1, **changed: Any) -> ForceDecision:
    """Support wants so much to go back."""
    found = {**ruling(amount), "rules": ("S20", "S2"), "weights": {}, "text": "It was found in the depot."}
    return ForceDecision(**on_dispute("force", actor, at, n), **{"action": "decide", **FORCED, **found} | changed)


def transfer(at: datetime, action: str = "close", actor: Actor = SUPPORT, n: int = 1) -> ForceTransition:
    """Support wants to close it, or the case team to have it."""
    return ForceTransition(**on_dispute("transfer", actor, at, n), **FORCED, **{"action": action})


def forced(happened: Histories, at: datetime, amount: str, n: int = 1) -> Histories:
    """Two persons of support have decided so much."""
    proposed = after(happened, force(at, amount, n=n))
    made = dispute_of(proposed, n).case.proposal
    assert made
    return after(proposed, agree(at, SUPPORT_2, n, made.proposal_id, answers=ProposalKind.OVERRIDE))


def survey(at: datetime, actor: Actor = BUYER, n: int = 1, **changed: Any) -> SubmitSurvey:
    return SubmitSurvey(**on_dispute("survey", actor, at, n), **{"rating": 4} | changed)


def escalated() -> Histories:
    """The buyer escalated on 14 March at noon: D3 is 18 March."""
    return after(countered(), escalate(on("Mar 14")))


def under_review() -> Histories:
    """The review began by itself on 18 March: D5 is 26 March."""
    return after(escalated(), expire("evidence", D3))


def decided(amount: str = "30.00", **changed: Any) -> Histories:
    """Decided on 18 March at noon: D6 is 26 March, D7 is 3 April."""
    return after(under_review(), decide(on("Mar 18"), amount, **changed))


def paid(happened: Mapping[str, Sequence[Event]], at: datetime | None = None) -> Histories:
    """The last refund that was asked for is issued."""
    return after(happened, note_refund(refund_due(happened), at or on("Mar 18", "13:00")))


def appealed(amount: str = "30.00") -> Histories:
    """Decided and paid, and appealed by the seller on 20 March: D8 is 28 March."""
    happened = decided(amount)
    return after(paid(happened) if usd(amount) else happened, appeal(on("Mar 20")))
