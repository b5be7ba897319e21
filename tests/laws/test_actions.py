"""Law of actions: whatever happened, an action is listed exactly when its command is accepted, and one that is not says
the very code with which it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispute.domain.disputes.mediation.ruling import RuledLine
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.transitions import Step
from dispute.views.disputes.actions import dispute_actions
from shared.actions import rendered
from shared.events.base import Actor, Command
from shared.events.dispute import Decision, SolutionType
from shared.events.mediation import AppealOutcome, Outcome
from shared.events.mediation.proposals import ProposalKind
from shared.rejections import Rejected
from tests.laws.size import LONG, examples
from tests.support.builders import evidence, mediation
from tests.support.builders.afterwards import agree_on, confirm, report_late
from tests.support.builders.disputes import (
    accept,
    cancel,
    dispute_id,
    dispute_stream,
    modify,
    offer,
    receive,
    respond,
    say,
    ship,
)
from tests.support.builders.orders import BUYER, CASE_TEAM, OTHER_BUYER, OTHER_SELLER, SELLER, SHOP
from tests.support.dispute_service import Market
from tests.support.random_afterwards import CollectedByLaw
from tests.support.random_law import Lawful
from tests.support.random_life import Life

SEEDS, STEPS = st.integers(0, 2**32), st.integers(1, 70)
BIASED = Actor(id=SELLER.id, roles=frozenset({"case_team", "support"}))
"""One of the platform's people who is the order's seller."""
ACTORS = (
    *(BUYER, SELLER, CASE_TEAM, mediation.REVIEWER_2, mediation.SUPPORT),
    *(OTHER_BUYER, OTHER_SELLER, BIASED, SHOP),
)
NOTHING: Mapping[str, Any] = {"outcome": Outcome.SELLER_FAVOUR, "type": None, "lines": ()}
ADD = "add-evidence"
REPORT, AGREE, CONFIRM = "report-late-arrival", "agree-repayment", "confirm-repayment"
NOT_THEIRS = {"not_found", "forbidden", "conflict_of_interest"}
"""What is not the actor's at all is in no list."""


def fitting(dispute: Dispute, actor: Actor, at: datetime, n: int) -> Mapping[str, Callable[[], Command]]:
    """By action: a command with a body that fits the dispute as it stands, so that the list alone is judged."""
    assert dispute.request
    money_alone = dispute.request.type == SolutionType.REFUND_ONLY
    answer = (
        {"decision": Decision.ACCEPT} if money_alone else {"decision": Decision.COUNTER, "solution": _less(dispute)}
    )
    name = dispute.case.proposal.proposal_id if dispute.case.proposal else "prp_none"
    other = {"reviewer": "case-4"} if "support" in actor.roles else {}  # nobody who may have decided it
    weights = dict.fromkeys(dispute.evidence.to_weigh, 1)  # a carrier's scan may be there
    return {
        Step.RESPOND: lambda: respond(at=at, actor=actor, n=n, **answer),
        Step.ACCEPT: lambda: accept(at, actor, n),
        Step.MODIFY: lambda: modify(at, actor, n=n, type=SolutionType.REFUND_ONLY, description="It is still not here."),
        Step.CANCEL: lambda: cancel(at, actor, acknowledge_release=True, n=n),
        Step.ESCALATE: lambda: mediation.escalate(at, actor, n),
        Step.STATEMENT: lambda: mediation.state(at, actor, n, answers={"what": "It never came."}),
        Step.CLAIM: lambda: mediation.claim(at, actor, n, **other),
        Step.RELEASE: lambda: mediation.release(at, actor, n),
        Step.REVIEW: lambda: mediation.review(at, actor, n),
        Step.REQUEST_EVIDENCE: lambda: mediation.ask_for(at, actor=actor, n=n),
        Step.DECIDE: lambda: mediation.decide(at, actor=actor, n=n, weights=weights, **NOTHING),
        Step.AGREE_DECISION: lambda: mediation.agree(at, actor, n, name, answers=ProposalKind.DECISION),
        Step.AGREE_APPEAL_DECISION: lambda: mediation.agree(at, actor, n, name, answers=ProposalKind.APPEAL_DECISION),
        Step.APPEAL: lambda: mediation.appeal(at, actor, n),
        Step.DECIDE_APPEAL: lambda: mediation.decide_appeal(
            at, actor=actor, n=n, decision=AppealOutcome.UPHELD, weights=weights
        ),
        Step.SURVEY: lambda: mediation.survey(at, actor, n),
        Step.OVERRIDE: lambda: mediation.force(at, actor=actor, n=n, weights=weights, **_all_of_it(dispute)),
        Step.AGREE_OVERRIDE: lambda: mediation.agree(at, actor, n, name, answers=ProposalKind.OVERRIDE),
        Step.MESSAGE: lambda: say(at, actor, n),
        Step.SHIP_REPLACEMENT: lambda: ship(at, actor, n, number="RR9ES"),
        Step.RECEIVE_REPLACEMENT: lambda: receive(at, actor, n),
        REPORT: lambda: report_late(at, actor, n),
        AGREE: lambda: agree_on(at, "0.01", actor, n=n),
        CONFIRM: lambda: confirm(at, actor, n),
        ADD: lambda: evidence.add(at, actor).model_copy(update={"dispute_id": dispute_id(n)}),
    }


def _all_of_it(dispute: Dispute) -> Mapping[str, Any]:
    """All of every line, which is never less than what was asked for."""
    lines = tuple(RuledLine(line_id=line.line_id, amount=line.cap) for line in dispute.opened.lines)
    return {"outcome": Outcome.BUYER_FAVOUR, "type": SolutionType.REFUND_ONLY, "lines": lines}


def _less(dispute: Dispute) -> Any:
    """The same amount, and the goods stay."""
    assert dispute.request
    return offer(dispute.request.amount.amount)


def listed(dispute: Dispute, actor: Actor, at: datetime) -> dict[str, str]:
    """Every action of the list: the code that speaks against it, nothing where it is possible."""
    told: Any = rendered(dispute_actions(dispute, actor, at))
    return {action["rel"]: action.get("code", "") for actions in told.values() for action in actions}


def code_of(market: Market, command: Command) -> str:
    """What the decider says: the code of the refusal, or nothing."""
    try:
        market.decided(command)
    except Rejected as refusal:
        return refusal.code
    return ""


@pytest.mark.parametrize("kind", [Life, Lawful, CollectedByLaw])
@settings(max_examples=examples(20, LONG))
@given(SEEDS, STEPS)
@example(34363, 14)  # the carrier has lost what was to go back
@example(1533, 56)  # its third reviewer decided what is appealed
def test_g8_an_action_is_listed_exactly_when_its_command_is_accepted(kind: type[Life], seed: int, steps: int) -> None:
    dice = Random(seed)
    life = kind(dice)
    for _ in range(steps):
        life.step()
    for n in range(life.opened):
        for actor in dice.sample(ACTORS, 3):
            the_list_keeps_its_word(life.market, actor, n)


def the_list_keeps_its_word(market: Market, actor: Actor, n: int) -> None:
    dispute, now = market.state(dispute_stream(n)), market.now
    commands = fitting(dispute, actor, now, n)
    assert set(commands) == {*Step, ADD, REPORT, AGREE, CONFIRM}
    codes = {str(name): code_of(market, command()) for name, command in commands.items()}
    theirs = {name: code for name, code in codes.items() if code not in NOT_THEIRS}
    assert listed(dispute, actor, now) == theirs, (dispute.state, actor)
