"""Limits on a buyer whose returns are abused: with a reason and an end, and never on a fault or a right by law (S17,
S79).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from return_label.domain.decider import decider
from return_label.domain.label_quotas.limits import LiftReturnLimit, SetReturnLimit
from return_label.domain.rejections import ReturnsLimited
from return_label.domain.returns.labels.giving_back import GiveBackLabel
from return_label.domain.returns.labels.issuing import RequestLabel
from return_label.domain.returns.state import ReturnState
from shared.events.base import Actor
from shared.events.dispute import Payer, ReturnKind
from shared.events.ids import derived_id, derived_uuid
from shared.events.label_quota import (
    LabelQuotaShared,
    LabelQuotaTaken,
    LimitScope,
    ReturnAbuseLimitLifted,
    ReturnAbuseLimitSet,
)
from shared.events.return_label import ReturnAuthorized, ReturnDenied, ReturnLabelDenied, ReturnLabelIssued
from shared.rejections import ConflictOfInterest, Forbidden, ValidationFailed
from tests.support.builders import returns as r
from tests.support.spec import Outcome, given

UNTIL = datetime(2026, 3, 20, tzinfo=UTC)
JUST_BEFORE = UNTIL - timedelta(microseconds=1)
SCOPES = pytest.mark.parametrize("scope", LimitScope)
BY_FAULT_OR_LAW = pytest.mark.parametrize("kind", [ReturnKind.DISPUTE, ReturnKind.STATUTORY])
NO_REASON = pytest.mark.parametrize("kind", [ReturnKind.FREE, ReturnKind.EXTRA, ReturnKind.DOMESTIC])


def limit(
    scope: LimitScope, until_at: datetime = UNTIL, actor: Actor = r.SUPPORT, at: datetime = r.FRIDAY
) -> SetReturnLimit:
    said: dict[str, Any] = {"reason": "Nine of ten came back worn.", "until_at": until_at}
    return SetReturnLimit(**_about(scope, actor, at, "set", until_at), **said)


def lift(scope: LimitScope, actor: Actor = r.SUPPORT, at: datetime = r.FRIDAY) -> LiftReturnLimit:
    return LiftReturnLimit(**_about(scope, actor, at, "lift"))


def _about(scope: LimitScope, actor: Actor, at: datetime, *parts: object) -> dict[str, Any]:
    return {
        "command_id": derived_uuid(*parts, scope, actor, at),
        "actor": actor,
        "at": at,
        "buyer_id": r.BUYER.id,
        "scope": scope,
    }


def limited(scope: LimitScope) -> Outcome:
    return given(decider).when(limit(scope))


def request(order_id: str = "o1", n: int = 0, at: datetime = r.FRIDAY, **more: Any) -> Any:
    asked = r.request(at, order_id=order_id, return_id=derived_id("ret", order_id, n), dispute_id=None, **more)
    return asked.model_copy(update={"command_id": derived_uuid("request", order_id, n)})


@SCOPES
def test_s79_a_limit_has_its_reason_apart_and_its_end_in_the_event(scope: LimitScope) -> None:
    wanted = limit(scope)
    (event,) = given(decider).when(wanted).then_types(ReturnAbuseLimitSet).events
    assert (event.scope, event.until_at, event.set_at, event.rules) == (scope, UNTIL, r.FRIDAY, ("S79",))
    (text,) = wanted.personal
    assert (text.ref, text.subject, text.body) == (event.reason_ref, r.BUYER.id, wanted.reason)


@pytest.mark.parametrize(("until_at", "right"), [(r.FRIDAY, False), (r.FRIDAY + timedelta(microseconds=1), True)])
def test_s79_a_limit_ends_later_than_now(until_at: datetime, right: bool) -> None:
    outcome = given(decider).when(limit(LimitScope.LABELS, until_at))
    if right:
        outcome.then_types(ReturnAbuseLimitSet)
    else:
        refusal = outcome.then_rejects(ValidationFailed)
        assert refusal.errors[0]["pointer"] == "/until_at"


@pytest.mark.parametrize(
    ("actor", "refusal"),
    [
        (r.SELLER, Forbidden),
        (r.BUYER, Forbidden),
        (Actor(id=r.BUYER.id, roles=r.SUPPORT.roles), ConflictOfInterest),
    ],
)
def test_s79_support_sets_and_lifts_a_limit_and_nobody_their_own(actor: Actor, refusal: type[Forbidden]) -> None:
    given(decider).when(limit(LimitScope.LABELS, actor=actor)).then_rejects(refusal)
    limited(LimitScope.LABELS).when(lift(LimitScope.LABELS, actor=actor)).then_rejects(refusal)


@NO_REASON
def test_s79_who_is_limited_sends_nothing_back_for_no_reason(kind: ReturnKind) -> None:
    payer = Payer.PLATFORM if kind is ReturnKind.FREE else Payer.BUYER
    denied = limited(LimitScope.NO_REASON_RETURNS).when(request(kind=kind, freight_payer=payer))
    event = denied.events[1]
    assert isinstance(event, ReturnDenied)
    assert (event.reason, event.rules, denied.states[0].state) == ("returns_limited", ("S79",), ReturnState.DENIED)


@pytest.mark.parametrize(("at", "state"), [(JUST_BEFORE, ReturnState.DENIED), (UNTIL, ReturnState.LABEL_ISSUED)])
def test_s79_a_limit_ends_by_itself_at_its_end(at: datetime, state: ReturnState) -> None:
    asked = limited(LimitScope.NO_REASON_RETURNS).when(request(kind=ReturnKind.FREE, at=at))
    assert asked.states[0].state is state


@SCOPES
@BY_FAULT_OR_LAW
def test_s17_s79_no_limit_keeps_goods_from_going_back_for_a_fault_or_by_law(
    scope: LimitScope, kind: ReturnKind
) -> None:
    asked = limited(scope).when(request(kind=kind))
    assert isinstance(asked.events[1], ReturnAuthorized)


def test_s17_s79_what_the_law_gives_has_its_label_in_spite_of_a_limit() -> None:
    asked = limited(LimitScope.LABELS).when(request(kind=ReturnKind.STATUTORY))
    assert isinstance(asked.events[2], ReturnLabelIssued)


def test_t22b_s79_the_return_of_a_fault_goes_on_without_a_label_at_k26_s_cost() -> None:
    asked = limited(LimitScope.LABELS).when(request(freight_payer=Payer.SELLER))
    denied = asked.events[2]
    assert isinstance(denied, ReturnLabelDenied)
    assert (denied.code, denied.resets_at, denied.rules) == ("returns_limited", UNTIL, ("S79", "T22b", "K26"))
    assert (asked.states[0].state, asked.states[0].terms.freight_payer) == (ReturnState.SELF_PAID, Payer.SELLER)


@pytest.mark.parametrize(("at", "given_one"), [(JUST_BEFORE, False), (UNTIL, True)])
def test_s79_a_label_is_asked_for_again_once_the_limit_is_over(at: datetime, given_one: bool) -> None:
    asked = limited(LimitScope.LABELS).when(request(ship_days=30))
    again = RequestLabel(
        command_id=derived_uuid("ask"),
        actor=r.BUYER,
        at=at,
        return_id=derived_id("ret", "o1", 0),
        buyer_id=r.BUYER.id,
    )
    if given_one:
        asked.when(again).then_types(ReturnLabelIssued, LabelQuotaTaken)
    else:
        refusal = asked.when(again).then_rejects(ReturnsLimited)
        assert refusal.members == {"resets_at": "2026-03-20T00:00:00.000000Z"}


def test_k24_s79_an_unused_label_of_the_order_is_shared_in_spite_of_a_limit() -> None:
    """It is there already: nothing more is given."""
    outcome = given(decider).when(request()).when(limit(LimitScope.LABELS)).when(request(n=1))
    assert isinstance(outcome.events[3], LabelQuotaShared)


def test_s79_what_was_there_before_a_limit_stays() -> None:
    outcome = given(decider).when(request(kind=ReturnKind.FREE)).when(limit(LimitScope.NO_REASON_RETURNS))
    back = GiveBackLabel(
        command_id=derived_uuid("void"),
        actor=r.BUYER,
        at=r.FRIDAY,
        return_id=derived_id("ret", "o1", 0),
        buyer_id=r.BUYER.id,
    )
    assert outcome.when(back).states[0].state is ReturnState.AUTHORIZED


def test_s79_a_limit_is_lifted_once_and_the_other_one_stays() -> None:
    both = limited(LimitScope.LABELS).when(limit(LimitScope.NO_REASON_RETURNS))
    lifted = both.when(lift(LimitScope.LABELS)).then_types(ReturnAbuseLimitLifted)
    assert list(lifted.states[0].limits_at(r.FRIDAY)) == [LimitScope.NO_REASON_RETURNS]
    lifted.when(lift(LimitScope.LABELS, at=JUST_BEFORE)).then_nothing()


def test_s79_what_is_over_needs_no_lifting_and_a_later_limit_takes_an_earlier_one_s_place() -> None:
    over = limited(LimitScope.LABELS)
    over.when(lift(LimitScope.LABELS, at=UNTIL)).then_nothing()
    longer = over.when(limit(LimitScope.LABELS, UNTIL + timedelta(days=1)))
    assert [one.until_at for one in longer.states[0].limits_at(UNTIL).values()] == [UNTIL + timedelta(days=1)]
