"""What a party sees of a dispute: the same renderer for a command's answer, a query and a moment in the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dispute.domain.dispute import BUYER_RESPONSE, NEGOTIATION, SELLER_RESPONSE, Dispute, DisputeState, Fulfilment
from dispute.domain.negotiation import guard_acceptance, guard_cancellation, guard_modification, guard_response
from dispute.domain.parties import party_role
from dispute.domain.rejections import NotFound
from shared.actions import Action, Json, rendered
from shared.events.base import Actor, wire_time
from shared.events.dispute import Solution
from shared.events.money import Money
from shared.rules.links import rule_links

IN_PROGRESS, FINISHED = "Dispute in Progress", "Dispute Finished"
"""S53: the two labels that a party sees."""

_WHY = {SELLER_RESPONSE: ("S39", "S41"), BUYER_RESPONSE: ("K17", "T8"), NEGOTIATION: ("K16", "T10")}


def dispute_view(dispute: Dispute, version: int, actor: Actor, now: datetime) -> Json:
    """The dispute as the actor sees it now; NotFound for a stranger."""
    role = _seen_by(dispute, actor)
    facts, request = dispute.facts, dispute.request
    return {
        "id": facts.dispute_id,
        "order_id": facts.order_id,
        "version": version,
        "label": label(dispute.state),
        "phase": dispute.state,
        "fulfilment": dispute.fulfilment,
        "party_view": _party_view(dispute, role),
        "round": dispute.round,
        "reason": dispute.reason,
        "lines": [{"line_id": x.line_id, "quantity": x.quantity, "cap": money(x.cap)} for x in facts.lines],
        "request": _solution(request, facts.dispute_id),
        "solution": _solution(dispute.live, facts.dispute_id),
        "description": _text(dispute.description_ref, facts.dispute_id),
        "seller_reason": _text(dispute.seller_reason_ref, facts.dispute_id),
        "evidence": list(facts.evidence),
        "contacted_seller": facts.contacted_seller,
        "reopened_from": facts.reopened_from,
        "buyer_id": facts.buyer_id,
        "seller_id": facts.seller_id,
        "opened_at": wire_time(facts.opened_at),
        "closed_at": wire_time(dispute.closed.closed_at) if dispute.closed else None,
        "protection_ends_at": wire_time(facts.protection_ends_at) if facts.protection_ends_at else None,
        "terms": {"programme": facts.terms.programme, "version": facts.terms.version},
        "deadlines": _deadlines(dispute),
        "result": _result(dispute),
        "refund": _refund(dispute),
        "refund_id": dispute.refund.refund_id if dispute.refund else None,
        "return_id": dispute.return_id,
        **rendered(dispute_actions(dispute, actor, now)),
    }


def dispute_actions(dispute: Dispute, actor: Actor, now: datetime) -> Sequence[Action]:
    """Everything that can be done to a dispute, each with the guard of its command."""
    path = f"/v1/disputes/{dispute.facts.dispute_id}"
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


def money(amount: Money) -> Json:
    return {"amount": amount.amount, "currency": amount.currency}


def minor(row: Mapping[str, Any], column: str) -> Json:
    """The money of a row whose currency stands beside it."""
    return money(Money(row[column], row["currency"], row["exponent"]))


def dispute_row(row: Mapping[str, Any]) -> Json:
    """A row of the read model, as lists show it."""
    return {
        "id": row["dispute_id"],
        "order_id": row["order_id"],
        "version": row["version"],
        "label": label(row["state"]),
        "phase": row["state"],
        "fulfilment": row["fulfilment"],
        "reason": row["reason"],
        "type": row["solution_type"],
        "amount": minor(row, "amount"),
        "opened_at": wire_time(row["opened_at"]),
        "due_at": wire_time(row["next_due_at"]) if row["next_due_at"] else None,
        "close_reason": row["close_reason"],
        "closed_at": wire_time(row["closed_at"]) if row["closed_at"] else None,
        "href": f"/v1/disputes/{row['dispute_id']}",
    }


def _seen_by(dispute: Dispute, actor: Actor) -> str:
    role = party_role(actor, dispute.opened.buyer_id, dispute.opened.seller_id) if dispute.opened else None
    if role is None:
        raise NotFound("There is no such dispute.")
    return role


def _party_view(dispute: Dispute, role: str) -> str:
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
    return "action_required" if role == acts else "waiting_for_other"


def _deadlines(dispute: Dispute) -> list[Json]:
    standing = ((kind, dispute.due(kind)) for kind in _WHY)
    found = [{"kind": kind, "due_at": wire_time(due), "rules": list(_WHY[kind])} for kind, due in standing if due]
    if dispute.state == DisputeState.ESCALATED and dispute.evidence_until:
        found.append({"kind": "evidence", "due_at": wire_time(dispute.evidence_until), "rules": ["S50"]})
    return sorted(found, key=lambda deadline: str(deadline["due_at"]))


def _solution(solution: Solution | None, dispute_id: str) -> Json | None:
    if solution is None:
        return None
    return {
        "type": solution.type,
        "amount": money(solution.amount),
        "freight_payer": solution.freight_payer,
        "address": _text(solution.address_ref, dispute_id),
    }


def _text(ref: str | None, dispute_id: str) -> Json | None:
    """Text about people is not in the stream: the answer names where the parties read it."""
    return {"ref": ref, "href": f"/v1/disputes/{dispute_id}/texts/{ref}"} if ref else None


def _result(dispute: Dispute) -> Json | None:
    """S52: the amount and why it ended."""
    if not (closed := dispute.closed):
        return None
    return {
        "amount": money(closed.amount),
        "reason": closed.reason,
        "reached_type": dispute.reached.reached_type if dispute.reached else None,
        "rules": [*(dispute.reached.rules if dispute.reached else ()), *closed.rules],
        "at": wire_time(closed.closed_at),
    }


def _refund(dispute: Dispute) -> Json | None:
    if not (due := dispute.refund):
        return None
    return {"id": due.refund_id, "amount": money(due.amount), "outcome": dispute.refund_outcome}


def history_entry(row: Mapping[str, Any]) -> Json:
    """An entry of the history, with the pages of the rules that it rests on."""
    same = {name: row[name] for name in ("version", "actor", "action", "detail")}
    return {"at": wire_time(row["at"]), "rules": list(row["rules"]), "rule_links": rule_links(row["rules"]), **same}
