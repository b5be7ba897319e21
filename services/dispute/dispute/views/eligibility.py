"""View of what an order entitles to: every right side by side, the best one marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from typing_extensions import TypedDict

from dispute.domain.disputes.form import FORM_TYPES
from dispute.domain.disputes.opening.eligibility import Link, contact_seller
from dispute.domain.entitlements.changes import would_change
from dispute.domain.entitlements.entitlement import EntitlementKind, Judged, Question
from dispute.domain.entitlements.judging import best, is_against_faults, judge
from dispute.domain.entitlements.returnable import goes_back
from dispute.domain.orders.pieces import NamedPieces
from dispute.views.orders.order import ParcelLine
from shared.actions import ActionView
from shared.events.base import Actor, Instant
from shared.events.dispute import Payer
from shared.events.order import Remedy
from shared.events.outside.ids import path_of

OFFERED = (Remedy.REPLACEMENT, Remedy.REPAIR)


class ChangeView(TypedDict):
    """What would have to change for a right that is refused, and when it does by itself."""

    code: str
    detail: str
    at: Instant | None


class EntitlementView(TypedDict):
    """One right: what grants it, or the code and the rules that refuse it; `lines` are the pieces that this is said of,
    `payer` pays the freight, `ends_at` is exclusive, `remedies` are what can be asked for by it, and `action` is null
    where no command uses it yet.
    """

    kind: EntitlementKind
    name: str | None
    version: int
    granted: bool
    code: str | None
    rules: Sequence[str]
    lines: Sequence[ParcelLine]
    opens_at: Instant | None
    ends_at: Instant | None
    payer: Payer | None
    remedies: Sequence[Remedy]
    best: bool
    would_change: Sequence[ChangeView]
    action: ActionView | None


class Eligibility(TypedDict):
    """What the order entitles its buyer to at an instant; `lines` are the pieces that were asked about."""

    order_id: str
    version: int
    at: Instant
    lines: Sequence[ParcelLine]
    entitlements: Sequence[EntitlementView]
    contact: Sequence[ActionView]


def eligibility(
    question: Question, version: int, named: Sequence[NamedPieces], actor: Actor, support: str
) -> Eligibility:
    """Every entitlement for these pieces (S17); who else can be asked stands beside it (S20, S110)."""
    order, found = question.order, judge(question, named)
    winner = best(found)
    is_buyer = "buyer" in order.parties.acting(actor)
    return {
        "order_id": order.order_id,
        "version": version,
        "at": question.now,
        "lines": _lines((pieces.line.line_id, pieces.quantity) for pieces in named),
        "entitlements": [_entitlement(question, one, one is winner, is_buyer) for one in found],
        "contact": [
            _link(contact_seller(order)),
            {"rel": "contact-support", "method": "GET", "href": support},
        ],
    }


def _entitlement(question: Question, judged: Judged, is_best: bool, is_buyer: bool) -> EntitlementView:
    one, refusal = judged.entitlement, judged.refusal
    return {
        "kind": one.kind,
        "name": one.name,
        "version": one.version,
        "granted": judged.is_granted,
        "code": refusal.code if refusal else None,
        "rules": (refusal.cited or one.rules) if refusal else one.rules,
        "lines": _lines(judged.pieces),
        "opens_at": judged.opens_at,
        "ends_at": judged.ends_at,
        "payer": one.payer,
        "remedies": _asked_for(one.kind, one.remedies),
        "best": is_best,
        "would_change": [
            {"code": change.code, "detail": change.detail, "at": change.at}
            for change in (would_change(refusal) if refusal else ())
        ],
        "action": _action(question, judged) if is_buyer else None,
    }


def _asked_for(kind: EntitlementKind, remedies: Sequence[Remedy]) -> Sequence[Remedy]:
    """Other goods, or the same goods whole, are the seller's to offer (S29). A right against faults that the law gives
    is used by a dispute all the same, whose form asks for money; a warranty by a claim, for the goods alone (T41).
    """
    if kind is EntitlementKind.WARRANTY:
        return remedies
    asked = [remedy for remedy in remedies if remedy not in OFFERED]
    by_form = [Remedy(form_type) for form_type in FORM_TYPES] if kind is EntitlementKind.STATUTORY else []
    return asked or by_form


def _action(question: Question, judged: Judged) -> ActionView | None:
    """The command that uses the right: a dispute, a warranty claim, or a return without either."""
    if judged.is_usable(question):
        return {"rel": "open-dispute", "method": "POST", "href": "/v1/disputes"}
    if judged.is_granted and is_against_faults(judged.entitlement):
        return {"rel": "claim-warranty", "method": "POST", "href": "/v1/warranties"}
    may_go_back = judged.is_granted and goes_back(judged.entitlement, question, judged.pieces)
    href = path_of("v1", "orders", question.order.order_id, "returns")
    return {"rel": "request-return", "method": "POST", "href": href} if may_go_back else None


def _link(link: Link) -> ActionView:
    return {"rel": link["rel"], "method": link["method"], "href": link["href"]}


def _lines(pieces: Iterable[tuple[str, int]]) -> list[ParcelLine]:
    return [{"line_id": line_id, "quantity": quantity} for line_id, quantity in pieces]
