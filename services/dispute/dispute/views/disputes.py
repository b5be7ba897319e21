"""View of a dispute for one party: of a command's answer, of a query, and of a moment in the past."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes.state import Dispute, DisputeState, Fulfilment
from dispute.domain.disputes.visibility import BUYER, looks_as, visible, visible_actor
from dispute.views.disputes_actions import dispute_actions
from dispute.views.disputes_members import (
    DeadlineView,
    DisputeRow,
    DisputeView,
    HistoryEntry,
    PartyView,
    RefundDueView,
    ResultView,
    SolutionView,
    TermsView,
)
from dispute.views.evidence import item_views
from shared.actions import rendered
from shared.events.base import Actor
from shared.events.dispute import Solution
from shared.events.money import Money
from shared.events.order import Terms
from shared.rules.links import rule_links
from shared.views import text_link

IN_PROGRESS, FINISHED = "Dispute in Progress", "Dispute Finished"
"""S53: the two labels that a party sees."""

_WHY = {
    DeadlineKind.SELLER_RESPONSE: ("S39", "S41"),
    DeadlineKind.BUYER_RESPONSE: ("K17", "T8"),
    DeadlineKind.NEGOTIATION: ("K16", "T10"),
}


def dispute_view(dispute: Dispute, version: int, actor: Actor, now: datetime) -> DisputeView:
    """The dispute as the actor sees it now; NotFound for a stranger."""
    dispute.parties.guard(actor, "dispute")
    opened, request, state, reason = dispute.opened, dispute.request, dispute.state, dispute.reason
    assert request and state and reason
    solution, path = dispute.solution.solution if dispute.solution else request, _path(opened.dispute_id)
    where = looks_as(dispute, actor) != {BUYER}
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
        "type": solution.type,
        "amount": solution.amount,
        "lines": [{"line_id": x.line_id, "quantity": x.quantity, "cap": x.cap} for x in opened.lines],
        "request": _solution(request, path, where),
        "solution": _solution(dispute.offer, path, where) if dispute.offer else None,
        "description": text_link(path, dispute.description_ref),
        "seller_reason": text_link(path, dispute.seller_reason_ref),
        "evidence": item_views(dispute),
        "contacted_seller": opened.contacted_seller,
        "hints": opened.hints,
        "reopened_from": opened.reopened_from,
        "buyer_id": opened.buyer_id,
        "seller_id": opened.seller_id,
        "opened_at": opened.opened_at,
        "due_at": due_at(dispute),
        "close_reason": dispute.closed.reason if dispute.closed else None,
        "closed_at": dispute.closed.closed_at if dispute.closed else None,
        "protection_ends_at": opened.protection_ends_at,
        "terms": _terms(opened.terms),
        "deadlines": _deadlines(dispute),
        "result": _result(dispute),
        "refund": _refund(dispute),
        "refund_id": dispute.refund.refund_id if dispute.refund else None,
        "return_id": dispute.return_id,
        **rendered(dispute_actions(dispute, actor, now)),
    }


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


def _terms(terms: Terms) -> TermsView:
    return {"programme": terms.programme, "version": terms.version, "hash": terms.hash}


def due_at(dispute: Dispute) -> datetime | None:
    """Until when the one who has to act may."""
    match dispute.state:
        case DisputeState.AWAITING_SELLER:
            return dispute.respond_by
        case DisputeState.AWAITING_BUYER:
            return dispute.buyer_acts_until
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


def _solution(solution: Solution, path: str, where: bool) -> SolutionView:
    """The solution; the address for the seller, and for a buyer who is to send the goods there."""
    return {
        "type": solution.type,
        "amount": solution.amount,
        "freight_payer": solution.freight_payer,
        "address": text_link(path, solution.address_ref) if where else None,
    }


def _result(dispute: Dispute) -> ResultView | None:
    if not (closed := dispute.closed):
        return None
    return {
        "amount": closed.amount,
        "reason": closed.reason,
        "reached_type": closed.reached_type,
        "rules": [*(dispute.solution.rules if dispute.solution and closed.reached_type else ()), *closed.rules],
        "at": closed.closed_at,
    }


def _refund(dispute: Dispute) -> RefundDueView | None:
    if not (due := dispute.refund):
        return None
    return {"id": due.refund_id, "amount": due.amount, "outcome": dispute.refund_outcome}


def history_entry(row: Mapping[str, Any], dispute: Dispute, actor: Actor) -> HistoryEntry:
    """An entry of the history as the actor may see it, with the pages of the rules that it rests on."""
    looking = looks_as(dispute, actor)
    return {
        "version": row["version"],
        "at": row["at"],
        "actor": visible_actor(row["actor"], dispute.parties, looking),
        "action": row["action"],
        "rules": row["rules"],
        "rule_links": rule_links(row["rules"]),
        "detail": visible(row["action"], row["detail"], looking),
    }
