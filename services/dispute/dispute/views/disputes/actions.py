"""Actions of a dispute: what the table of transitions offers, each at its address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial

from dispute.domain.disputes.afterwards.repayment import guard_agreement, guard_receipt, guard_report
from dispute.domain.disputes.evidence import addition_until, guard_addition
from dispute.domain.disputes.progress import not_refunded
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.disputes.transitions import (
    PARTIES,
    Step,
    Transition,
    guard_row,
    refused_in,
    roles_of,
    row_or_refusal,
)
from dispute.domain.evidence.limits import guard_number, most_bytes
from shared.actions import Action, Offer, UploadLimits
from shared.events.base import Actor
from shared.rejections import Rejected

PATHS: Mapping[Step, str] = {
    Step.RESPOND: "/v1/disputes/{}/response",
    Step.ACCEPT: "/v1/disputes/{}/acceptance",
    Step.MODIFY: "/v1/disputes/{}/modification",
    Step.CANCEL: "/v1/disputes/{}/cancellation",
    Step.ESCALATE: "/v1/disputes/{}/escalation",
    Step.STATEMENT: "/v1/disputes/{}/statement",
    Step.CLAIM: "/v1/disputes/{}/claim",
    Step.RELEASE: "/v1/disputes/{}/release",
    Step.REVIEW: "/v1/disputes/{}/review",
    Step.REQUEST_EVIDENCE: "/v1/disputes/{}/evidence-request",
    Step.DECIDE: "/v1/disputes/{}/decision",
    Step.AGREE_DECISION: "/v1/disputes/{}/decision",
    Step.APPEAL: "/v1/disputes/{}/appeal",
    Step.DECIDE_APPEAL: "/v1/disputes/{}/appeal-decision",
    Step.AGREE_APPEAL_DECISION: "/v1/disputes/{}/appeal-decision",
    Step.SURVEY: "/v1/disputes/{}/survey",
    Step.OVERRIDE: "/v1/disputes/{}/override",
    Step.AGREE_OVERRIDE: "/v1/disputes/{}/override",
    Step.SHIP_REPLACEMENT: "/v1/disputes/{}/replacement-shipment",
    Step.MESSAGE: "/v1/disputes/{}/messages",
    Step.RECEIVE_REPLACEMENT: "/v1/disputes/{}/replacement-receipt",
}
"""By step: the address of its command."""


LATE_GOODS: Sequence[tuple[str, str, frozenset[str], Callable[[Dispute, Actor], object]]] = (
    ("report-late-arrival", "/v1/disputes/{}/late-arrival", frozenset({"buyer"}), guard_report),
    ("agree-repayment", "/v1/disputes/{}/repayment", frozenset(PARTIES), guard_agreement),
    ("confirm-repayment", "/v1/disputes/{}/repayment-receipt", frozenset({"seller"}), guard_receipt),
)
"""What may be done about goods that came after the refund (T36): the action, its address, whose it is, its guard."""


def dispute_actions(dispute: Dispute, actor: Actor, now: datetime) -> Sequence[Action]:
    """Everything that can be done to a dispute and by whom, each with the guard of its command."""
    acting, dispute_id = dispute.parties.acting(actor), dispute.opened.dispute_id
    return [
        Action(step, path.format(dispute_id), refused or _offer(step, dispute, actor, now))
        for step, path, refused in _steps_of(acting, dispute.state)
    ] + [
        Action("add-evidence", f"/v1/disputes/{dispute_id}/evidence", partial(_addition, dispute, actor, now)),
        *_about_late_goods(dispute, actor, acting),
    ]


@lru_cache(maxsize=256)
def _steps_of(acting: frozenset[str], state: DisputeState | None) -> Sequence[tuple[Step, str, Rejected | None]]:
    """The steps of who acts in these roles, with their paths and with what refuses them in this state alone; asked for
    in each answer.
    """
    own = [(step, path) for step, path in PATHS.items() if not acting.isdisjoint(roles_of(step))]
    return [(step, path, refused_in(step, state)) for step, path in own]


def _offer(step: Step, dispute: Dispute, actor: Actor, now: datetime) -> Callable[[], Offer] | Rejected:
    row = row_or_refusal(step, dispute)
    return row if isinstance(row, Rejected) else partial(_guarded, row, dispute, actor, now)


def _guarded(row: Transition, dispute: Dispute, actor: Actor, now: datetime) -> Offer:
    guard_row(row, dispute, actor, now)
    return Offer(dispute.first_due(*row.within), row.mandatory)


def _about_late_goods(dispute: Dispute, actor: Actor, acting: frozenset[str]) -> Iterator[Action]:
    """Before any money went back no guard has to be asked."""
    state, dispute_id = dispute.state, dispute.opened.dispute_id
    early = not_refunded(dispute.refunds, state)
    for rel, path, roles, refuse in LATE_GOODS:
        if not acting.isdisjoint(roles):
            yield Action(rel, path.format(dispute_id), early or partial(_of_late_goods, refuse, dispute, actor))


def _of_late_goods(refuse: Callable[[Dispute, Actor], object], dispute: Dispute, actor: Actor) -> Offer:
    refuse(dispute, actor)
    return Offer()


def _addition(dispute: Dispute, actor: Actor, now: datetime) -> Offer:
    """T11: a file more, as long as there is room for it."""
    by = guard_addition(dispute, actor, now)
    guard_number(dispute.terms, there := len(dispute.evidence.standing(by)))
    return Offer(addition_until(dispute), limits=_limits(dispute, there))


def _limits(dispute: Dispute, there: int) -> UploadLimits:
    """What may still be added, by kind of file."""
    terms = dispute.terms
    taken = most_bytes(terms, dispute.state == DisputeState.ESCALATED)
    return {
        "types": sorted(taken),
        "max_bytes": terms.evidence_max_bytes - 1,
        "video_max_bytes": terms.evidence_video_max_bytes - 1,
        "left": max(0, terms.evidence_max_items - there),
    }
