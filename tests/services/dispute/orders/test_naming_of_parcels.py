"""Parcels as facts name them: each entry counts, none hides another, and nothing comes that was not on its way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.orders.naming import NamedParcel
from shared.events.order import Pieces
from tests.cases.plugin import Came
from tests.support.builders.orders import Histories, after, on, order, order_line, order_of, record, register
from tests.support.spec import Outcome, given

NOW = on("Mar 20")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TWO = (order_line("l1", "30.00"), order_line("l2", "20.00"))
THREE = (order_line("l1", "10.00", quantity=3),)


def of(name: str | None = None, number: str | None = None, **pieces: int | None) -> NamedParcel:
    lines = tuple(Pieces(line_id=line, quantity=quantity) for line, quantity in pieces.items())
    return NamedParcel(parcel_id=name, tracking_number=number, lines=lines)


def tell(happened: Histories, name: str, at: str, *parcels: NamedParcel, **more: Any) -> Outcome:
    return given(decider, happened).when(record(name, on(at), told=NOW, parcels=parcels, **more))


def told(happened: Histories, name: str, at: str, *parcels: NamedParcel, **more: Any) -> Histories:
    return after(happened, record(name, on(at), told=NOW, parcels=parcels, **more))


def came_of(outcome: Outcome) -> str:
    refusal = outcome.rejection
    if refusal:
        return f"{refusal.errors[0]['pointer']} {refusal.errors[0]['code']}"
    return "taken" if outcome.events else "known"


def arrived(happened: Histories) -> int:
    return sum(group.quantity for group in order_of(happened).piece_groups if group.delivered_at)


def shipped(happened: Histories) -> int:
    return sum(group.quantity for group in order_of(happened).piece_groups if group.parcels)


# Partial deliveries without names


@pytest.mark.case("B60+n1", given="of 3 pieces one comes on Mar 5 and one on Mar 6", right="2 have come")
def test_s109_pieces_at_another_instant_are_other_pieces(came: Came) -> None:
    first = told(order(*THREE), "delivered", "Mar 5", of(l1=1))
    assert came_of(tell(first, "delivered", "Mar 5", of(l1=1))) == "known"
    came(f"{arrived(told(first, 'delivered', 'Mar 6', of(l1=1)))} have come")


@pytest.mark.case("B60+n2", given="two parcels of one piece each without a name", right="2 shipped, 2 have come")
def test_s109_two_parcels_with_the_same_in_them_are_two(came: Came) -> None:
    first = told(order(*THREE), "shipped", "Mar 1", of(l1=1))
    assert came_of(tell(first, "shipped", "Mar 1", of(l1=1))) == "known"
    both = told(first, "shipped", "Mar 2", of(l1=1))
    one = told(both, "delivered", "Mar 5", of(l1=1))
    assert (arrived(one), came_of(tell(one, "delivered", "Mar 5", of(l1=1)))) == (1, "known")
    came(f"{shipped(both)} shipped, {arrived(told(one, 'delivered', 'Mar 6', of(l1=1)))} have come")


def test_s109_two_parcels_with_the_same_in_them_may_come_in_one_fact() -> None:
    both = told(order(*THREE), "shipped", "Mar 1", of(l1=1), of(l1=1))
    assert arrived(told(both, "delivered", "Mar 5", of(l1=1), of(l1=1))) == 2


def test_the_one_parcel_that_there_is_is_not_shipped_twice() -> None:
    once = told(order(), "shipped", "Mar 1", of(l1=1))
    assert came_of(tell(once, "shipped", "Mar 2", of(l1=1))) == "known"
    assert came_of(tell(told(order(), "shipped", "Mar 1", of()), "shipped", "Mar 2", of())) == "known"
    came_once = told(order(), "delivered", "Mar 5", of(l1=1))
    assert came_of(tell(came_once, "delivered", "Mar 4", of(l1=1))) == "known"


# Entries of one shipment


@pytest.mark.case("B60+n3", given="one number in two entries of a shipment", right="/parcels/1 repeated")
@pytest.mark.parametrize("again", [of(number="RR1", l2=1), of("RR1", l2=1)])
def test_an_entry_does_not_hide_another(came: Came, again: NamedParcel) -> None:
    came(came_of(tell(order(*TWO), "shipped", "Mar 1", of(number="RR1", l1=1), again)))


@pytest.mark.case("B60+n4", given="a known parcel is told again with one line more", right="2 shipped")
def test_a_line_more_of_a_known_parcel_is_news(came: Came) -> None:
    first = told(order(*TWO), "shipped", "Mar 1", of("A", l1=1))
    for more in (of("A", l1=1, l2=1), of("A", l2=None)):
        both = told(first, "shipped", "Mar 2", more)
        assert [pieces.line_id for pieces in order_of(both).shipments.parcels["A"].lines] == ["l1", "l2"]
        assert came_of(tell(both, "shipped", "Mar 3", more)) == "known"
    came(f"{shipped(both)} shipped")


@pytest.mark.case("B60+n9", given="a line stands twice in one parcel", right="/parcels/0/lines/1/line_id repeated")
@pytest.mark.parametrize("name", ["shipped", "delivered", "carrier_lost"])
@pytest.mark.parametrize("happened", [{}, order(*THREE)], ids=["before its order", "of its order"])
def test_s109_a_parcel_names_a_line_once(came: Came, name: str, happened: Histories) -> None:
    twice = NamedParcel(parcel_id="A", lines=(Pieces(line_id="l1", quantity=1), Pieces(line_id="l1", quantity=2)))
    came(came_of(tell(happened, name, "Mar 5", twice)))


def test_another_quantity_of_a_known_line_is_refused() -> None:
    first = told(order(*THREE), "shipped", "Mar 1", of("A", l1=1))
    assert came_of(tell(first, "shipped", "Mar 2", of("A", l1=2))) == "/parcels/0/lines/0 differs"


# Names and numbers


AB = told(order(*TWO), "shipped", "Mar 1", of("A", "RR1", l1=1), of("B", "RR2", l2=1))


@pytest.mark.parametrize(
    ("parcels", "right"),
    [
        ((of("A", "RR1", l1=1), of("B", "RR1", l2=1)), "/parcels/1/tracking_number of_another_parcel"),
        ((of("A", "RR1", l1=1), of("RR1", "RR3", l2=1)), "/parcels/1/parcel_id of_another_parcel"),
        ((of("A", l1=1), of("B", "A", l2=1)), "/parcels/1/tracking_number of_another_parcel"),
    ],
)
def test_s19_two_parcels_share_no_name(parcels: tuple[NamedParcel, ...], right: str) -> None:
    assert came_of(tell(order(*TWO), "shipped", "Mar 1", *parcels)) == right


@pytest.mark.case("B60+n5", given="a new parcel by another's number", right="refused")
@pytest.mark.parametrize("parcel", [of("C", "RR1"), of("RR1", "RR3"), of("C", "A"), of("A", "RR2"), of("A", "RR9")])
@pytest.mark.parametrize("name", ["shipped", "delivered"])
def test_s19_nor_with_one_that_is_known(came: Came, parcel: NamedParcel, name: str) -> None:
    answer = came_of(tell(AB, name, "Mar 5", parcel))
    came("refused" if answer.split()[-1] in ("of_another_parcel", "differs", "unknown_parcel") else answer)


@pytest.mark.case("B60+n6", given="a number corrected twice; delivered by each of the three", right="taken taken taken")
def test_s19_a_parcel_answers_to_every_number_that_it_had(came: Came) -> None:
    twice = told(AB, "tracking_corrected", "Mar 2", of("A"), tracking_number="RR3")
    twice = told(twice, "tracking_corrected", "Mar 3", of(number="RR3"), tracking_number="RR4")
    came(" ".join(came_of(tell(twice, "delivered", "Mar 5", of(number=name))) for name in ("RR1", "RR3", "RR4")))


@pytest.mark.case("B10+n1", given="RR1 corrected to RR1", right="known")
def test_s19_a_right_number_is_not_corrected(came: Came) -> None:
    came(came_of(tell(AB, "tracking_corrected", "Mar 2", of("A"), tracking_number="RR1")))
    another = told(AB, "tracking_corrected", "Mar 2", of("A"), tracking_number="RR1", carrier="Correos")
    assert came_of(tell(another, "tracking_corrected", "Mar 3", of("A"), tracking_number="RR1")) == "known"


# What comes


BOTH = told(order(*TWO), "shipped", "Mar 1", of("A", "RR1", l1=1, l2=1))


@pytest.mark.case("B60+n7", given="of a parcel with lines 1 and 2 line 1 came", right="/parcels/0/lines differs")
@pytest.mark.parametrize("part", [of("A", l1=1), of("A", l2=None), of("A", l1=1, l2=2)])
def test_a_parcel_comes_as_a_whole(came: Came, part: NamedParcel) -> None:
    came(came_of(tell(BOTH, "delivered", "Mar 5", part)))
    assert came_of(tell(BOTH, "delivered", "Mar 5", of("A", "RR1", l1=1, l2=None))) == "taken"
    assert came_of(tell(BOTH, "delivered", "Mar 5", of("A", l9=1))) == "/parcels/0/lines/0/line_id unknown_line"


@pytest.mark.case("B60+n8", given="more pieces delivered than ordered or shipped", right="refused")
@pytest.mark.parametrize("name", ["delivered", "carrier_lost", "delivery_corrected"])
def test_s109_no_more_comes_than_was_ordered(came: Came, name: str) -> None:
    came("refused" if came_of(tell(order(*THREE), name, "Mar 5", of(l1=4))).endswith("above_ordered") else "taken")


@pytest.mark.case("B60+n10", given="of 3 pieces two entries of one fact tell of 2 each", right="above_ordered")
@pytest.mark.parametrize("name", ["delivered", "carrier_lost", "delivery_corrected"])
def test_s109_the_entries_of_one_fact_count_together(came: Came, name: str) -> None:
    assert came_of(tell(order(*THREE), name, "Mar 5", of(l1=2), of(l1=1))) == "taken"
    came(came_of(tell(order(*THREE), name, "Mar 5", of(l1=2), of(l1=2))).removeprefix("/parcels/1/lines/0 "))


@pytest.mark.case(
    "B60+n11",
    given="of 3 pieces an entry without a quantity, and in the same fact one of 2, and another one without",
    right="above_ordered above_ordered",
)
@pytest.mark.parametrize("name", ["delivered", "carrier_lost", "delivery_corrected"])
def test_s109_an_entry_without_a_quantity_is_of_all_that_are_left(came: Came, name: str) -> None:
    for entries in ([of(l1=None)], [of(l1=1), of(l1=None)]):
        assert came_of(tell(order(*THREE), name, "Mar 5", *entries)) == "taken"
    twice = [tell(order(*THREE), name, "Mar 5", of(l1=None), of(l1=quantity)) for quantity in (2, None)]
    came(" ".join(came_of(each).removeprefix("/parcels/1/lines/0 ") for each in twice))


def test_s109_the_entries_of_one_fact_count_together_of_what_is_shipped() -> None:
    part = told(order(*THREE), "shipped", "Mar 1", of("A", l1=2))
    assert came_of(tell(part, "delivered", "Mar 6", of(l1=1), of(l1=1))) == "taken"
    assert came_of(tell(part, "delivered", "Mar 6", of(l1=1), of(l1=1), of(l1=1))) == "/parcels/2/lines/0 above_shipped"
    assert came_of(tell(part, "delivered", "Mar 6", of(l1=1), of(l1=None))) == "taken"
    assert came_of(tell(part, "delivered", "Mar 6", of(l1=None), of(l1=1))) == "/parcels/1/lines/0 above_shipped"


def test_s109_no_more_comes_than_is_under_way() -> None:
    two = told(order(*THREE), "delivered", "Mar 5", of(l1=2))
    assert came_of(tell(two, "delivered", "Mar 6", of(l1=2))) == "/parcels/0/lines/0 above_ordered"
    part = told(order(*THREE), "shipped", "Mar 1", of("A", l1=1))
    assert came_of(tell(part, "delivered", "Mar 6", of(l1=2))) == "/parcels/0/lines/0 above_shipped"


@pytest.mark.case("B09a+n3", given="delivered five days before it was shipped", right="/at before_shipment")
def test_s11_s21_goods_come_after_they_were_sent(came: Came) -> None:
    came(came_of(tell(order(shipped="Mar 10"), "delivered", "Mar 5")))
    assert came_of(tell(order(delivered="Mar 5"), "shipped", "Mar 10")) == "/at before_shipment"
    assert came_of(tell(AB, "delivered", "Feb 27", of("A"))) == "/at before_shipment"
    assert came_of(tell(order(shipped="Mar 10"), "delivered", "Mar 9")) == "taken"


# What is told before its order


@pytest.mark.case("B09a+n4", given="told before the order: of 1970, and of Mar 5", right="of Mar 5")
@pytest.mark.parametrize("name", ["shipped", "delivered", "finished"])
@pytest.mark.parametrize("first", [EPOCH, on("Mar 5")])
@pytest.mark.parametrize("parcels", [(), (of(number="RR1", l1=1),)])
def test_k3_an_impossible_instant_swallows_no_real_one(
    came: Came, name: str, first: datetime, parcels: tuple[NamedParcel, ...]
) -> None:
    named: dict[str, Any] = {} if name == "finished" else {"parcels": parcels}
    facts = [record(name, at, told=NOW, **named) for at in (first, EPOCH, on("Mar 5"))]
    if name == "delivered":
        facts.append(record("shipped", on("Mar 4"), told=NOW, **named))
    state = order_of(after(after({}, *facts), register()))
    instants = {
        "shipped": state.piece_groups[0].shipped_at,
        "delivered": state.piece_groups[0].delivered_at,
        "finished": state.finished_at,
    }
    came("of Mar 5" if instants[name] == on("Mar 5") else instants[name])
