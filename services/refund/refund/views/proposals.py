"""View of what waits for a second person of support: for the platform's people alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from refund.domain.payments.proposals import standing
from refund.domain.payments.refund import Refund
from refund.domain.payments.state import Payment
from shared.events.base import Actor, Event, Instant
from shared.events.envelope import Recorded
from shared.events.mediation.proposals import ProposalDeclined, ProposalKind, ProposalMade
from shared.events.open_enums import Open
from shared.views import LineAmountView, ProposalMembers, TextLink, text_link

PARTIES = frozenset({"buyer", "seller"})
READERS = "support"
"""Who may read the reasons that are given."""


class EndingView(TypedDict):
    """How somebody of support wants a refund to end, and for support why; what was paid by hand, or was found paid, has
    its reference, what is to be asked for again its lines.
    """

    ticket: str
    reason: TextLink | None
    bank_reference: str | None
    paid_at: Instant | None
    lines: Sequence[LineAmountView] | None


class ProposalView(ProposalMembers):
    """What one person of support proposed, which the others see (T31a), and for which part where several payments give
    the refund; of another try there is no more to say.
    """

    part_id: str | None
    body: EndingView | None


class DeclinedView(TypedDict):
    """The last proposal that a second person of support did not want, and why."""

    id: str
    kind: Open[ProposalKind]
    by: str
    reason: TextLink | None


def proposal_views(payment: Payment, refund: Refund, path: str, actor: Actor, now: datetime) -> list[ProposalView]:
    """What waits for a second person now: the platform's people see it, and no party."""
    made = standing(refund, now)
    roles = payment.parties_of(refund).acting(actor)
    return [_proposal(made, path, READERS in roles)] if made and roles - PARTIES else []


def declined_view(payment: Payment, refund: Refund, path: str, actor: Actor) -> DeclinedView | None:
    """The last no of a second person, for who may read why."""
    no = refund.declined
    if not no or READERS not in payment.parties_of(refund).acting(actor):
        return None
    return {"id": no.proposal_id, "kind": no.kind, "by": no.by, "reason": text_link(path, no.reason_ref)}


def reasons_of(refund_id: str, history: Sequence[Recorded[Event]]) -> set[str]:
    """The refs of all reasons that were ever given for this refund."""
    return set(_reasons(refund_id, [recorded.event for recorded in history]))


def _reasons(refund_id: str, events: Sequence[Any]) -> Iterator[str]:
    for event in events:
        if isinstance(event, ProposalMade) and event.refund_id == refund_id and event.ending:
            yield event.ending.reason_ref
        if isinstance(event, ProposalDeclined) and event.refund_id == refund_id:
            yield event.reason_ref


def _proposal(made: ProposalMade, path: str, readable: bool) -> ProposalView:
    return {
        "id": made.proposal_id,
        "kind": made.kind,
        "by": made.by,
        "at": made.made_at,
        "expires_at": made.expires_at,
        "part_id": made.part_id,
        "body": _ending(made, path, readable),
    }


def _ending(made: ProposalMade, path: str, readable: bool) -> EndingView | None:
    if not (ending := made.ending):
        return None
    return {
        "ticket": ending.ticket,
        "reason": text_link(path, ending.reason_ref) if readable else None,
        "bank_reference": ending.bank_reference,
        "paid_at": ending.paid_at,
        "lines": [{"line_id": part.line_id, "amount": part.amount} for part in ending.lines] if ending.lines else None,
    }
