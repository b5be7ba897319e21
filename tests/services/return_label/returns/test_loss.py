"""Goods that the carrier loses on their way back (T25a)."""

from __future__ import annotations

import pytest

from return_label.domain.decider import decider
from return_label.domain.returns.state import ReturnState
from shared.events.base import Actor
from shared.events.dispute import Payer
from shared.events.return_label import ReturnEvent
from shared.rejections import Forbidden, IdempotencyKeyRequired, IfMatchRequired, WrongPhase
from tests.support.builders import returns as r
from tests.support.builders.returns import AUTHORIZED, RECEIVED, SHIPPED
from tests.support.spec import given

SELF_PAID = (*AUTHORIZED[:2], r.labelled(prepaid=False, payer=Payer.BUYER, tracking_number=None, carrier=None))
OF_THE_LABEL = r.labelled().tracking_number or ""


@pytest.mark.parametrize("actor", [r.SERVICE, r.SUPPORT])
def test_t25a_the_carrier_or_support_that_has_asked_it_tells_of_a_loss(actor: Actor) -> None:
    outcome = given(decider, *SHIPPED).when(r.lose(actor)).then(r.lost())
    assert outcome.states[0].state is ReturnState.LOST
    outcome.when(r.lose(r.SUPPORT)).then_nothing()


def test_t25a_what_travels_with_the_prepaid_label_is_not_the_buyers_risk() -> None:
    given(decider, *AUTHORIZED).when(r.ship(tracking_number=OF_THE_LABEL)).when(r.lose()).then(r.lost(prepaid=True))


def test_t25a_a_prepaid_label_of_the_days_before_labels_had_numbers_counts_for_whatever_was_sent() -> None:
    before = (*AUTHORIZED[:2], r.labelled(tracking_number=None, carrier=None), r.shipped())
    given(decider, *before).when(r.lose()).then(r.lost(prepaid=True))


@pytest.mark.parametrize("before", [SHIPPED, (*SELF_PAID, r.shipped())])
def test_t25a_s78_what_the_buyer_sends_by_himself_is_people_s_affair(before: tuple[ReturnEvent, ...]) -> None:
    given(decider, *before).when(r.lose()).then(r.lost(prepaid=False))


@pytest.mark.parametrize("before", [AUTHORIZED, RECEIVED])
def test_g8_only_what_is_on_its_way_can_be_lost(before: tuple[ReturnEvent, ...]) -> None:
    given(decider, *before).when(r.lose()).then_rejects(WrongPhase)


@pytest.mark.parametrize("actor", [r.BUYER, r.SELLER, r.WAREHOUSE])
def test_g8_no_party_says_that_the_goods_are_lost(actor: Actor) -> None:
    given(decider, *SHIPPED).when(r.lose(actor)).then_rejects(Forbidden)


def test_a_loss_may_bring_money_so_it_is_considered() -> None:
    given(decider, *SHIPPED).when(r.lose(has_key=False)).then_rejects(IdempotencyKeyRequired)
    given(decider, *SHIPPED).when(r.lose(has_seen=False)).then_rejects(IfMatchRequired)
