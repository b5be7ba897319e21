"""Numbers that were typed at the wrong parcels are put right by one fact, and no number is ever of two (S19)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from dispute.domain.orders.naming import NamedParcel
from shared.events.order import TrackingCorrected
from tests.cases.plugin import Came
from tests.services.dispute.orders.test_naming_of_parcels import TWO, came_of, of, tell, told
from tests.support.builders.orders import order, order_of
from tests.support.servers.in_memory import InMemory, in_memory, order_body, usd
from tests.support.servers.in_memory import came_of as answered

CORRECTED = "tracking_corrected"
AB = told(order(*TWO), "shipped", "Mar 1", of("A", "RR1", l1=1), of("B", "RR2", l2=1))
SWAPPED = told(AB, CORRECTED, "Mar 2", of("A", "RR2"), of("B", "RR1"))
UNNAMED = told(order(*TWO), "shipped", "Mar 1", of(None, "RR1", l1=1), of(None, "RR2", l2=1))


@pytest.mark.case("B60+s1", given="the numbers of two parcels swapped by one fact", right="A RR2, B RR1")
def test_s19_two_parcels_swap_their_numbers(came: Came) -> None:
    outcome = tell(AB, CORRECTED, "Mar 2", of("A", "RR2"), of("B", "RR1"))
    outcome.then_types(TrackingCorrected, TrackingCorrected)
    assert came_of(tell(SWAPPED, CORRECTED, "Mar 3", of("A", "RR2"), of("B", "RR1"))) == "known"
    numbers = order_of(SWAPPED).shipments.numbers
    came(", ".join(f"{name} {numbers[name].tracking_number}" for name in "AB"))


@pytest.mark.case("B60+s2", given="swapped, then delivered by number and by id", right="B, A")
def test_s19_a_number_means_the_parcel_that_has_it_now(came: Came) -> None:
    named = (of(None, "RR1"), of("A"))
    came(", ".join(tell(SWAPPED, "delivered", "Mar 5", each).events[0].parcels[0] for each in named))


@pytest.mark.case("B60+s3", given="swapped where the numbers are the ids, delivered by number RR1", right="RR2")
def test_s19_a_number_that_is_also_an_id_means_the_parcel_that_has_it_now(came: Came) -> None:
    swapped = told(UNNAMED, CORRECTED, "Mar 2", of("RR1", "RR2"), of("RR2", "RR1"))
    came(tell(swapped, "delivered", "Mar 5", of(None, "RR1")).events[0].parcels[0])
    assert came_of(tell(swapped, "delivered", "Mar 5", of("RR1", "RR1"))) == (
        "/parcels/0/tracking_number of_another_parcel"
    )


def test_s19_a_swap_may_be_swapped_back() -> None:
    back = told(SWAPPED, CORRECTED, "Mar 3", of("A", "RR1"), of("B", "RR2"))
    assert tell(back, "delivered", "Mar 5", of(None, "RR1")).events[0].parcels == ("A",)


REFUSED = [
    pytest.param((of("A", "RR2"),), "/parcels/0/tracking_number of_another_parcel", id="of one that keeps it"),
    pytest.param((of("A", "RR3"), of("B", "RR3")), "/parcels/1 repeated", id="one number for two"),
    pytest.param((of("A", "RR3"), of("A", "RR4")), "/parcels/1 repeated", id="one parcel twice"),
    pytest.param((of("A", "RR3"), of("X", "RR4")), "/parcels/1/parcel_id unknown_parcel", id="no such parcel"),
]


@pytest.mark.parametrize(("parcels", "right"), REFUSED)
def test_s19_no_number_is_of_two_parcels(parcels: tuple[NamedParcel, ...], right: str) -> None:
    assert came_of(tell(AB, CORRECTED, "Mar 2", *parcels)) == right


@pytest.fixture
async def service() -> AsyncIterator[InMemory]:
    async with in_memory("dispute") as service:
        yield service


LINES = [
    {"line_id": name, "sku": name, "category": "case", "price": usd("25.00"), "quantity": 1} for name in ("1", "2")
]
AT = "2026-03-04T12:00:00Z"
SHIPPED = [{"tracking_number": "RR1", "lines": ["1"]}, {"tracking_number": "RR2", "lines": ["2"]}]
SWAP = {
    "type": CORRECTED,
    "at": AT,
    "parcels": [{"parcel_id": "RR1", "tracking_number": "RR2"}, {"parcel_id": "RR2", "tracking_number": "RR1"}],
}


@pytest.mark.case("B60+s4", given="swapped by POST, and in the facts of a PUT", right="200, 201, recorded: false")
async def test_s19_a_shop_swaps_numbers_by_a_fact_or_with_the_order(service: InMemory, came: Came) -> None:
    shipped = {"type": "shipped", "at": AT, "parcels": SHIPPED}
    assert (await service.order("o1", lines=LINES, facts=[shipped])).status_code == 201
    posted = await service.fact("o1", **SWAP)
    put = await service.order("o2", lines=LINES, facts=[shipped, SWAP])
    again = await service.fact("o2", **SWAP)
    came(f"{answered(posted)}, {answered(put)}, recorded: {str(again.json()['recorded']).lower()}")


ONE = {"parcel_id": "RR1", "tracking_number": "RR3"}


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"parcels": [{"parcel_id": "RR1"}]},
        {"parcels": [{"tracking_number": "RR1"}]},
        {"parcels": [ONE], "carrier": "Correos"},
        {"parcels": [ONE, {"parcel_id": "RR2"}], "tracking_number": "RR3"},
        {"parcels": [{**ONE, "carrier": "Correos"}], "tracking_number": "RR3"},
    ],
)
async def test_a_correction_says_which_number_is_whose(service: InMemory, told: dict[str, object]) -> None:
    assert answered(await service.fact("o1", type=CORRECTED, at=AT, **told)).startswith("422 validation_failed")


# Why a fact changes nothing


async def why(service: InMemory, at: str, **fact: object) -> str | None:
    answer = (await service.fact("o1", at=at, **fact)).json()
    assert answer["recorded"] is (answer["not_recorded"] is None)
    return str(answer["not_recorded"]["code"]) if answer["not_recorded"] else None


@pytest.mark.case(
    "B31+1", given="shipped told twice, then at another instant", right="news, known_already, first_instant_stands"
)
async def test_a_fact_that_changes_nothing_says_why(service: InMemory, came: Came) -> None:
    await service.order("o1")
    codes = [await why(service, at, type="shipped") for at in (AT, AT, "2026-03-05T12:00:00Z")]
    came(", ".join(code or "news" for code in codes))
    assert order_body()["placed_at"] < AT


async def test_an_older_standing_or_end_says_that_a_later_one_stands(service: InMemory) -> None:
    later, earlier = "2026-03-06T12:00:00Z", "2026-03-05T12:00:00Z"
    assert await why(service, later, type="finished") is None
    assert await why(service, earlier, type="finished") == "later_one_stands"
    for at, code in ((later, None), (later, "known_already"), (earlier, "later_one_stands")):
        assert await why(service, at, type="account_status", status="restricted") == code
