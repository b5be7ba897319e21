"""View of a dispute for one party: of a command's answer, of a query, and of a moment in the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dispute.domain.conversations.state import Conversation
from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes.ending import stands
from dispute.domain.disputes.progress import last_outcome, refunded
from dispute.domain.disputes.state import STANDS, Dispute, DisputeState
from dispute.domain.disputes.visibility import BUYER, looks_as, visible, visible_actor
from dispute.views.conversation import messages_view
from dispute.views.disputes.actions import dispute_actions
from dispute.views.disputes.case import case_members, ruled_result
from dispute.views.disputes.inspection import inspection_view
from dispute.views.disputes.late import late_members
from dispute.views.disputes.late_members import NOTHING_LATER
from dispute.views.disputes.members import (
    DeadlineView,
    DisputeRow,
    DisputeView,
    RefundView,
    ResultView,
    TermsView,
)
from dispute.views.disputes.party_view import Standing, party_view
from dispute.views.disputes.solutions import solution_members
from dispute.views.evidence import item_views
from shared.actions import rendered
from shared.events.base import Actor
from shared.events.money import Money
from shared.events.order import Terms
from shared.parties import Parties
from shared.rules.links import rule_links
from shared.views import HistoryEntry

NEW = Conversation()
"""Of a dispute in which nobody has written yet."""
IN_PROGRESS, FINISHED = "Dispute in Progress", "Dispute Finished"
"""S53: the two labels that a party sees."""

_WHY = {
    DeadlineKind.SELLER_RESPONSE: ("S39", "S41"),
    DeadlineKind.BUYER_RESPONSE: ("K17", "T8"),
    DeadlineKind.NEGOTIATION: ("K16", "T10"),
    DeadlineKind.EVIDENCE: ("S50",),
    DeadlineKind.REVIEW: ("T16",),
    DeadlineKind.APPEAL: ("S55",),
    DeadlineKind.SURVEY: ("S56",),
    DeadlineKind.APPEAL_REVIEW: ("T44",),
    DeadlineKind.REPLACEMENT: ("T40",),
}
_MAY_STAND: Mapping[DisputeState | None, Sequence[DeadlineKind]] = {
    state: [kind for kind in _WHY if state in STANDS[kind]] for state in DisputeState
}
_ACTS_UNTIL: Mapping[DisputeState | None, Sequence[DeadlineKind]] = {
    DisputeState.AWAITING_SELLER: (DeadlineKind.SELLER_RESPONSE,),
    DisputeState.AWAITING_BUYER: (DeadlineKind.BUYER_RESPONSE, DeadlineKind.NEGOTIATION),
    DisputeState.ESCALATED: (DeadlineKind.EVIDENCE,),
    DisputeState.UNDER_REVIEW: (DeadlineKind.REVIEW,),
    DisputeState.AGREED: (DeadlineKind.REPLACEMENT,),
    DisputeState.DECIDED: (DeadlineKind.APPEAL,),
    DisputeState.APPEAL_REVIEW: (DeadlineKind.APPEAL_REVIEW,),
}
"""By state: the deadlines of whoever is to act, who has until the first of them."""


def dispute_view(dispute: Dispute, version: int, actor: Actor, now: datetime, said: Conversation = NEW) -> DisputeView:
    """The dispute as the actor sees it now; NotFound for a stranger."""
    dispute.parties.guard(actor, "dispute")
    opened, request, state, reason = dispute.opened, dispute.request, dispute.state, dispute.reason
    assert request and state and reason
    (kind, amount), path = stands(dispute, request), _path(opened.dispute_id)
    looking = looks_as(dispute, actor)
    where = looking != {BUYER}
    return {
        "id": opened.dispute_id,
        "href": path,
        "order_id": opened.order_id,
        "version": version,
        "label": label(state),
        "state": state,
        "fulfilment": dispute.fulfilment,
        "party_view": party_view(_standing(dispute), dispute.parties.acting(actor)),
        "round": dispute.round,
        "reason": reason,
        "type": kind,
        "amount": amount,
        "lines": [{"line_id": x.line_id, "quantity": x.quantity, "cap": x.cap} for x in opened.lines],
        **solution_members(dispute, request, path, where),
        "evidence": item_views(dispute, looking),
        "contacted_seller": opened.contacted_seller,
        "hints": opened.hints,
        "reopened_from": opened.reopened_from,
        "from_return": opened.from_return,
        "buyer_id": opened.buyer_id,
        "seller_id": opened.seller_id,
        "opened_at": opened.opened_at,
        "due_at": due_at(dispute),
        "close_reason": dispute.closed.reason if dispute.closed else None,
        "closed_at": dispute.closed.closed_at if dispute.closed else None,
        "protection_ends_at": opened.protection_ends_at,
        "by_law": opened.by_law.rights if opened.by_law else None,
        "terms": _terms(opened.terms),
        "deadlines": _deadlines(dispute),
        "result": result_view(dispute),
        "refund_outcome": last_outcome(dispute.refunds),
        "refunded": refunded(dispute.refunds),
        "refunds": _refunds(dispute),
        "return_id": dispute.return_id,
        "inspection": inspection_view(dispute.inspected) if dispute.inspected else None,
        **(late_members(dispute, path) if dispute.after_close else NOTHING_LATER),
        "external_hold": bool(dispute.chargebacks.open),
        "messages": messages_view(said, path, looking),
        **case_members(dispute, path, looking, now),
        **rendered(dispute_actions(dispute, actor, now)),
    }


def label(state: DisputeState | str | None) -> str:
    """S53: the visible label."""
    return FINISHED if state in (DisputeState.CLOSED, DisputeState.DECIDED) else IN_PROGRESS


def amount_of(row: Mapping[str, Any], column: str) -> Money:
    """The money of a row whose currency stands beside it."""
    return Money(row[column], row["currency"], row["exponent"])


def dispute_row(row: Mapping[str, Any], actor: Actor) -> DisputeRow:
    """A row of the read model, as lists show it to the actor."""
    parties = Parties("dispute", row["buyer_id"], (row["seller_id"],))
    return {
        "id": row["dispute_id"],
        "href": _path(row["dispute_id"]),
        "order_id": row["order_id"],
        "version": row["version"],
        "label": label(row["state"]),
        "state": row["state"],
        "fulfilment": row["fulfilment"],
        "party_view": party_view(Standing.of_row(row), parties.acting(actor)),
        "reason": row["reason"],
        "type": row["solution_type"],
        "amount": amount_of(row, "amount"),
        "opened_at": row["opened_at"],
        "due_at": row["next_due_at"],
        "external_hold": bool(row["charged_back_by"]),
        "close_reason": row["close_reason"],
        "closed_at": row["closed_at"],
        "result": _result_of(row),
        "refund_outcome": row["refund_outcome"],
        "refunded": None if row["refunded"] is None else amount_of(row, "refunded"),
    }


def _result_of(row: Mapping[str, Any]) -> ResultView | None:
    if row["result_at"] is None:
        return None
    return {
        "amount": amount_of(row, "result_amount"),
        "reason": row["result_reason"],
        "reached_type": row["reached_type"],
        "rules": row["result_rules"],
        "at": row["result_at"],
    }


def _path(dispute_id: str) -> str:
    return f"/v1/disputes/{dispute_id}"


def _standing(dispute: Dispute) -> Standing:
    appealable = dispute.state == DisputeState.DECIDED and due_at(dispute) is not None
    sent = dispute.replacement.shipped is not None
    return Standing(str(dispute.state), dispute.fulfilment, dispute.case.asked_by_team, appealable, sent)


def _terms(terms: Terms) -> TermsView:
    return {"programme": terms.programme, "version": terms.version, "hash": terms.hash}


def due_at(dispute: Dispute) -> datetime | None:
    """Until when the one who has to act may."""
    return dispute.first_due(*_ACTS_UNTIL.get(dispute.state, ()))


def _deadlines(dispute: Dispute) -> list[DeadlineView]:
    standing = [(kind, dispute.due(kind)) for kind in _MAY_STAND.get(dispute.state, ())]
    if dispute.state == DisputeState.AWAITING_SELLER:  # it asks nobody now, but an answer behind it comes too late (T7)
        standing.append((DeadlineKind.NEGOTIATION, dispute.negotiate_until))
    found: list[DeadlineView] = [{"kind": kind, "due_at": due, "rules": _WHY[kind]} for kind, due in standing if due]
    return sorted(found, key=lambda deadline: deadline["due_at"])


def result_view(dispute: Dispute) -> ResultView | None:
    """How it ended, or what the case team decided (S52)."""
    if not (closed := dispute.closed):
        return ruled_result(dispute)
    return {
        "amount": closed.amount,
        "reason": closed.reason,
        "reached_type": closed.reached_type,
        "rules": [*_grounds(dispute), *closed.rules],
        "at": closed.closed_at,
    }


def _grounds(dispute: Dispute) -> Sequence[str]:
    """The rules of what was reached or decided; what the buyer withdrew came to nothing."""
    came_to_something = dispute.closed and dispute.closed.reached_type
    return dispute.case.grounds if came_to_something else ()


def _refunds(dispute: Dispute) -> list[RefundView]:
    return [
        {"id": name, "amount": asked.amount, "source": asked.due.source, "outcome": asked.said}
        for name, asked in dispute.refunds.items()
    ]


def history_entry(row: Mapping[str, Any], dispute: Dispute, actor: Actor) -> HistoryEntry:
    """An entry of the history as the actor may see it, with the pages of the rules that it rests on; the end's are
    those of the result (S52).
    """
    looking, result = looks_as(dispute, actor), result_view(dispute)
    rules = result["rules"] if result and row["version"] == dispute.end else row["rules"]
    return {
        "version": row["version"],
        "at": row["at"],
        "actor": visible_actor(row["actor"], dispute.parties, looking),
        "action": row["action"],
        "rules": rules,
        "rule_links": rule_links(rules),
        "detail": visible(row["action"], row["detail"], looking),
    }
