"""A buyer's prepaid labels: how many a month and an order, which are shared, and when one counts no more (S75-S78,
K24).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from return_label.domain.decider import decider
from return_label.domain.rejections import FreightIsTheBuyers, LabelAlreadyIssued, LabelQuotaExceeded
from return_label.domain.returns.labels.giving_back import GiveBackLabel
from return_label.domain.returns.labels.issuing import RequestLabel
from return_label.domain.returns.state import ReturnState
from return_label.domain.returns.withdrawal import WithdrawReturn
from shared.events.base import SYSTEM, Actor
from shared.events.dispute import Payer
from shared.events.ids import derived_id, derived_uuid
from shared.events.label_quota import LabelQuotaReleased, LabelQuotaShared, LabelQuotaTaken, LabelQuotaUsed
from shared.events.return_label import ReturnLabelDenied, ReturnLabelGivenBack, ReturnLabelIssued
from shared.rejections import WrongPhase
from tests.support.builders import returns as r
from tests.support.spec import Outcome, given

QUOTA = f"label_quota-{r.BUYER.id}"
LAST_OF_MARCH = datetime(2026, 3, 31, 23, 59, 59, 999999, UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)


def return_of(order_id: str, n: int = 0) -> str:
    return derived_id("ret", order_id, n)


def request(order_id: str, n: int = 0, at: datetime = r.FRIDAY, **more: Any) -> Any:
    return r.request(at, order_id=order_id, return_id=return_of(order_id, n), **more).model_copy(
        update={"command_id": derived_uuid("request", order_id, n)}
    )


def about(kind: type[Any], order_id: str, n: int = 0, at: datetime = r.FRIDAY, actor: Actor = r.BUYER) -> Any:
    named = {"return_id": return_of(order_id, n), "buyer_id": r.BUYER.id}
    return kind(command_id=derived_uuid(kind.__name__, order_id, n, at), actor=actor, at=at, **named)


def sent(order_id: str, number: str, n: int = 0) -> Any:
    return r.ship(tracking_number=number, buyer_id=r.BUYER.id).model_copy(update={"return_id": return_of(order_id, n)})


def asked(*orders: str, at: datetime = r.FRIDAY, **more: Any) -> Outcome:
    """A return of each of these orders, one after the other."""
    outcome = given(decider).when(request(orders[0], at=at, **more))
    for order_id in orders[1:]:
        outcome = outcome.when(request(order_id, at=at, **more))
    return outcome


def label_of(outcome: Outcome, order_id: str, n: int = 0) -> Any:
    return decider.fold("return-", outcome.after[f"return-{return_of(order_id, n)}"]).label


def counted(outcome: Outcome) -> int:
    return len(decider.fold(QUOTA, outcome.after[QUOTA]).labels)


def test_t22b_s76_three_prepaid_labels_a_month_and_the_fourth_return_goes_without() -> None:
    three = asked("o1", "o2", "o3")
    assert counted(three) == 3
    fourth = three.when(request("o4"))
    *_, denied = fourth.events
    assert isinstance(denied, ReturnLabelDenied)
    assert (denied.code, denied.resets_at, denied.rules) == ("label_quota_exceeded", APRIL, ("S76", "T22b", "K26"))
    assert (fourth.states[0].state, counted(fourth)) == (ReturnState.SELF_PAID, 3)


@pytest.mark.parametrize(("at", "left"), [(LAST_OF_MARCH, False), (APRIL, True)])
def test_s76_the_month_ends_at_midnight_of_the_policy_s_zone(at: datetime, left: bool) -> None:
    fourth = asked("o1", "o2", "o3").when(request("o4", at=at))
    assert isinstance(fourth.events[2], ReturnLabelIssued if left else ReturnLabelDenied)


def test_s76_the_policy_s_zone_says_which_month_it_is() -> None:
    """Half past ten in the evening of March in UTC is April in Shanghai."""
    late = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    taken = given(decider).when(request("o1", at=late, timezone="Asia/Shanghai")).events[3]
    assert (taken.month, taken.timezone) == ("2026-04", "Asia/Shanghai")


def test_s76_a_label_that_was_denied_is_asked_for_again_in_the_next_month() -> None:
    four = asked("o1", "o2", "o3", "o4")
    refusal = four.when(about(RequestLabel, "o4", at=LAST_OF_MARCH)).then_rejects(LabelQuotaExceeded)
    assert (refusal.cited, refusal.members) == (("S76",), {"resets_at": "2026-04-01T00:00:00.000000Z"})
    four.when(about(RequestLabel, "o4", at=APRIL)).then_types(ReturnLabelIssued, LabelQuotaTaken)


def test_s76_a_return_whose_freight_the_buyer_pays_takes_no_quota() -> None:
    outcome = given(decider).when(request("o1", freight_payer=Payer.BUYER))
    assert [type(event).__name__ for event in outcome.events][2:] == ["ReturnLabelIssued"]
    refusal = outcome.when(about(RequestLabel, "o1")).then_rejects(FreightIsTheBuyers)
    assert refusal.cited == ("S83", "K26")


def test_s75_a_second_label_for_the_same_return_is_refused() -> None:
    refusal = asked("o1").when(about(RequestLabel, "o1")).then_rejects(LabelAlreadyIssued)
    assert refusal.cited == ("S75",)


def test_k24_another_return_of_the_order_goes_with_the_label_that_is_not_used() -> None:
    both = asked("o1").when(request("o1", 1))
    assert isinstance(both.events[3], LabelQuotaShared)
    first, second = label_of(both, "o1"), label_of(both, "o1", 1)
    assert (first.label_id, first.tracking_number) == (second.label_id, second.tracking_number)
    assert counted(both) == 1


def test_k24_s78_once_a_parcel_went_with_it_the_next_return_has_a_label_of_its_own() -> None:
    one = asked("o1")
    used = one.when(sent("o1", label_of(one, "o1").tracking_number))
    assert [type(event) for event in used.events][1:] == [LabelQuotaUsed]
    assert isinstance(used.when(request("o1", 1)).events[3], LabelQuotaTaken)


def test_k24_a_parcel_with_another_number_leaves_the_label_unused() -> None:
    assert asked("o1").when(sent("o1", "TRACK1")).events[1:] == []


def test_s77_an_order_gets_three_labels_and_not_a_fourth() -> None:
    """In two months, so that the month's own limit is not in the way."""
    outcome = asked("o1")
    for n, at in ((1, r.FRIDAY), (2, APRIL)):
        outcome = outcome.when(sent("o1", label_of(outcome, "o1", n - 1).tracking_number, n - 1))
        outcome = outcome.when(request("o1", n, at))
    outcome = outcome.when(sent("o1", label_of(outcome, "o1", 2).tracking_number, 2))
    denied = outcome.when(request("o1", 3, APRIL)).events[2]
    assert (denied.code, denied.resets_at) == ("label_quota_exceeded", None)
    assert denied.rules == ("S77", "K24", "T22b", "K26")


def test_s76_a_label_that_is_given_back_makes_room_in_its_month() -> None:
    three = asked("o1", "o2", "o3")
    void = three.when(about(GiveBackLabel, "o2")).then_types(ReturnLabelGivenBack, LabelQuotaReleased)
    assert (void.states[0].state, void.states[0].has_prepaid_label) == (ReturnState.AUTHORIZED, False)
    assert isinstance(void.when(request("o4")).events[2], ReturnLabelIssued)
    void.when(about(GiveBackLabel, "o2")).then_nothing()


def test_k24_after_a_void_one_label_is_issued_anew_and_no_third() -> None:
    void = asked("o1").when(about(GiveBackLabel, "o1"))
    anew = void.when(about(RequestLabel, "o1", at=r.FRIDAY + timedelta(hours=1)))
    first, second = label_of(void, "o1"), label_of(anew, "o1")
    assert first.label_id != second.label_id and first.tracking_number != second.tracking_number
    again = anew.when(about(GiveBackLabel, "o1", at=r.FRIDAY + timedelta(hours=2)))
    refusal = again.when(about(RequestLabel, "o1", at=r.FRIDAY + timedelta(hours=3))).then_rejects(LabelAlreadyIssued)
    assert refusal.cited == ("S75", "K24")


def test_s76_a_label_that_a_parcel_went_with_is_not_given_back() -> None:
    one = asked("o1")
    sent_off = one.when(sent("o1", label_of(one, "o1").tracking_number))
    sent_off.when(about(GiveBackLabel, "o1")).then_rejects(WrongPhase)


def test_k24_a_shared_label_is_void_once_no_return_goes_with_it() -> None:
    both = asked("o1").when(request("o1", 1))
    one = both.when(about(GiveBackLabel, "o1"))
    assert counted(one) == 1
    assert counted(one.when(about(GiveBackLabel, "o1", 1))) == 0


def test_s78_a_shared_label_that_the_other_parcel_went_with_is_not_given_back() -> None:
    both = asked("o1").when(request("o1", 1))
    used = both.when(sent("o1", label_of(both, "o1").tracking_number))
    refusal = used.when(about(GiveBackLabel, "o1", 1)).then_rejects(WrongPhase)
    assert refusal.cited == ("S78", "K24")


@pytest.mark.parametrize("orders", [("o1",), ("o1", "o2", "o3", "o4")])
def test_t21_goods_that_the_buyer_keeps_give_their_label_back(orders: tuple[str, ...]) -> None:
    """Also where there was none: such a return ends in the same way."""
    withdrawn = asked(*orders).when(about(WithdrawReturn, orders[-1], actor=SYSTEM))
    assert withdrawn.states[0].state is ReturnState.VOIDED
    assert counted(withdrawn) == len(orders) - 1
    withdrawn.when(about(RequestLabel, orders[-1])).then_rejects(WrongPhase)


def test_a_label_from_before_there_were_quotas_is_shipped_and_voided_without_one() -> None:
    old = given(decider, *r.AUTHORIZED)
    number = r.labelled().tracking_number or ""
    assert len(old.when(r.ship(tracking_number=number, buyer_id=r.BUYER.id)).events) == 1
    void = GiveBackLabel(
        command_id=derived_uuid("void"), actor=r.BUYER, at=r.FRIDAY, return_id=r.RETURN_ID, buyer_id=r.BUYER.id
    )
    old.when(void).then_types(ReturnLabelGivenBack)
