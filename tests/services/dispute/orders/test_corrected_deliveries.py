"""Corrected deliveries: the last instant of each parcel stands, and the same again says nothing new (S109)."""

from __future__ import annotations

import pytest

from dispute.domain.orders.naming import NamedParcel
from tests.services.dispute.orders.test_parcels import NUMBERED, named, of, tell, told
from tests.support.builders.orders import Histories, after, on, order, record

FIX = "delivery_corrected"


def corrected(happened: Histories, *steps: tuple[str, str]) -> Histories:
    """A correction after the other, each of parcels, or of all where none is named."""
    for at, names in steps:
        happened = told(happened, FIX, at, *map(named, names))
    return happened


BOTH = told(told(NUMBERED, "delivered", "Mar 5", named("A")), "delivered", "Mar 6", named("B"))


@pytest.mark.parametrize(
    ("before", "again"),
    [
        ([("Mar 9", "B")], ("Mar 9", "B")),
        ([("Mar 9", "B"), ("Mar 8", "A")], ("Mar 9", "B")),
        ([("Mar 9", "AB")], ("Mar 9", "A")),
        ([("Mar 9", "A"), ("Mar 9", "B")], ("Mar 9", "BA")),
    ],
)
def test_s109_a_correction_that_is_told_again_is_no_news(before: list[tuple[str, str]], again: tuple[str, str]) -> None:
    tell(corrected(BOTH, *before), FIX, again[0], *map(named, again[1])).then_nothing()


@pytest.mark.parametrize(
    ("before", "again"),
    [
        ([("Mar 9", "B"), ("Mar 10", "B")], ("Mar 9", "B")),
        ([("Mar 9", "A"), ("Mar 10", "AB")], ("Mar 9", "A")),
    ],
)
def test_s109_an_instant_that_was_corrected_may_come_back(
    before: list[tuple[str, str]], again: tuple[str, str]
) -> None:
    outcome = tell(corrected(BOTH, *before), FIX, again[0], *map(named, again[1]))
    assert [event.parcels for event in outcome.events] == [tuple(again[1])]
    assert outcome.states[0].piece_groups[0 if again[1] == "A" else 1].delivered_at == on("Mar 9")


def test_s109_of_several_parcels_those_are_told_whose_instant_is_another_one() -> None:
    [event] = tell(corrected(BOTH, ("Mar 9", "A")), FIX, "Mar 9", named("A"), named("B")).events
    assert event.parcels == ("B",)


@pytest.mark.parametrize("parcels", [(named("A"),), (of("l1"),), ()], ids=["a parcel", "pieces", "all"])
@pytest.mark.parametrize("before", [{}, BOTH], ids=["before its order", "of an order"])
def test_s109_the_same_is_told_once_and_comes_back_after_another(
    before: Histories, parcels: tuple[NamedParcel, ...]
) -> None:
    if before and not parcels:
        before = told(order(), "delivered", "Mar 5")
    once = told(before, FIX, "Mar 9", *parcels)
    tell(once, FIX, "Mar 9", *parcels).then_nothing()
    another = told(once, FIX, "Mar 10", *parcels)
    assert tell(another, FIX, "Mar 9", *parcels).events
    tell(told(another, FIX, "Mar 9", *parcels), FIX, "Mar 9", *parcels).then_nothing()


def test_s109_a_parcel_is_the_same_one_under_each_of_its_numbers() -> None:
    renamed = after(BOTH, record("tracking_corrected", on("Mar 7"), parcels=(named("B"),), tracking_number="C"))
    tell(corrected(renamed, ("Mar 9", "B")), FIX, "Mar 9", named("C")).then_nothing()
