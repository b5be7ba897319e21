"""Requesting a return: it is authorised at once, with a label."""

import pytest

from return_label.domain.decider import decider
from return_label.domain.returns.state import ReturnState
from shared.events.dispute import Payer
from shared.events.return_label import ReturnLabelIssued
from tests.support.builders import returns as r
from tests.support.spec import given


def test_t22_a_return_is_authorised_with_a_label_and_ten_days_to_ship() -> None:
    given(decider).when(r.request()).then(*r.AUTHORIZED, r.taken())


def test_s75_the_same_return_asked_twice_is_one_return_with_one_label() -> None:
    given(decider, *r.AUTHORIZED).when(r.request()).then_nothing()


@pytest.mark.parametrize(("payer", "prepaid"), [(Payer.BUYER, False), (Payer.SELLER, True), (Payer.PLATFORM, True)])
def test_k26_the_label_is_prepaid_unless_the_buyer_pays(payer: Payer, prepaid: bool) -> None:
    outcome = given(decider).when(r.request(freight_payer=payer))
    label: ReturnLabelIssued = outcome.events[2]
    assert (label.prepaid, label.payer) == (prepaid, payer)
    assert outcome.states[0].state is (ReturnState.LABEL_ISSUED if prepaid else ReturnState.SELF_PAID)
