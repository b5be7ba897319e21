"""A tracking number may lag: what never came a few days after its shipment is disputed with that hint (S19)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.orders.naming import NamedParcel
from dispute.views.disputes.dispute import dispute_view
from shared.events.dispute import Hint, Reason
from tests.support.builders.disputes import dispute_of, open_dispute
from tests.support.builders.orders import BUYER, Histories, after, on, order, record, terms
from tests.support.spec import given


def shipped(number: str | None = "RR123456785DE", **more: Any) -> Histories:
    """Promised for 2 March, and shipped on 1 March under this number."""
    ordered = order(promised_by=on("Mar 2").date(), **more)
    return after(ordered, record("shipped", on("Mar 1"), parcels=(NamedParcel(tracking_number=number),)))


def hints(happened: Histories, at: str, reason: Reason = Reason.NOT_RECEIVED) -> tuple[str, ...]:
    opened = given(decider, happened).when(open_dispute(on(at), reason=reason)).events[0]
    return tuple(opened.hints)


@pytest.mark.parametrize(("at", "told"), [("Mar 3", True), ("Mar 8", True), ("Mar 9", False), ("Mar 12", False)])
def test_s19_a_number_may_look_invalid_for_seven_days_from_the_shipment(at: str, told: bool) -> None:
    assert hints(shipped(), at) == ((Hint.TRACKING_MAY_LAG,) if told else ())


def test_s19_the_days_are_the_programmes() -> None:
    assert hints(shipped(terms=terms(tracking_lag_days=1)), "Mar 3") == ()


def test_s19_without_a_number_nothing_lags_and_late_is_no_matter_of_tracking() -> None:
    assert hints(shipped(number=None), "Mar 3") == ()
    assert hints(shipped(), "Mar 3", Reason.LATE) == ()


def test_s19_both_parties_see_the_hint() -> None:
    opened = after(shipped(), open_dispute(on("Mar 3")))
    assert dispute_view(dispute_of(opened), 1, BUYER, on("Mar 3"))["hints"] == (Hint.TRACKING_MAY_LAG,)
