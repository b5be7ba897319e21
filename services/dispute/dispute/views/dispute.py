"""View of a dispute for one party: of a command's answer, of a query, and of a moment in the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from typing_extensions import TypedDict

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes.cancellation import guard_cancellation
from dispute.domain.disputes.negotiation import guard_acceptance, guard_modification, guard_response
from dispute.domain.disputes.state import Dispute, DisputeState, Fulfilment
from shared.actions import Action, Actions, rendered
from shared.events.base import Actor, Instant
from shared.events.dispute import CloseReason, Payer, ReachedType, Reason, RefundOutcome, Solution, SolutionType
from shared.events.money import Money
from shared.rules.links import rule_links
from shared.views import TextLink, text_link

IN_PROGRESS, FINISHED = "Dispute in Progress", "Dispute Finished"
"""S53: the two labels that a party sees."""

_WHY = {
    DeadlineKind.SELLER_RESPONSE: ("S39", "S41"),
    DeadlineKind.BUYER_RESPONSE: ("K17", "T8"),
    DeadlineKind.NEGOTIATION: ("K16", "T10"),
}


PartyView = Literal["action_required", "waiting_for_other", "under_platform_review", "finished"]


class SolutionView(TypedDict):
    """What one side wants: how much goes back, whether the goods do, and who then pays their freight."""

    type: SolutionType
    amount: Money
    freight_payer: Payer | None
    address: TextLink | None


class DisputedLineView(TypedDict):
    """So many of an order line; the refund of them has a cap."""

    line_id: str
    quantity: int
    cap: Money


class TermsView(TypedDict):
    """The programme by whose rules it goes."""

    programme: str
    version: int


class DeadlineView(TypedDict):
    """A deadline that runs."""

    kind: str
    due_at: Instant
    rules: Sequence[str]


class ResultView(TypedDict):
    """How it ended: the amount and why (S52)."""

    amount: Money
    reason: CloseReason
    reached_type: ReachedType | None
    rules: Sequence[str]
    at: Instant


class RefundDueView(TypedDict):
    """The refund that is due, and how far it is."""

    id: str
    amount: Money
    outcome: RefundOutcome | None


class DisputeRow(TypedDict):
    """A dispute in a list: members of the dispute, under the same names.

    `type` and `amount` are what the buyer asks for, and what was agreed once that is so; `due_at` is until when the one
    who has to act may.
    """

    id: str
    href: str
    order_id: str
    version: int
    label: str
    state: DisputeState
    fulfilment: Fulfilment
    reason: Reason
    type: SolutionType
    amount: Money
    opened_at: Instant
    due_at: Instant | None
    close_reason: CloseReason | None
    closed_at: Instant | None


class DisputeView(DisputeRow, Actions):
    """A dispute. `request` is what the buyer asks for, `solution` what the seller offers instead."""

    party_view: PartyView
    round: int
    lines: Sequence[DisputedLineView]
    request: SolutionView
    solution: SolutionView | None
    description: TextLink | None
    seller_reason: TextLink | None
    evidence: Sequence[str]
    contacted_seller: bool
    reopened_from: str | None
    buyer_id: str
    seller_id: str
    protection_ends_at: Instant | None
    terms: TermsView
    deadlines: Sequence[DeadlineView]
    result: ResultView | None
    refund: RefundDueView | None
    refund_id: str | None
    return_id: str | None


class HistoryEntry(TypedDict):
    """What happened: the event's name is the action, `detail` holds its data."""

    version: int
    at: Instant
    actor: str
    action: str
    rules: Sequence[str]
    rule_links: Mapping[str, str]
    detail: Mapping[str, Any]


def dispute_view(dispute: Dispute, version: int, actor: Actor, now: datetime) -> DisputeView:
    """The dispute as the actor sees it now; NotFound for a stranger."""
    dispute.parties.guard(actor, "dispute")
    opened, request, state, reason = dispute.opened, dispute.request, dispute.state, dispute.reason
    assert request and state and reason
    stands, path = dispute.solution.solution if dispute.solution else request, _path(opened.dispute_id)
    return {
        "id": opened.dispute_id,
        "href": path,
        "order_id": opened.order_id,
        "version": version,
        "label": label(state),
        "state": state,
        "fulfilment": dispute.fulfilment,
        "party_view": _party_view(dispute, actor),
        "round": dispute.round,
        "reason": reason,
        "type": stands.type,
        "amount": stands.amount,
        "lines": [{"line_id": x.line_id, "quantity": x.quantity, "cap": x.cap} for x in opened.lines],
        "request": _solution(request, path),
        "solution": _solution(dispute.offer, path) if dispute.offer else None,
        "description": text_link(path, dispute.description_ref),
        "seller_reason": text_link(path, dispute.seller_reason_ref),
        "evidence": opened.evidence,
        "contacted_seller": opened.contacted_seller,
        "reopened_from": opened.reopened_from,
        "buyer_id": opened.buyer_id,
        "seller_id": opened.seller_id,
        "opened_at": opened.opened_at,
        "due_at": _due_at(dispute),
        "close_reason": dispute.closed.reason if dispute.closed else None,
        "closed_at": dispute.closed.closed_at if dispute.closed else None,
        "protection_ends_at": opened.protection_ends_at,
        "terms": {"programme": opened.terms.programme, "version": opened.terms.version},
        "deadlines": _deadlines(dispute),
        "result": _result(dispute),
        "refund": _refund(dispute),
        "refund_id": dispute.refund.refund_id if dispute.refund else None,
        "return_id": dispute.return_id,
        **rendered(dispute_actions(dispute, actor, now)),
    }


def dispute_actions(dispute: Dispute, actor: Actor, now: datetime) -> Sequence[Action]:
    """Everything that can be done to a dispute, each with the guard of its command."""
    path = _path(dispute.opened.dispute_id)
    answer_by = min(filter(None, (dispute.answer_by, dispute.negotiate_until)), default=None)
    return (
        Action(
            "respond",
            f"{path}/response",
            lambda: guard_response(dispute, actor, now),
            dispute.respond_by,
            mandatory=True,
        ),
        Action("accept", f"{path}/acceptance", lambda: guard_acceptance(dispute, actor, now), answer_by),
        Action("modify", f"{path}/modification", lambda: guard_modification(dispute, actor, now), answer_by),
        Action("cancel", f"{path}/cancellation", lambda: guard_cancellation(dispute, actor)),
    )


def label(state: DisputeState | str | None) -> str:
    """S53: the visible label."""
    return FINISHED if state == DisputeState.CLOSED else IN_PROGRESS


def amount_of(row: Mapping[str, Any], column: str) -> Money:
    """The money of a row whose currency stands beside it."""
    return Money(row[column], row["currency"], row["exponent"])


def dispute_row(row: Mapping[str, Any]) -> DisputeRow:
    """A row of the read model, as lists show it."""
    return {
        "id": row["dispute_id"],
        "href": _path(row["dispute_id"]),
        "order_id": row["order_id"],
        "version": row["version"],
        "label": label(row["state"]),
        "state": row["state"],
        "fulfilment": row["fulfilment"],
        "reason": row["reason"],
        "type": row["solution_type"],
        "amount": amount_of(row, "amount"),
        "opened_at": row["opened_at"],
        "due_at": row["next_due_at"],
        "close_reason": row["close_reason"],
        "closed_at": row["closed_at"],
    }


def _path(dispute_id: str) -> str:
    return f"/v1/disputes/{dispute_id}"


def _party_view(dispute: Dispute, actor: Actor) -> PartyView:
    match dispute.state, dispute.fulfilment:
        case DisputeState.CLOSED, _:
            return "finished"
        case DisputeState.ESCALATED, _:
            return "under_platform_review"
        case DisputeState.AWAITING_SELLER, _:
            acts = "seller"
        case DisputeState.AWAITING_BUYER, _:
            acts = "buyer"
        case _, Fulfilment.RETURN_PENDING:
            acts = "buyer"
        case _, Fulfilment.RETURN_SHIPPED | Fulfilment.RETURN_RECEIVED:
            acts = "seller"
        case _:
            return "waiting_for_other"
    return "action_required" if acts in dispute.parties.roles_of(actor) else "waiting_for_other"


def _due_at(dispute: Dispute) -> datetime | None:
    match dispute.state:
        case DisputeState.AWAITING_SELLER:
            return dispute.respond_by
        case DisputeState.AWAITING_BUYER:
            return dispute.answer_by
        case DisputeState.ESCALATED:
            return dispute.evidence_until
        case _:
            return None


def _deadlines(dispute: Dispute) -> list[DeadlineView]:
    standing = [(kind, dispute.due(kind)) for kind in _WHY]
    if dispute.state == DisputeState.AWAITING_SELLER:  # it asks nobody now, but an answer behind it comes too late (T7)
        standing.append((DeadlineKind.NEGOTIATION, dispute.negotiate_until))
    found: list[DeadlineView] = [{"kind": kind, "due_at": due, "rules": _WHY[kind]} for kind, due in standing if due]
    if dispute.state == DisputeState.ESCALATED and dispute.evidence_until:
        found.append({"kind": "evidence", "due_at": dispute.evidence_until, "rules": ("S50",)})
    return sorted(found, key=lambda deadline: deadline["due_at"])


def _solution(solution: Solution, path: str) -> SolutionView:
    return {
        "type": solution.type,
        "amount": solution.amount,
        "freight_payer": solution.freight_payer,
        "address": text_link(path, solution.address_ref),
    }


def _result(dispute: Dispute) -> ResultView | None:
    if not (closed := dispute.closed):
        return None
    return {
        "amount": closed.amount,
        "reason": closed.reason,
        "reached_type": dispute.solution.reached_type if dispute.solution else None,
        "rules": [*(dispute.solution.rules if dispute.solution else ()), *closed.rules],
        "at": closed.closed_at,
    }


def _refund(dispute: Dispute) -> RefundDueView | None:
    if not (due := dispute.refund):
        return None
    return {"id": due.refund_id, "amount": due.amount, "outcome": dispute.refund_outcome}


def history_entry(row: Mapping[str, Any]) -> HistoryEntry:
    """An entry of the history, with the pages of the rules that it rests on."""
    return {
        "version": row["version"],
        "at": row["at"],
        "actor": row["actor"],
        "action": row["action"],
        "rules": row["rules"],
        "rule_links": rule_links(row["rules"]),
        "detail": row["detail"],
    }
