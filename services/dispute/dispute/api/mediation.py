"""Routes of the mediation: escalation, statements, the case team's review, decision and appeal."""

from __future__ import annotations

from typing import Annotated, Any

from starlette.responses import Response

from dispute.api.answers import answer, carry_out
from dispute.api.bodies.mediation import (
    AgreementBody,
    AppealBody,
    AppealDecisionRequest,
    ClaimBody,
    DecisionRequest,
    EscalationBody,
    EvidenceRequestBody,
    ForcedDecisionBody,
    OverrideRequest,
    RefusalBody,
    StatementBody,
    SurveyBody,
)
from dispute.domain.commands import DisputeCommand
from dispute.domain.disputes.escalation import EscalateDispute
from dispute.domain.disputes.mediation.appeal import AppealDecision
from dispute.domain.disputes.mediation.appeal_decision import DecideAppeal
from dispute.domain.disputes.mediation.decision import IssueDecision
from dispute.domain.disputes.mediation.override import ForceDecision, ForceTransition
from dispute.domain.disputes.mediation.proposals import proposal_id
from dispute.domain.disputes.mediation.review import ClaimCase, ReleaseCase, RequestEvidence, StartReview
from dispute.domain.disputes.mediation.second_person import AgreeToProposal, DeclineProposal
from dispute.domain.disputes.mediation.statements import SubmitStatement
from dispute.domain.disputes.mediation.survey import SubmitSurvey
from dispute.views.disputes.members import DisputeView
from shared.events.mediation.proposals import ProposalKind
from shared.eventstore.command_handling import Outcome
from shared.http.caller import CommandContext, command
from shared.http.routing import Router

router = Router("mediation")

Party = Annotated[CommandContext, command("buyer", "seller")]
Team = Annotated[CommandContext, command("case_team")]
Desk = Annotated[CommandContext, command("case_team", "support")]
Support = Annotated[CommandContext, command("support", key_required=True)]
Decider = Annotated[CommandContext, command("case_team", key_required=True, if_match="required")]


WAITS: dict[int | str, dict[str, Any]] = {202: {"model": DisputeView, "description": "A second person has to agree"}}


@router.post("/v1/disputes/{dispute_id}/escalation", summary="Hand it to the case team", response_model=DisputeView)
async def escalate(dispute_id: str, caller: Party, body: EscalationBody | None = None) -> Response:
    """Once the seller has answered (K16); evidence is gathered for three days."""
    outcome = await carry_out(caller, caller.command(EscalateDispute, body or EscalationBody(), dispute_id=dispute_id))
    return await answer(caller, outcome)


@router.post("/v1/disputes/{dispute_id}/statement", summary="Make a statement", response_model=DisputeView)
async def submit_statement(dispute_id: str, body: StatementBody, caller: Party) -> Response:
    """To the case team, while evidence is gathered; once both are complete the review starts (T42)."""
    outcome = await carry_out(caller, caller.command(SubmitStatement, body, dispute_id=dispute_id))
    return await answer(caller, outcome)


@router.post("/v1/disputes/{dispute_id}/claim", summary="Take a case", response_model=DisputeView)
async def claim(dispute_id: str, caller: Desk, body: ClaimBody | None = None) -> Response:
    """Or hand it over, by whoever has it or support."""
    outcome = await carry_out(caller, caller.command(ClaimCase, body or ClaimBody(), dispute_id=dispute_id))
    return await answer(caller, outcome)


@router.post("/v1/disputes/{dispute_id}/release", summary="Give a case back", response_model=DisputeView)
async def release(dispute_id: str, caller: Desk) -> Response:
    """It is anybody's again."""
    return await answer(caller, await carry_out(caller, caller.command(ReleaseCase, dispute_id=dispute_id)))


@router.post("/v1/disputes/{dispute_id}/review", summary="Start the review", response_model=DisputeView)
async def start_review(dispute_id: str, caller: Team) -> Response:
    """Once nothing more is gathered; it claims the case as well, also one whose review began by itself (T13)."""
    return await answer(caller, await carry_out(caller, caller.command(StartReview, dispute_id=dispute_id)))


@router.post("/v1/disputes/{dispute_id}/evidence-request", summary="Ask a party", response_model=DisputeView)
async def request_evidence(dispute_id: str, body: EvidenceRequestBody, caller: Team) -> Response:
    """The party answers by a statement, under the same keys (T14)."""
    outcome = await carry_out(caller, caller.command(RequestEvidence, body, dispute_id=dispute_id))
    return await answer(caller, outcome)


@router.post("/v1/disputes/{dispute_id}/decision", summary="Decide", response_model=DisputeView, responses=WAITS)
async def decide(dispute_id: str, body: DecisionRequest, caller: Decider) -> Response:
    """What is decided is carried out at once; both parties may appeal for seven days (T15). Above an amount of the
    terms it is a proposal, which another person agrees to or declines here.
    """
    word = _second_word(caller, body, dispute_id, ProposalKind.DECISION)
    outcome = await carry_out(caller, word or caller.command(IssueDecision, body, dispute_id=dispute_id))
    return await answer(caller, outcome, 202 if _waits(caller, outcome) else 200)


@router.post("/v1/disputes/{dispute_id}/appeal", summary="Appeal a decision", response_model=DisputeView)
async def appeal(dispute_id: str, body: AppealBody, caller: Party) -> Response:
    """Each party once, within seven days of a decision of the case team (S55)."""
    return await answer(caller, await carry_out(caller, caller.command(AppealDecision, body, dispute_id=dispute_id)))


@router.post(
    "/v1/disputes/{dispute_id}/appeal-decision",
    summary="Decide an appeal",
    response_model=DisputeView,
    responses=WAITS,
)
async def decide_appeal(dispute_id: str, body: AppealDecisionRequest, caller: Decider) -> Response:
    """By somebody else than who decided, for good; what changes is the difference (K18). Above an amount of the terms
    it is a proposal, which another person agrees to or declines here.
    """
    word = _second_word(caller, body, dispute_id, ProposalKind.APPEAL_DECISION)
    outcome = await carry_out(caller, word or caller.command(DecideAppeal, body, dispute_id=dispute_id))
    return await answer(caller, outcome, 202 if _waits(caller, outcome) else 200)


@router.post(
    "/v1/disputes/{dispute_id}/override", summary="Force an outcome", response_model=DisputeView, responses=WAITS
)
async def override(dispute_id: str, body: OverrideRequest, caller: Support) -> Response:
    """A ruling, the case team, or an end as if there had been no dispute, with a ticket and a reason: a proposal, which
    another person of support agrees to or declines here (T37).
    """
    word = _second_word(caller, body, dispute_id, ProposalKind.OVERRIDE)
    kind = ForceDecision if isinstance(body, ForcedDecisionBody) else ForceTransition
    outcome = await carry_out(caller, word or caller.command(kind, body, dispute_id=dispute_id))
    return await answer(caller, outcome, 202 if _waits(caller, outcome) else 200)


@router.post("/v1/disputes/{dispute_id}/survey", summary="Say how the case team did", response_model=DisputeView)
async def submit_survey(
    dispute_id: str, body: SurveyBody, caller: Annotated[CommandContext, command("buyer")]
) -> Response:
    """Once, within fifteen days of the case team's result; it changes nothing (S56)."""
    return await answer(caller, await carry_out(caller, caller.command(SubmitSurvey, body, dispute_id=dispute_id)))


def _second_word(caller: CommandContext, body: Any, dispute_id: str, kind: ProposalKind) -> DisputeCommand | None:
    """The command of a second person, where the body is one's."""
    match body:
        case AgreementBody():
            return caller.command(AgreeToProposal, body, dispute_id=dispute_id, answers=kind)
        case RefusalBody():
            return caller.command(DeclineProposal, body, dispute_id=dispute_id, answers=kind)
        case _:
            return None


def _waits(caller: CommandContext, outcome: Outcome) -> bool:
    """Whether what was asked waits for a second person now."""
    dispute = outcome.states[0]
    made = dispute.case.proposal
    return made is not None and made.proposal_id == proposal_id(dispute, caller.command_id)
