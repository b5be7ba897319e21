"""Programmes are data (S90, S98–S102), and the terms that they resolve to are bound to the order."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dispute.domain.decider import decider
from dispute.domain.programmes import Programmes
from dispute.domain.rejections import ProtectionAlreadyExpired
from shared.events.order import Anchor
from shared.rejections import ValidationFailed
from tests.support.builders.disputes import dispute_of, open_dispute, opened
from tests.support.builders.orders import BASIC, on, order, order_of, programme_documents
from tests.support.spec import given

TEMU = {
    "programme": "temu",
    "version": 3,
    "protection": {"anchor": "paid", "days": 90},
    "opening": {"payment_methods": []},
}
WISH = {"programme": "wish", "version": 1, "protection": {"days": 30}}


def programmes(*more: dict[str, Any]) -> Programmes:
    return Programmes([*programme_documents(), *more])


def test_s90_aliexpress_basic_is_everyones_who_has_no_other() -> None:
    assert programmes().resolve(None) == programmes().resolve("aliexpress_basic") == BASIC


def test_a_programme_may_name_its_holidays_and_the_default_has_none() -> None:
    assert programmes({"programme": "temu", "version": 3, "holidays": "BR"}).resolve("temu").holidays == "BR"
    assert BASIC.holidays is None


def test_s98_aliexpress_basic_has_the_default_parameters() -> None:
    assert BASIC.model_dump() == {
        "programme": "aliexpress_basic",
        "version": 1,
        "timezone": "UTC",
        "anchor": Anchor.FINISHED,
        "protection_days": 15,
        "undelivered_fallback_days": 75,
        "opens_after_shipment_days": 11,
        "opens_again_per_day": 5,
        "opens_unshipped_days": 30,
        "release_delay_hours": 1,
        "payment_methods": ("visa", "mastercard", "qiwi", "western_union", "bank_transfer", "maestro"),
        "payment_methods_only": False,
        "tracking_lag_days": 7,
        "seller_response_days": 5,
        "buyer_response_days": 5,
        "buyer_timeout_action": "escalate",
        "negotiation_days": 7,
        "max_rounds": 10,
        "evidence_days": 3,
        "return_ship_days": 10,
        "return_transit_alarm_days": 30,
        "return_inspect_bd": 2,
        "return_warehouse": "Returns warehouse, 1 Example Street, 10115 Berlin, Germany",
        "refund_bank_window_bd": (3, 15),
        "refund_after_return_bd": 20,
        "holidays": None,
    }


def test_s102_a_programme_inherits_every_parameter_that_it_does_not_set() -> None:
    temu = programmes(TEMU).resolve("temu")
    own = {"programme": "temu", "version": 3, "anchor": Anchor.PAID, "protection_days": 90, "payment_methods": ()}
    assert temu.model_dump() == BASIC.model_dump() | own


def test_s102_s99_a_purchase_programme_needs_no_code() -> None:
    """Paid on 27 February: 90 days later is 28 May."""
    bought = order(shipped="Mar 1", terms=programmes(TEMU).resolve("temu"), payment={"method": "voucher"})
    assert given(decider, bought).when(open_dispute(on("May 28", "23:59"))).events
    given(decider, bought).when(open_dispute(on("May 29", "00:00"))).then_rejects(ProtectionAlreadyExpired)


def test_s102_s100_a_longer_delivery_programme_needs_no_code() -> None:
    wished = order(shipped="Mar 1", finished="Mar 20", terms=programmes(WISH).resolve("wish"))
    assert given(decider, wished).when(open_dispute(on("Apr 19"), reason="late")).events
    given(decider, wished).when(open_dispute(on("Apr 20"), reason="late")).then_rejects(ProtectionAlreadyExpired)


def test_an_unknown_programme_is_a_form_error() -> None:
    with pytest.raises(ValidationFailed) as refusal:
        programmes().resolve("nowhere")
    assert (refusal.value.errors[0]["pointer"], refusal.value.errors[0]["code"]) == ("/programme", "unknown_programme")


def test_a_parameter_of_the_wrong_kind_is_refused_when_the_programme_is_read() -> None:
    with pytest.raises(ValidationError):
        programmes({"programme": "odd", "protection": {"days": "many"}})


@pytest.mark.parametrize("odd", [{"protecion": {"days": 30}}, {"protection": {"day": 30}}, {"colour": "red"}])
def test_a_misspelt_parameter_is_refused_and_not_inherited(odd: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="odd"):
        programmes({"programme": "odd", "version": 1, **odd})


def test_the_terms_of_an_order_are_recorded_and_stay_for_its_disputes() -> None:
    temu = programmes(TEMU).resolve("temu")
    assert dispute_of(opened(happened=order(shipped="Mar 1", terms=temu))).terms == temu


def test_s27_of_15_days_4_remain_after_11() -> None:
    ends_at = order_of(order(shipped="Mar 1", finished="Mar 20")).protection_ends_at
    assert ends_at is not None
    assert (ends_at.date() - on("Mar 31").date()).days - 1 == 4, "the 11th day, and 4 whole ones until the end"
