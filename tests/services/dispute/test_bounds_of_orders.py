"""What an order and its facts may say: days and instants that can be, amounts that can be counted, no card's number;
and a fault that names a place of the body.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ops.audit.entry import units
from shared.events.money import DECIMALS
from tests.cases.plugin import Came
from tests.support.servers.in_memory import InMemory, came_of, in_memory, order_body, usd


@pytest.fixture(scope="module")
async def service() -> AsyncIterator[InMemory]:
    async with in_memory("dispute") as service:
        yield service


@pytest.mark.case("B09a+n1", given="promised before the order was placed", right="422 validation_failed /promised_by")
@pytest.mark.parametrize("day", ["1970-01-01", "2026-02-28"])
async def test_s24_a_promise_is_not_older_than_its_order(came: Came, service: InMemory, day: str) -> None:
    came(came_of(await service.order(promised_by=day)))


@pytest.mark.case("B09a+n2", given="placed in 1970", right="422 validation_failed /placed_at")
@pytest.mark.parametrize("at", ["1970-01-01T00:00:00Z", "1999-12-31T23:59:59Z"])
async def test_k3_an_order_is_placed_in_our_time(came: Came, service: InMemory, at: str) -> None:
    came(came_of(await service.order(placed_at=at)))


async def test_an_order_is_promised_for_the_day_on_which_it_is_placed(service: InMemory) -> None:
    assert came_of(await service.order("order-same-day", promised_by="2026-03-01")) == "201"


@pytest.mark.case("B03+n1", given="an instant at an offset that is none", right="422 validation_failed /placed_at")
@pytest.mark.parametrize("offset", ["+05:99", "-00:60", "+24:00", "+05:60"])
async def test_an_offset_has_sixty_minutes(came: Came, service: InMemory, offset: str) -> None:
    came(came_of(await service.order(placed_at=f"2026-03-01T12:00:00{offset}")))


@pytest.mark.case(
    "B03+n2", given="a query's instant at an offset that is none", right="422 validation_failed /query/due_before"
)
async def test_so_has_that_of_a_query(came: Came, service: InMemory) -> None:
    text = "2026-03-01T12:00:00%2B05:99"
    came(came_of(await service.ask("GET", f"/v1/disputes?due_before={text}", role="buyer")))


@pytest.mark.case("L5+n1", given="a payment of more than twelve digits", right="at most 12 digits")
@pytest.mark.parametrize("amount", ["999999999999999.99", "1000000000000.00", "9" * 400 + ".00"])
async def test_an_amount_can_be_counted(came: Came, service: InMemory, amount: str) -> None:
    answer = await service.order(payment={"method": "visa", "amount": usd(amount)})
    (fault,) = answer.json()["errors"]
    came("at most 12 digits" if "at most 12 digits" in fault["detail"] else fault)


def test_the_audit_counts_every_amount_that_is_taken() -> None:
    for currency, decimals in DECIMALS.items():
        amount = "9" * 12 + ("." + "9" * decimals if decimals else "")
        assert units({"amount": amount, "currency": currency}) == int(amount.replace(".", "")) * 10 ** (4 - decimals)


@pytest.mark.case("M10+n1", given="a card's number with wide gaps or in other digits", right="refused")
@pytest.mark.parametrize(
    "text",
    [
        "4111    1111 1111 1111",
        "4111 - 1111 - 1111 - 1111",
        "٤١١١ ١١١١ ١١١١ ١١١١",
        "४१११११११११११११११",
        "4111\u200b\u200b\u200b1111\u200b\u200b\u200b1111\u200b\u200b\u200b1111",
    ],
)
@pytest.mark.parametrize("member", ["sku", "category", "listing_warranty"])
async def test_a_cards_number_is_one_however_it_is_written(
    came: Came, service: InMemory, member: str, text: str
) -> None:
    line = {**order_body()["lines"][0], member: text}
    answer = came_of(await service.order("order-card", lines=[line]))
    came("refused" if answer == f"422 validation_failed /lines/0/{member}" else answer)


async def test_nor_is_it_hidden_in_a_description(service: InMemory) -> None:
    for text in ("my card ٤١١١ ١١١١ ١١١١ ١١١١", "my card 4111     1111 1111 1111"):
        body = {"order_id": "order-1", "description": text}
        errors = (await service.ask("POST", "/v1/disputes", role="buyer", body=body, key=text.encode().hex())).json()
        assert "card_number" in {fault["code"] for fault in errors["errors"]}


# Every fault names a place of the body, or the place where a member is missing, and says something


def line(**changed: Any) -> dict[str, Any]:
    return {"lines": [{**order_body()["lines"][0], **changed}]}


def shipped(*lines: Any) -> dict[str, Any]:
    parcel = {"tracking_number": "RR123456785ES", "lines": list(lines)}
    return {"facts": [{"type": "shipped", "at": "2026-03-02T12:00:00Z", "parcels": [parcel]}]}


IN_LINES = "/facts/0/parcels/0/lines"
FAULTY = [
    (line(quantity=0), {"/lines/0/quantity"}),
    (line(sku="x" * 200), {"/lines/0/sku"}),
    ({"lines": []}, {"/lines"}),
    ({"lines": [{"line_id": "1"}]}, {"/lines/0/price"}),
    ({"payment": {"method": "visa"}}, {"/payment/amount"}),
    ({"payment": {"method": "visa", "amount": {"currency": "USD"}}}, {"/payment/amount"}),
    (shipped(5), {f"{IN_LINES}/0"}),
    (shipped(""), {f"{IN_LINES}/0"}),
    (shipped(" "), {f"{IN_LINES}/0"}),
    (shipped({"line_id": "1", "quantity": 0}), {f"{IN_LINES}/0", f"{IN_LINES}/0/quantity"}),
    (shipped({"quantity": 1}), {f"{IN_LINES}/0", f"{IN_LINES}/0/line_id"}),
    ({"facts": [{"type": "nope"}]}, {"/facts/0/type"}),
    ({"facts": [{"at": "2026-03-02T12:00:00Z"}]}, {"/facts/0/type"}),
    ({"facts": [{"type": "delivered"}]}, {"/facts/0/at"}),
    ({"facts": [5]}, {"/facts/0"}),
]


@pytest.mark.parametrize(("changed", "pointers"), FAULTY)
async def test_a_fault_has_a_place_in_the_body_and_a_sentence(
    service: InMemory, changed: dict[str, Any], pointers: set[str]
) -> None:
    errors = (await service.order("order-faulty", **changed)).json()["errors"]
    assert {fault["pointer"] for fault in errors} == pointers
    assert all("Body" not in fault["detail"] and "does not fit" not in fault["detail"] for fault in errors)


async def test_a_fault_of_a_type_says_which_there_are(service: InMemory) -> None:
    (fault,) = (await service.fact(type="nope")).json()["errors"]
    assert fault["pointer"] == "/type" and "'shipped'" in fault["detail"]
