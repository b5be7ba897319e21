"""Members of a dispute's answers: the dispute, its row in a list."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict

from dispute.domain.disputes.progress import Fulfilment
from dispute.domain.disputes.state import DisputeState
from dispute.views.conversation import MessagesView
from dispute.views.disputes.case_members import CaseMembers
from dispute.views.disputes.inspection import InspectionView
from dispute.views.disputes.late_members import LateMembers
from dispute.views.disputes.party_view import PartyView
from dispute.views.disputes.solutions import SolutionMembers
from dispute.views.evidence import EvidenceView
from shared.actions import Actions
from shared.events.base import Instant
from shared.events.dispute import (
    CloseReason,
    Hint,
    ReachedType,
    Reason,
    RefundOutcome,
    RefundSource,
    SolutionType,
)
from shared.events.money import Money
from shared.events.open_enums import Open


class DisputedLineView(TypedDict):
    """So many of an order line; the refund of them has a cap."""

    line_id: str
    quantity: int
    cap: Money


class TermsView(TypedDict):
    """The programme by whose rules it goes, and the hash of that version."""

    programme: str
    version: int
    hash: str


class DeadlineView(TypedDict):
    """A deadline that runs."""

    kind: str
    due_at: Instant
    rules: Sequence[str]


class ResultView(TypedDict):
    """How it ended: the amount and why (S52)."""

    amount: Money
    reason: Open[CloseReason]
    reached_type: Open[ReachedType] | None
    rules: Sequence[str]
    at: Instant


class RefundView(TypedDict):
    """A refund that was asked for, on what ground, and how far it is."""

    id: str
    amount: Money
    source: Open[RefundSource]
    outcome: Open[RefundOutcome] | None


class DisputeRow(TypedDict):
    """A dispute in a list: members of the dispute, under the same names.

    `type` and `amount` are what the buyer asks for, and what was agreed once that is so; `due_at` is until when the one
    who has to act may, and nobody has to while a bank decides (`external_hold`). `refund_outcome` is the last word on
    the last refund, `refunded` the sum of all that were paid.
    """

    id: str
    href: str
    order_id: str
    version: int
    label: str
    state: DisputeState
    fulfilment: Fulfilment
    party_view: PartyView
    reason: Open[Reason]
    type: Open[SolutionType]
    amount: Money
    opened_at: Instant
    due_at: Instant | None
    external_hold: bool
    close_reason: Open[CloseReason] | None
    closed_at: Instant | None
    result: ResultView | None
    refund_outcome: Open[RefundOutcome] | None
    refunded: Money | None


class DisputeView(DisputeRow, SolutionMembers, CaseMembers, LateMembers, Actions):
    """A dispute; `by_law` are the rights of the law by which it was opened once the programme's time was over (S17),
    `from_return` the return whose denial it is about (T27x).
    """

    round: int
    lines: Sequence[DisputedLineView]
    evidence: Sequence[EvidenceView]
    contacted_seller: bool
    hints: Sequence[Open[Hint]]
    reopened_from: str | None
    from_return: str | None
    buyer_id: str
    seller_id: str
    protection_ends_at: Instant | None
    by_law: Sequence[str] | None
    terms: TermsView
    deadlines: Sequence[DeadlineView]
    refunds: Sequence[RefundView]
    return_id: str | None
    inspection: InspectionView | None
    messages: MessagesView
