"""Bodies of the mediation: what the parties say to the case team, and what it asks and decides."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from dispute.domain.disputes.escalation import EscalateDispute
from dispute.domain.disputes.mediation.appeal import AppealDecision
from dispute.domain.disputes.mediation.appeal_decision import DecideAppeal
from dispute.domain.disputes.mediation.decision import IssueDecision
from dispute.domain.disputes.mediation.override import ForceDecision, ForceTransition
from dispute.domain.disputes.mediation.review import ClaimCase, RequestEvidence
from dispute.domain.disputes.mediation.second_person import AgreeToProposal, DeclineProposal
from dispute.domain.disputes.mediation.statements import SubmitStatement
from dispute.domain.disputes.mediation.survey import SubmitSurvey
from shared.http.command_body import CommandBody
from shared.http.request.body import example
from shared.http.request.second_person import AGREEMENT, REFUSAL, answer_in, answer_or

WEIGHTS = {"evd_9a353617410a5fa282cb893492211cbe": 1, "evd_9a3f40cd2c6d59029ea0d543beffb37b": 3}


class EscalationBody(CommandBody, of=EscalateDispute):
    """Why the case team is to decide, if a party wants to say so."""

    model_config = example(reason="We do not agree.")


class StatementBody(CommandBody, of=SubmitStatement):
    """A party's word: answers by key, evidence, or that nothing more comes (T42)."""

    model_config = example(answers={"what_happened": "It came from the maker."}, complete=True)


class ClaimBody(CommandBody, of=ClaimCase):
    """To whom the case is handed over; oneself where nobody is named."""

    model_config = example(reviewer="reviewer-2")


class EvidenceRequestBody(CommandBody, of=RequestEvidence):
    """What one party is asked (T14)."""

    model_config = example(
        **{"from": "buyer"},
        questions=[{"key": "packaging", "text": "Show the label of the box.", "kind": "image", "mandatory": True}],
    )

    party: Annotated[Literal["buyer", "seller"], Field(alias="from")]


class DecisionBody(CommandBody, of=IssueDecision):
    """The ruling: an amount for every disputed line, the rules, and what every item of evidence weighed (G13)."""

    model_config = example(
        outcome="split",
        type="refund_only",
        lines=[{"line_id": "1", "amount": {"amount": "60.00", "currency": "USD"}}],
        rules=["S3", "S45"],
        weights=WEIGHTS,
        text="The number is of no camera of the maker's.",
    )


class AppealBody(CommandBody, of=AppealDecision):
    """Why the decision is wrong (S55)."""

    model_config = example(ground="The lens is genuine.")


class AppealDecisionBody(CommandBody, of=DecideAppeal):
    """Whether the decision stands; a ruling only where it does not (K18)."""

    model_config = example(
        decision="amended",
        outcome="split",
        type="refund_only",
        lines=[{"line_id": "1", "amount": {"amount": "40.00", "currency": "USD"}}],
        rules=["S3", "S45"],
        weights=WEIGHTS,
        text="The lens is genuine, the body is not.",
    )


class AgreementBody(CommandBody, of=AgreeToProposal):
    """A second person's yes to what is proposed under this id."""

    model_config = example(agree="prp_0a1b2c3d4e5f60718293a4b5c6d7e8f9")


class RefusalBody(CommandBody, of=DeclineProposal):
    """A second person's no."""

    model_config = example(decline="prp_0a1b2c3d4e5f60718293a4b5c6d7e8f9", reason="The photos show another item.")


Agreement = Annotated[AgreementBody, Tag(AGREEMENT)]
Refusal = Annotated[RefusalBody, Tag(REFUSAL)]
DecisionRequest = Annotated[Annotated[DecisionBody, Tag("a_ruling")] | Agreement | Refusal, answer_or("a_ruling")]
AppealDecisionRequest = Annotated[
    Annotated[AppealDecisionBody, Tag("a_ruling")] | Agreement | Refusal, answer_or("a_ruling")
]
"""A ruling, or a second person's word on one that is proposed."""


class ForcedDecisionBody(CommandBody, of=ForceDecision):
    """Support's ruling, and why it takes the place of everybody else's (T37)."""

    model_config = example(
        action="decide",
        ticket="CASE-4711",
        reason="The carrier has found the parcel in its own depot.",
        outcome="buyer_favour",
        type="refund_only",
        lines=[{"line_id": "1", "amount": {"amount": "60.00", "currency": "USD"}}],
        rules=["S5", "S20"],
        weights=WEIGHTS,
        text="It never left the depot.",
    )


class ForcedTransitionBody(CommandBody, of=ForceTransition):
    """To the case team, or to an end as if there had been no dispute, and why (T37)."""

    model_config = example(action="close", ticket="CASE-4711", reason="It is about another order.")


def _forces(body: Any) -> str:
    action = body.get("action") if isinstance(body, dict) else getattr(body, "action", None)
    return answer_in(body) or ("a_ruling" if action == "decide" else "a_transition")


OverrideRequest = Annotated[
    Annotated[ForcedDecisionBody, Tag("a_ruling")]
    | Annotated[ForcedTransitionBody, Tag("a_transition")]
    | Agreement
    | Refusal,
    Discriminator(_forces),
]
"""What support forces, or a second person's word on it."""


class SurveyBody(CommandBody, of=SubmitSurvey):
    """How the case team did (S56)."""

    model_config = example(rating=4)
