"""Goodwill in the audit: what is given up after the release is the seller's, and the buyer is told of it."""

from __future__ import annotations

import pytest

from ops.audit.facts import gathering
from ops.audit.money import money_check
from ops.audit.sagas import saga_check
from shared.events.refund import PartStep, RefundPartAbandoned
from tests.services.dispute.test_goodwill import in_part, released_beside_a_promise
from tests.support.audit import entry_of, found
from tests.support.builders import refunds as p
from tests.support.builders.orders import ORDER_STREAM, usd


@pytest.mark.parametrize(("is_given_up", "faults"), [(True, 0), (False, 1)])
def test_s20_what_several_payments_gave_in_part_is_released_to_the_seller_as_its_own(
    is_given_up: bool, faults: int
) -> None:
    """Given 20.00 that two payments were to give, when one of them is given up after the release, then the seller's
    second payment has its ground; without that it has none.
    """
    happened = in_part(released_beside_a_promise(), "5.00")
    with gathering() as facts:
        for n, event in enumerate(happened[ORDER_STREAM], 1):
            facts.add("dispute", entry_of(event, n, ORDER_STREAM, n), settled=True)
        if is_given_up:
            facts.add("refund", entry_of(part_given_up(), 1, "payment-o1", 1), settled=True)
        facts.finish()
        assert found(money_check(facts)).get("released_twice", 0) == faults


def part_given_up() -> RefundPartAbandoned:
    given_up = dict(p.given_up(dispute_id=None, lines=p.lines(l1=1500), amount=usd("15.00")))
    return RefundPartAbandoned(**given_up, part=PartStep(part_id="rfd_9a31.2", refund_state="issued"))


def test_s54_t31a_a_refund_that_is_given_up_and_of_which_nobody_is_told_is_a_fault() -> None:
    with gathering() as facts:
        for n, event in enumerate((p.captured(), p.refused(), p.given_up()), 1):
            facts.add("refund", entry_of(event, n, "payment-o1", n), settled=True)
        facts.finish()
        assert found(saga_check(facts))["untold"] == 1
