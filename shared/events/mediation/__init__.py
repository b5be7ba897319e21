"""Events of a dispute's mediation: the case team's review, its decision, the appeal. These names are storage: never
rename one.
"""

from __future__ import annotations

from enum import StrEnum

from shared.events.base import Event, Instant, Value
from shared.events.dispute import Payer, SolutionType
from shared.events.money import Money
from shared.events.open_enums import Open
from shared.events.order import LineAmount


class Outcome(StrEnum):
    """Whom a decision favours."""

    BUYER_FAVOUR = "buyer_favour"
    SELLER_FAVOUR = "seller_favour"
    SPLIT = "split"


class AppealOutcome(StrEnum):
    """What became of a decision on appeal (K18)."""

    UPHELD = "upheld"
    AMENDED = "amended"
    REVERSED = "reversed"


class AnswerKind(StrEnum):
    """What a question of the case team wants to see."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"


class Weighed(Value):
    """How much an item of evidence weighed: 0 not considered, 1 discounted, 2 relied on, 3 decisive (G13)."""

    evidence_id: str
    weight: int


class Ruling(Value):
    """What the case team finds: the amount of every disputed line, and how much each item of evidence weighed (G13)."""

    outcome: Open[Outcome]
    type: Open[SolutionType] | None
    lines: tuple[LineAmount, ...]
    amount: Money
    freight_payer: Open[Payer] | None
    address_ref: str | None
    weights: tuple[Weighed, ...]
    text_ref: str


class Question(Value):
    """One thing that a party is asked, answered under the same key."""

    key: str
    text_ref: str
    kind: Open[AnswerKind]
    mandatory: bool


class Answer(Value):
    """What a party says under a key."""

    key: str
    text_ref: str


class CaseClaimed(Event):
    """One of the case team takes the case, or is handed it."""

    dispute_id: str
    reviewer: str
    claimed_at: Instant
    rules: tuple[str, ...]


class CaseReleased(Event):
    """The case is nobody's again."""

    dispute_id: str
    reviewer: str
    rules: tuple[str, ...]


class StatementSubmitted(Event):
    """A party's word on the case: answers by key, each a text beside the log; `complete` says that nothing more comes
    (S50).
    """

    dispute_id: str
    by: str
    answers: tuple[Answer, ...]
    evidence: tuple[str, ...]
    complete: bool
    submitted_at: Instant
    rules: tuple[str, ...]


class EvidenceCompleted(Event):
    """This party has nothing more to show."""

    dispute_id: str
    by: str
    rules: tuple[str, ...]


class EvidenceRequested(Event):
    """The case team asks a party, who has until `evidence_until` (D3)."""

    dispute_id: str
    request_id: str
    party: str
    questions: tuple[Question, ...]
    evidence_until: Instant
    requested_at: Instant
    rules: tuple[str, ...]


class EvidenceWindowClosed(Event):
    """Nothing more is gathered: the time is over, or whoever was asked is complete."""

    dispute_id: str
    complete: bool
    rules: tuple[str, ...]


class ReviewStarted(Event):
    """The case team weighs what was gathered, until `review_until` (D5); nobody in particular where nobody is named."""

    dispute_id: str
    reviewer: str | None
    review_until: Instant
    rules: tuple[str, ...]


class ReviewOverdue(Event):
    """The review took longer than until `due_at`: an alarm; it goes on, until `review_until` at first (T16)."""

    dispute_id: str
    due_at: Instant
    review_until: Instant
    rules: tuple[str, ...]


class DecisionIssued(Event):
    """The case team has decided; both parties may appeal until `appeal_until` (D6). Where it takes two, the second one
    agreed.
    """

    dispute_id: str
    ruling: Ruling
    decided_by: str
    agreed_by: str | None = None
    decided_at: Instant
    appeal_until: Instant
    survey_until: Instant
    rules: tuple[str, ...]


class Appealed(Event):
    """A party appeals the decision; another person decides until `review_until`, which the first appeal starts (D8)."""

    dispute_id: str
    by: str
    ground_ref: str
    evidence: tuple[str, ...]
    appealed_at: Instant
    review_until: Instant | None
    rules: tuple[str, ...]


class AppealReviewOverdue(Event):
    """The review of the appeal took longer than until `due_at`: an alarm; it goes on, until `review_until` at first."""

    dispute_id: str
    due_at: Instant
    review_until: Instant
    rules: tuple[str, ...]


class AppealDecided(Event):
    """Another person has decided, for good: `ruling` is what holds from now on (K18)."""

    dispute_id: str
    decision: Open[AppealOutcome]
    ruling: Ruling
    decided_by: str
    agreed_by: str | None = None
    decided_at: Instant
    survey_until: Instant
    rules: tuple[str, ...]


class AppealWindowClosed(Event):
    """Nobody can appeal any more (D6)."""

    dispute_id: str
    rules: tuple[str, ...]


class ClawbackRequested(Event):
    """Money that was paid is asked back from `party`: a request, never a silent debit (K18, K19). Without a dispute the
    seller wants to give it to the buyer (S20).
    """

    clawback_id: str
    dispute_id: str | None
    order_id: str
    payment_id: str
    party: str
    lines: tuple[LineAmount, ...]
    amount: Money
    rules: tuple[str, ...]


class ClawbackNotDue(Event):
    """Withdraws what was asked back of `party`: a later word leaves it there, or asks for another amount (K18)."""

    clawback_id: str
    dispute_id: str
    order_id: str
    payment_id: str
    party: str = "buyer"
    lines: tuple[LineAmount, ...]
    amount: Money
    rules: tuple[str, ...]


class SurveySubmitted(Event):
    """The buyer's word on how the case team did; it changes nothing (S56)."""

    dispute_id: str
    rating: int
    text_ref: str | None
    rules: tuple[str, ...]


class SurveyWindowClosed(Event):
    """The survey's time is over (D7)."""

    dispute_id: str
    due_at: Instant
    rules: tuple[str, ...]


MediationEvent = (
    CaseClaimed
    | CaseReleased
    | StatementSubmitted
    | EvidenceCompleted
    | EvidenceRequested
    | EvidenceWindowClosed
    | ReviewStarted
    | ReviewOverdue
    | DecisionIssued
    | Appealed
    | AppealReviewOverdue
    | AppealDecided
    | AppealWindowClosed
    | ClawbackRequested
    | ClawbackNotDue
    | SurveySubmitted
    | SurveyWindowClosed
)
