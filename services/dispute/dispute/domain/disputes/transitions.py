"""Transitions of a dispute as data: who may do what in which state, held to which deadline, and where it leads.

Guards, lists of actions, the rule book's diagram and the refusal matrix of the tests are made from this one table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes import guards
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.rejections import AppealWindowOver, NotAppealable
from shared.events.base import Actor
from shared.events.mediation.proposals import ProposalKind
from shared.rejections import DeadlinePassed, Rejected, WrongPhase


class Step(StrEnum):
    """What somebody may do to a dispute; the word is the action's name."""

    RESPOND = "respond"
    ACCEPT = "accept"
    MODIFY = "modify"
    CANCEL = "cancel"
    ESCALATE = "escalate"
    STATEMENT = "submit-statement"
    CLAIM = "claim"
    RELEASE = "release"
    REVIEW = "start-review"
    REQUEST_EVIDENCE = "request-evidence"
    DECIDE = "decide"
    AGREE_DECISION = "agree-decision"
    APPEAL = "appeal"
    DECIDE_APPEAL = "decide-appeal"
    AGREE_APPEAL_DECISION = "agree-appeal-decision"
    SURVEY = "submit-survey"
    OVERRIDE = "override"
    AGREE_OVERRIDE = "agree-override"
    SHIP_REPLACEMENT = "ship-replacement"
    RECEIVE_REPLACEMENT = "confirm-replacement"
    MESSAGE = "send-message"


class Told(StrEnum):
    """What another stream or service tells a dispute."""

    REFUND = "refund"
    RETURN = "return"
    ORDER_CANCELLED = "order_cancelled"
    CARRIER = "carrier"
    SCAN = "scan"


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
    too_late: type[DeadlinePassed] = DeadlinePassed


BUYER, SELLER, TEAM, SUPPORT, SYSTEM = ("buyer",), ("seller",), ("case_team",), ("support",), ("system",)
PARTIES, DESK = ("buyer", "seller"), ("case_team", "support")
ASKED, ANSWERED = DisputeState.AWAITING_SELLER, DisputeState.AWAITING_BUYER
ESCALATED, REVIEWED, CLOSED = DisputeState.ESCALATED, DisputeState.UNDER_REVIEW, DisputeState.CLOSED
AGREED, DECIDED, APPEALED = DisputeState.AGREED, DisputeState.DECIDED, DisputeState.APPEAL_REVIEW
D1, D2, D4 = DeadlineKind.SELLER_RESPONSE, DeadlineKind.BUYER_RESPONSE, DeadlineKind.NEGOTIATION
D3, D5, D6 = DeadlineKind.EVIDENCE, DeadlineKind.REVIEW, DeadlineKind.APPEAL
D7, D8, D13 = DeadlineKind.SURVEY, DeadlineKind.APPEAL_REVIEW, DeadlineKind.REPLACEMENT
WITH_THE_TEAM = (ESCALATED, REVIEWED)
TO_CARRY_OUT = (AGREED, DECIDED, APPEALED)
OPEN = (ASKED, ANSWERED, ESCALATED, REVIEWED)
NOT_CLOSED = (*OPEN, *TO_CARRY_OUT)
FIT_TO_DECIDE_AN_APPEAL = (guards.guard_other_decider, guards.guard_appeals_complete, guards.guard_not_claimed)

TABLE: Sequence[Transition] = (
    Transition("T2", Step.RESPOND, SELLER, (ASKED,), (AGREED,), (D1,), mandatory=True),
    Transition("T3", Step.RESPOND, SELLER, (ASKED,), (ANSWERED, ESCALATED), (D1,), mandatory=True),
    Transition("T4", Step.RESPOND, SELLER, (ASKED,), (ANSWERED, ESCALATED), (D1,), mandatory=True),
    Transition("T5", D1, SYSTEM, (ASKED,), (AGREED,)),
    Transition("T6", Step.ACCEPT, BUYER, (ANSWERED,), (AGREED,), (D2, D4), Need.OFFER),
    Transition("T7", Step.MODIFY, BUYER, (ANSWERED,), (ASKED,), (D2, D4), guards=(guards.guard_rounds_left,)),
    Transition("T8", D2, SYSTEM, (ANSWERED,), (ESCALATED, CLOSED)),
    Transition("T9", Step.ESCALATE, PARTIES, (ASKED,), (ESCALATED,), (D1,), guards=(guards.guard_answered,)),
    Transition("T9", Step.ESCALATE, PARTIES, (ANSWERED,), (ESCALATED,), (D2, D4), guards=(guards.guard_answered,)),
    Transition("T10", D4, SYSTEM, (ANSWERED,), (ESCALATED,)),
    Transition("T11", Told.SCAN, SYSTEM, (*OPEN, DECIDED, APPEALED), (), guards=(guards.guard_undecided,)),
    Transition("T12", Step.MESSAGE, (*PARTIES, *TEAM), (*OPEN, *TO_CARRY_OUT), ()),
    Transition("T13", D3, SYSTEM, (ESCALATED,), (REVIEWED,)),
    Transition("T13", Step.CLAIM, DESK, (*WITH_THE_TEAM, APPEALED), (), guards=(guards.guard_claimable,)),
    Transition("T13", Step.RELEASE, DESK, (*WITH_THE_TEAM, APPEALED), (), guards=(guards.guard_releasable,)),
    Transition(
        "T13", Step.REVIEW, TEAM, (ESCALATED,), (REVIEWED,), guards=(guards.guard_window_over, guards.guard_not_claimed)
    ),
    Transition("T13", Step.REVIEW, TEAM, (REVIEWED,), (), guards=(guards.guard_not_claimed,)),
    Transition("T14", Step.REQUEST_EVIDENCE, TEAM, (REVIEWED,), (ESCALATED,), guards=(guards.guard_not_claimed,)),
    Transition("T15", Step.DECIDE, TEAM, (REVIEWED,), (DECIDED,), guards=(guards.guard_not_claimed,)),
    Transition(
        "T15",
        Step.AGREE_DECISION,
        TEAM,
        (REVIEWED,),
        (DECIDED,),
        guards=(guards.second_person_for(ProposalKind.DECISION),),
    ),
    Transition("T16", D5, SYSTEM, (REVIEWED,), ()),
    Transition(
        "T17",
        Step.APPEAL,
        PARTIES,
        (DECIDED, APPEALED),
        (APPEALED,),
        (D6,),
        guards=(guards.guard_not_appealed,),
        too_late=AppealWindowOver,
    ),
    Transition("T18", Step.DECIDE_APPEAL, TEAM, (APPEALED,), (DECIDED, CLOSED), guards=FIT_TO_DECIDE_AN_APPEAL),
    Transition(
        "T18",
        Step.AGREE_APPEAL_DECISION,
        TEAM,
        (APPEALED,),
        (DECIDED, CLOSED),
        guards=(guards.second_person_for(ProposalKind.APPEAL_DECISION), guards.guard_appeals_complete),
    ),
    Transition("T19", D6, SYSTEM, (DECIDED,), (CLOSED,)),
    Transition("T19", D6, SYSTEM, (APPEALED,), ()),
    Transition("T20", Step.SURVEY, BUYER, (DECIDED, CLOSED), (), (D7,), guards=(guards.guard_survey,)),
    Transition("T21", Step.CANCEL, BUYER, (ASKED,), (CLOSED,), (D1,)),
    Transition("T21", Step.CANCEL, BUYER, (ANSWERED,), (CLOSED,), (D2, D4)),
    Transition("T21", Step.CANCEL, BUYER, WITH_THE_TEAM, (CLOSED,), guards=(guards.guard_nothing_passed,)),
    Transition("T21", Step.CANCEL, BUYER, (AGREED, DECIDED), (CLOSED,), needs=Need.GOODS_UNSENT),
    Transition("T22a", Told.RETURN, SYSTEM, (AGREED, DECIDED, APPEALED), (ESCALATED,)),
    Transition("T24", Told.RETURN, SYSTEM, (AGREED, DECIDED), (CLOSED,)),
    Transition("T25a", Told.RETURN, SYSTEM, (AGREED, DECIDED, APPEALED), (ESCALATED,)),
    Transition("T27", Told.RETURN, SYSTEM, (AGREED, DECIDED, APPEALED), (ESCALATED,)),
    Transition("T33", Told.REFUND, SYSTEM, (AGREED, DECIDED), (CLOSED,)),
    Transition("T37", Step.OVERRIDE, SUPPORT, NOT_CLOSED, (), guards=(guards.guard_not_cancelled,)),
    Transition(
        "T37",
        Step.AGREE_OVERRIDE,
        SUPPORT,
        NOT_CLOSED,
        (ESCALATED, DECIDED, CLOSED),
        guards=(guards.second_person_for(ProposalKind.OVERRIDE),),
    ),
    Transition("T40", Step.SHIP_REPLACEMENT, SELLER, TO_CARRY_OUT, (), (D13,), guards=(guards.guard_unsent,)),
    Transition("T40", Step.RECEIVE_REPLACEMENT, BUYER, TO_CARRY_OUT, (CLOSED,), (D13,), guards=(guards.guard_awaited,)),
    Transition("T40", Told.CARRIER, SYSTEM, TO_CARRY_OUT, (CLOSED,), (D13,), guards=(guards.guard_sent,)),
    Transition("T40", D13, SYSTEM, TO_CARRY_OUT, (ESCALATED,)),
    Transition("T42", Step.STATEMENT, PARTIES, (ESCALATED,), (REVIEWED,), (D3,), guards=(guards.guard_incomplete,)),
    Transition("T43", Step.RESPOND, SELLER, WITH_THE_TEAM, (AGREED, CLOSED)),
    Transition("T43", Step.ACCEPT, BUYER, WITH_THE_TEAM, (AGREED, CLOSED), needs=Need.OFFER),
    Transition("T44", D7, SYSTEM, (DECIDED, APPEALED, CLOSED), ()),
    Transition("T44", D8, SYSTEM, (APPEALED,), ()),
    Transition("T45", Told.ORDER_CANCELLED, SYSTEM, NOT_CLOSED, (AGREED, CLOSED)),
    Transition("T45", Told.ORDER_CANCELLED, SYSTEM, (CLOSED,), ()),
)

OF_A_PARCEL = (Step.SHIP_REPLACEMENT, Step.RECEIVE_REPLACEMENT)
BESIDE_A_BANK = (*Told, Step.MESSAGE, Step.OVERRIDE, Step.AGREE_OVERRIDE, Step.SURVEY, *OF_A_PARCEL)
"""What goes on while a bank decides (G17): no money moves by it, and what is told has happened."""
ROWS: Mapping[Step | Told, Sequence[Transition]] = {
    step: [row for row in TABLE if row.step is step] for step in (*Step, *Told)
}
"""By what somebody may do, or tell."""
_ROLES = {step: tuple(dict.fromkeys(role for row in rows for role in row.by)) for step, rows in ROWS.items()}
_FROM: Mapping[tuple[Step | Told, DisputeState | None], Transition] = {
    (step, state): row for step, rows in ROWS.items() for row in reversed(rows) for state in row.states
}
"""By step and state: the first row that leads from there."""


def roles_of(step: Step) -> Sequence[str]:
    """Whose step it is, in whatever state."""
    return _ROLES[step]


def guard(step: Step, dispute: Dispute, actor: Actor, at: datetime) -> None:
    """G8 and what else refuses a step: the right actor, the right state, in time, and then the row's own guards."""
    dispute.parties.guard(actor, "dispute", *roles_of(step))
    guard_row(fitting(step, dispute), dispute, actor, at)


def guard_row(row: Transition, dispute: Dispute, actor: Actor, at: datetime) -> None:
    """What refuses a step in the row's states: a bank that decides first, its deadlines and its own guards."""
    if dispute.chargebacks.open and row.step not in BESIDE_A_BANK:
        raise dispute.chargebacks.refusal
    for kind in row.within:
        row.too_late.unless_before(dispute.due(kind), at)
    for refuse in row.guards:
        refuse(dispute, actor, at)


def fitting(step: Step | Told, dispute: Dispute) -> Transition:
    """The row of the state that the dispute is in; WrongPhase where there is none."""
    if isinstance(row := row_or_refusal(step, dispute), Rejected):
        raise row
    return row


def row_or_refusal(step: Step | Told, dispute: Dispute) -> Transition | Rejected:
    """The row of the dispute's state, or what refuses the step there: raising it costs more than finding it."""
    if not (row := _FROM.get((step, dispute.state))):
        return refused_in(step, dispute.state) or _no_appeal(dispute)
    if row.needs and not getattr(dispute, row.needs):
        lacking = row.needs.replace("_", " ")
        return WrongPhase(f"Not while the dispute is {dispute.state} without {lacking}.", state=dispute.state)
    return row


def refused_in(step: Step | Told, state: DisputeState | None) -> WrongPhase | None:
    """What refuses the step in this state, whatever else is true of the dispute; None where that matters."""
    depends = (step, state) in _FROM or step is Step.APPEAL
    return None if depends else WrongPhase(f"Not while the dispute is {state}.", state=state)


def _no_appeal(dispute: Dispute) -> Rejected:
    """What an appeal that no row allows is refused with: it says whether there was one to be had (G14)."""
    if dispute.case.ruled and not dispute.case.by_support and dispute.state == DisputeState.CLOSED:
        return AppealWindowOver("The days for an appeal are over.")
    return NotAppealable("The case team has decided nothing here.", state=dispute.state)
