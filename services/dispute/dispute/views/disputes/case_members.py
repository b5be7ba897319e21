"""Members of a dispute's answer that its mediation brings: statements, decisions, appeals, money asked back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from typing_extensions import TypedDict

from dispute.domain.disputes.asked_back.clawbacks import ClawbackState
from dispute.views.disputes.proposals import ProposalView
from shared.events.base import Instant
from shared.events.dispute import Payer, SolutionType
from shared.events.mediation import AnswerKind, Outcome
from shared.events.money import Money
from shared.events.open_enums import Open
from shared.views import LineAmountView, TextLink

DecisionKind = Literal["arbitrated", "appeal", "seller_timeout", "negotiated", "support_override"]


class Assignment(TypedDict):
    """Who of the case team has the case."""

    reviewer: str
    since_at: Instant


class StatementView(TypedDict):
    """What a party has said so far."""

    at: Instant
    complete: bool
    answers: Mapping[str, TextLink]
    evidence: Sequence[str]


class Statements(TypedDict):
    """The parties' statements."""

    buyer: StatementView | None
    seller: StatementView | None


class QuestionView(TypedDict):
    """What a party is asked; the answer bears the same key."""

    key: str
    text: TextLink
    kind: Open[AnswerKind]
    mandatory: bool


EvidenceRequestView = TypedDict(
    "EvidenceRequestView",
    {
        "id": str,
        "from": str,
        "questions": Sequence[QuestionView],
        "due_at": Instant,
        "answered_at": Instant | None,
    },
)
"""What the case team has asked one party."""


class Receipt(TypedDict):
    """Where everything stands that a decision rests on."""

    href: str


class DecisionView(TypedDict):
    """A decision: by the case team, by an appeal, or by the parties themselves."""

    id: str
    kind: DecisionKind
    at: Instant
    outcome: Open[Outcome] | None
    type: Open[SolutionType] | None
    lines: Sequence[LineAmountView]
    amount: Money
    freight_payer: Open[Payer] | None
    rules: Sequence[str]
    weights: Mapping[str, int]
    text: TextLink | None
    receipt: Receipt


class AppealView(TypedDict):
    """An appeal against the last decision."""

    by: str
    at: Instant
    ground: TextLink
    evidence: Sequence[str]


ClawbackView = TypedDict("ClawbackView", {"id": str, "from": str, "amount": Money, "state": ClawbackState})
"""Money that is asked back."""


class SurveyView(TypedDict):
    """What the buyer says of the case team's work: from 1 to 5, and why."""

    rating: int
    text: TextLink | None


class CaseMembers(TypedDict):
    """What the mediation adds to a dispute; `assignment` and `proposals` are for the platform's people, `survey` is for
    them and for the buyer, who wrote it (S56).
    """

    assignment: Assignment | None
    proposals: Sequence[ProposalView]
    statements: Statements
    evidence_requests: Sequence[EvidenceRequestView]
    decisions: Sequence[DecisionView]
    appeals: Sequence[AppealView]
    appeal_until_at: Instant | None
    survey_until_at: Instant | None
    survey: SurveyView | None
    clawbacks: Sequence[ClawbackView]
