"""Transitions of a dispute as data: who may do what in which state, held to which deadline, and where it leads.

Guards, lists of actions, the rule book's diagram and the refusal matrix of the tests are made from this one table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes.guards import guard_rounds_left
from dispute.domain.disputes.state import Dispute, DisputeState
from shared.events.base import Actor
from shared.rejections import DeadlinePassed, WrongPhase


class Step(StrEnum):
    """What somebody may do to a dispute; the word is the action's name."""

    RESPOND = "respond"
    ACCEPT = "accept"
    MODIFY = "modify"
    CANCEL = "cancel"


class Told(StrEnum):
    """What another stream or service tells a dispute."""

    REFUND = "refund"
    RETURN = "return"
    ORDER_CANCELLED = "order_cancelled"


class Need(StrEnum):
    """What a state alone does not tell, by the name of the dispute's property that does."""

    OFFER = "offer"
    GOODS_UNSENT = "goods_unsent"


Guard = Callable[[Dispute, Actor, datetime], None]


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: by which `rule` who does what in which states, and the states that it may lead to.

    It is too late at the instants of `within`; `guards` refuse what is left, in order. What is `mandatory` has a
    deadline at which silence decides.
    """

    rule: str
    step: Step | DeadlineKind | Told
    by: Sequence[str]
    states: Sequence[DisputeState]
    to: Sequence[DisputeState]
    within: Sequence[DeadlineKind] = ()
    needs: Need | None = None
    guards: Sequence[Guard] = ()
    mandatory: bool = False


BUYER, SELLER, SYSTEM = ("buyer",), ("seller",), ("system",)
ASKED, ANSWERED = DisputeState.AWAITING_SELLER, DisputeState.AWAITING_BUYER
ESCALATED, AGREED, CLOSED = DisputeState.ESCALATED, DisputeState.AGREED, DisputeState.CLOSED
D1, D2, D4 = DeadlineKind.SELLER_RESPONSE, DeadlineKind.BUYER_RESPONSE, DeadlineKind.NEGOTIATION
OPEN = (ASKED, ANSWERED, ESCALATED)

TABLE: Sequence[Transition] = (
    Transition("T2", Step.RESPOND, SELLER, (ASKED,), (AGREED,), (D1,), mandatory=True),
    Transition("T3", Step.RESPOND, SELLER, (ASKED,), (ANSWERED, ESCALATED), (D1,), mandatory=True),
    Transition("T4", Step.RESPOND, SELLER, (ASKED,), (ANSWERED, ESCALATED), (D1,), mandatory=True),
    Transition("T5", D1, SYSTEM, (ASKED,), (AGREED,)),
    Transition("T6", Step.ACCEPT, BUYER, (ANSWERED,), (AGREED,), (D2, D4), Need.OFFER),
    Transition("T7", Step.MODIFY, BUYER, (ANSWERED,), (ASKED,), (D2, D4), guards=(guard_rounds_left,)),
    Transition("T8", D2, SYSTEM, (ANSWERED,), (ESCALATED, CLOSED)),
    Transition("T10", D4, SYSTEM, (ANSWERED,), (ESCALATED,)),
    Transition("T21", Step.CANCEL, BUYER, OPEN, (CLOSED,)),
    Transition("T21", Step.CANCEL, BUYER, (AGREED,), (CLOSED,), needs=Need.GOODS_UNSENT),
    Transition("T22a", Told.RETURN, SYSTEM, (AGREED,), (ESCALATED,)),
    Transition("T27", Told.RETURN, SYSTEM, (AGREED,), (ESCALATED,)),
    Transition("T33", Told.REFUND, SYSTEM, (AGREED,), (CLOSED,)),
    Transition("T45", Told.ORDER_CANCELLED, SYSTEM, OPEN, (AGREED,)),
)

ROWS: Mapping[Step, Sequence[Transition]] = {step: [row for row in TABLE if row.step is step] for step in Step}
"""By what somebody may do."""


def roles_of(step: Step) -> Sequence[str]:
    """Whose step it is, in whatever state."""
    return tuple(dict.fromkeys(role for row in ROWS[step] for role in row.by))


def guard(step: Step, dispute: Dispute, actor: Actor, at: datetime) -> None:
    """G8 and what else refuses a step: the right actor, the right state, in time, and then the row's own guards."""
    dispute.parties.guard(actor, "dispute", *roles_of(step))
    row = fitting(step, dispute)
    for kind in row.within:
        DeadlinePassed.unless_before(dispute.due(kind), at)
    for refuse in row.guards:
        refuse(dispute, actor, at)


def fitting(step: Step, dispute: Dispute) -> Transition:
    """The row of the state that the dispute is in; WrongPhase where there is none."""
    rows = [row for row in ROWS[step] if dispute.state in row.states]
    if not rows:
        raise WrongPhase(f"Not while the dispute is {dispute.state}.", state=dispute.state)
    if (needs := rows[0].needs) and not getattr(dispute, needs):
        raise WrongPhase(
            f"Not while the dispute is {dispute.state} and has no {needs.replace('_', ' ')}.", state=dispute.state
        )
    return rows[0]


def until(step: Step, dispute: Dispute) -> datetime | None:
    """Until when the step may be taken in this state, where something ends its time."""
    within = (kind for row in ROWS[step] if dispute.state in row.states for kind in row.within)
    return min(filter(None, map(dispute.due, within)), default=None)


def is_mandatory(step: Step, dispute: Dispute) -> bool:
    """Whether silence decides."""
    return any(row.mandatory for row in ROWS[step] if dispute.state in row.states)
