"""View of a dispute's mediation for one party."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from dispute.domain.disputes.asked_back.clawbacks import Clawbacks
from dispute.domain.disputes.case import Decision, Ruled, ruling_in
from dispute.domain.disputes.ending import reason_of, ruling_of
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.disputes.visibility import BUYER, PLATFORM
from dispute.views.disputes.case_members import (
    AppealView,
    Assignment,
    CaseMembers,
    ClawbackView,
    DecisionKind,
    DecisionView,
    EvidenceRequestView,
    QuestionView,
    Receipt,
    Statements,
    StatementView,
    SurveyView,
)
from dispute.views.disputes.members import ResultView
from dispute.views.disputes.proposals import proposal_views
from shared.events.dispute import SolutionReached
from shared.events.mediation import (
    AppealDecided,
    Appealed,
    ClawbackRequested,
    DecisionIssued,
    EvidenceRequested,
    Question,
    Ruling,
    SurveySubmitted,
)
from shared.events.order import LineAmount
from shared.views import LineAmountView, TextLink, text_link


def case_members(dispute: Dispute, path: str, looking: frozenset[str], now: datetime) -> CaseMembers:
    """What the mediation adds to the dispute, as those who look this way see it."""
    case = dispute.case
    return {
        "assignment": _assignment(dispute) if PLATFORM in looking else None,
        "proposals": proposal_views(dispute, path, now) if PLATFORM in looking else [],
        "statements": _statements(dispute, path),
        "evidence_requests": [_request(dispute, asked, path) for asked in case.requests],
        "decisions": [decision_view(version, event, path) for version, event in case.decisions.items()],
        "appeals": [_appeal(event, path) for event in case.appeals],
        "appeal_until_at": case.appeal_until,
        "survey_until_at": case.survey_until,
        "survey": None if looking.isdisjoint((BUYER, PLATFORM)) else _survey(case.survey, path),
        "clawbacks": [_clawback(event, case.clawbacks) for event in case.clawbacks.requested],
    }


def _survey(said: SurveySubmitted | None, path: str) -> SurveyView | None:
    return {"rating": said.rating, "text": text_link(path, said.text_ref)} if said else None


def ruled_result(dispute: Dispute) -> ResultView | None:
    """What the case team decided, before the end (S52)."""
    if dispute.state not in (DisputeState.DECIDED, DisputeState.APPEAL_REVIEW):
        return None
    ruled, ruling = dispute.case.ruled, ruling_of(dispute)
    if not ruled or not ruling:
        return None
    return {
        "amount": ruling.amount,
        "reason": reason_of(ruling),
        "reached_type": dispute.case.reached,
        "rules": list(ruled.rules),
        "at": ruled.decided_at,
    }


def decision_view(version: int, event: Decision, path: str) -> DecisionView:
    """A decision; its id is the version of its event in the dispute's stream."""
    if isinstance(event, SolutionReached):
        return _agreement(version, event, path)
    return _ruled(version, ruling_in(event), path, event)


def _agreement(version: int, event: SolutionReached, path: str) -> DecisionView:
    return {
        "id": str(version),
        "kind": "seller_timeout" if event.reached_type == "seller_timeout" else "negotiated",
        "at": event.reached_at,
        "outcome": None,
        "type": event.solution.type,
        "lines": _lines(event.lines),
        "amount": event.solution.amount,
        "freight_payer": event.solution.freight_payer,
        "rules": event.rules,
        "weights": {},
        "text": None,
        "receipt": _receipt(version, path),
    }


def _kind(event: Ruled) -> DecisionKind:
    match event:
        case DecisionIssued():
            return "arbitrated"
        case AppealDecided():
            return "appeal"
        case _:
            return "support_override"


def _ruled(version: int, ruling: Ruling, path: str, event: Ruled) -> DecisionView:
    return {
        "id": str(version),
        "kind": _kind(event),
        "at": event.decided_at,
        "outcome": ruling.outcome,
        "type": ruling.type,
        "lines": _lines(ruling.lines),
        "amount": ruling.amount,
        "freight_payer": ruling.freight_payer,
        "rules": event.rules,
        "weights": {item.evidence_id: item.weight for item in ruling.weights},
        "text": _text(path, ruling.text_ref),
        "receipt": _receipt(version, path),
    }


def _receipt(version: int, path: str) -> Receipt:
    return {"href": f"{path}/decisions/{version}"}


def _lines(parts: Collection[LineAmount]) -> list[LineAmountView]:
    return [{"line_id": part.line_id, "amount": part.amount} for part in parts]


def _text(path: str, ref: str) -> TextLink:
    return {"ref": ref, "href": f"{path}/texts/{ref}"}


def _assignment(dispute: Dispute) -> Assignment | None:
    case = dispute.case
    return {"reviewer": case.reviewer, "since_at": case.since} if case.reviewer and case.since else None


def _statements(dispute: Dispute, path: str) -> Statements:
    return {"buyer": _statement(dispute, "buyer", path), "seller": _statement(dispute, "seller", path)}


def _statement(dispute: Dispute, by: str, path: str) -> StatementView | None:
    if not (said := dispute.case.statements.get(by)):
        return None
    return {
        "at": said.submitted_at,
        "complete": by in dispute.case.complete,
        "answers": {answer.key: _text(path, answer.text_ref) for answer in said.answers},
        "evidence": said.evidence,
    }


def _request(dispute: Dispute, asked: EvidenceRequested, path: str) -> EvidenceRequestView:
    said = dispute.case.statements.get(asked.party)
    answered = said and said.complete and said.submitted_at >= asked.requested_at
    return {
        "id": asked.request_id,
        "from": asked.party,
        "questions": [_question(question, path) for question in asked.questions],
        "due_at": asked.evidence_until,
        "answered_at": said.submitted_at if said and answered else None,
    }


def _question(question: Question, path: str) -> QuestionView:
    text = _text(path, question.text_ref)
    return {"key": question.key, "text": text, "kind": question.kind, "mandatory": question.mandatory}


def _appeal(event: Appealed, path: str) -> AppealView:
    return {
        "by": event.by,
        "at": event.appealed_at,
        "ground": _text(path, event.ground_ref),
        "evidence": event.evidence,
    }


def _clawback(event: ClawbackRequested, clawbacks: Clawbacks) -> ClawbackView:
    state = clawbacks.state(event.clawback_id)
    return {"id": event.clawback_id, "from": event.party, "amount": event.amount, "state": state}
