"""Ids and names from outside as the world has them, wherever they travel: paths, bodies, tokens, links."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from shared.events.base import wire_time
from shared.events.ids import derived_id
from shared.process.clock import SystemClock
from tests.cases.plugin import Came
from tests.support.servers.in_memory import InMemory, came_of, in_memory, order_body, usd

ORDERS = [
    "#1001",
    "SO/2026/00012",
    "gid://shopify/Order/1",
    "a@b:c",
    "注文 42",
    "100%25",
    "Ä/é?x=1&y#z",
    "a" * 255,
    "a|b",
]
PARTIES = ["auth0|507f1f77bcf86cd799439011", "user@example.org", "https://idp.example/u/1", "x" * 255, "jürgen", "a\\b"]


NOW = SystemClock().now()
UNDER_WAY = {
    "placed_at": wire_time(NOW - timedelta(days=20)),
    "promised_by": (NOW - timedelta(days=2)).date().isoformat(),
    "facts": [{"type": "shipped", "at": wire_time(NOW - timedelta(days=19))}],
}


@pytest.fixture(scope="module")
async def service() -> AsyncIterator[InMemory]:
    async with in_memory("dispute") as service:
        yield service


NONE = "404 not_found, word for word that of none"


async def opened(service: InMemory, order_id: str, buyer: str) -> Any:
    """The answer to the buyer's dispute form for the order."""
    form = {
        "order_id": order_id,
        "lines": [{"line_id": "1", "quantity": 1}],
        "reason": "not_received",
        "type": "refund_only",
        "amount": usd("50.00"),
        "description": "Nothing came.",
        "contacted_seller": True,
    }
    return await service.ask("POST", "/v1/disputes", role="buyer", sub=buyer, body=form, key=f"open-{order_id}")


@pytest.mark.case("B18", given="PUT /v1/orders/%231001 and others", right="201, recorded true, the id's own link")
@pytest.mark.parametrize("order_id", ORDERS)
async def test_an_order_number_may_hold_whatever_shops_write(came: Came, service: InMemory, order_id: str) -> None:
    path = f"/v1/orders/{quote(order_id, safe='')}"
    put = await service.ask("PUT", path, body=order_body(placed_at="2026-10-01T12:00:00Z"))
    told = {"type": "shipped", "at": "2026-10-02T12:00:00Z"}
    fact = await service.ask("POST", f"{path}/facts", body=told)
    kept = put.json().get("order_id") == fact.json().get("order_id") == order_id
    link = put.headers.get("location") == f"{path}/status"
    recorded = str(fact.json().get("recorded")).lower()
    came(f"{came_of(put)}, recorded {recorded}, {'the id' if kept and link else put.headers}'s own link")


@pytest.mark.case("B18+1", given="the same number in lower-case escapes", right="200")
async def test_an_escape_is_the_same_in_small_letters(came: Came, service: InMemory) -> None:
    body = order_body()
    assert (await service.ask("PUT", "/v1/orders/A%2FB", body=body)).status_code == 201
    came(came_of(await service.ask("PUT", "/v1/orders/A%2fB", body=body)))


@pytest.mark.case("B18+2", given="an id with a NUL, a line end, no UTF-8, a step of a path", right="404 not_found")
@pytest.mark.parametrize("part", ["a%00b", "a%2F%00", "a%0Ab", "%FF", "a%E2%80%AEb", "%20a", "a%20%20b", "b" * 256])
async def test_what_is_no_id_is_nowhere(came: Came, service: InMemory, part: str) -> None:
    came(came_of(await service.ask("PUT", f"/v1/orders/{part}", body=order_body())))


@pytest.mark.case("B18+3", given="two orders that differ in a slash alone", right="201 and 201")
async def test_a_slash_of_an_id_parts_no_path(came: Came, service: InMemory) -> None:
    one = await service.ask("PUT", "/v1/orders/x%2Ffacts", body=order_body())
    other = await service.ask("PUT", "/v1/orders/x", body=order_body())
    came(f"{one.status_code} and {other.status_code}")


@pytest.mark.case("B18+4", given="order_id SO/1 in the dispute form", right="201, href with the dispute's id")
async def test_a_dispute_names_its_order_as_it_is(came: Came, service: InMemory) -> None:
    await service.ask("PUT", "/v1/orders/SO%2F1", body=order_body(**UNDER_WAY))
    answer = await opened(service, "SO/1", "buyer-1")
    view = answer.json()
    named = view.get("order_id") == "SO/1" and view.get("href") == f"/v1/disputes/{view.get('id')}"
    came(f"{answer.status_code}, href with the dispute's id" if named else came_of(answer))


@pytest.mark.case("M13+1", given="buyer_id auth0|…, an address, 255 characters", right="201, then seen by that buyer")
@pytest.mark.parametrize("buyer", PARTIES)
async def test_a_party_is_whoever_the_token_names(came: Came, service: InMemory, buyer: str) -> None:
    order_id = f"order-of-{PARTIES.index(buyer)}"
    put = await service.order(order_id, buyer_id=buyer, seller_id=f"{buyer[:200]}/s", **UNDER_WAY)
    answer = await opened(service, order_id, buyer)
    came(f"{came_of(put)}, then {'seen by that buyer' if answer.status_code == 201 else came_of(answer)}")


@pytest.mark.case("M13", given='PUT order with buyer_id "auth0|5f7c…"', right="201")
async def test_an_identity_providers_subject_owns_an_order(came: Came, service: InMemory) -> None:
    came(came_of(await service.order("order-auth0", buyer_id="auth0|5f7c8ec7c33c6c004bbafe82")))


@pytest.mark.case("M13+2", given="a party id with spaces or 256 characters", right="422 validation_failed /buyer_id")
@pytest.mark.parametrize("buyer", ["a b", "a\nb", "", "x" * 256, "a\u200bb", "\u202ea", ".", "a\ufffdb"])
async def test_what_is_no_party_id_owns_nothing(came: Came, service: InMemory, buyer: str) -> None:
    came(came_of(await service.order("order-none", buyer_id=buyer)))


@pytest.mark.case("B23b", given="carrier Correos España and others", right="200")
@pytest.mark.parametrize(
    "carrier",
    [
        "Correos España",
        "日本郵便",
        "Österreichische Post AG",
        "DPD / Geopost",
        "顺丰速运 (SF)",
        "17TRACK",
        "4PX",
        "O'Neill's",
    ],
)
async def test_a_carrier_is_called_what_it_is_called(came: Came, service: InMemory, carrier: str) -> None:
    parcel = {"carrier": carrier, "tracking_number": "RR123456785ES"}
    told = {"type": "shipped", "at": "2026-10-02T12:00:00Z", "parcels": [parcel]}
    order_id = f"order-by-{quote(carrier, safe='')}"
    await service.ask("PUT", f"/v1/orders/{order_id}", body=order_body(placed_at="2026-10-01T12:00:00Z"))
    came(came_of(await service.ask("POST", f"/v1/orders/{order_id}/facts", body=told)))


PARCELS = "422 validation_failed /parcels/0"


@pytest.mark.case("M10", given='tracking_number "4111 1111 1111 1111"', right=f"{PARCELS}/tracking_number")
@pytest.mark.parametrize(
    "number",
    [
        "4111 1111 1111 1111",
        "5500-0000-0000-0004",
        "3400 000000 00009",
        "3000-000000-0004",
        "VISA 4111 1111 1111 1111",
        "6011.0000.0000.0004",
    ],
)
async def test_a_cards_number_is_no_tracking_number(came: Came, service: InMemory, number: str) -> None:
    told: dict[str, Any] = {
        "type": "shipped",
        "at": "2026-10-02T12:00:00Z",
        "parcels": [{"tracking_number": number}],
    }
    came(came_of(await service.fact(**told)))


@pytest.mark.case("M10+1", given='carrier "Jane Doe 0176 1234567"', right=f"{PARCELS}/carrier")
@pytest.mark.parametrize(
    "carrier", ["Jane Doe 0176 1234567", "jane@example.org", "Jane ٠١٧٦١٢٣", "4111 1111 1111 1111", "Jane\nDoe", "…"]
)
async def test_a_carrier_is_no_person_with_a_number(came: Came, service: InMemory, carrier: str) -> None:
    told: dict[str, Any] = {
        "type": "shipped",
        "at": "2026-10-02T12:00:00Z",
        "parcels": [{"carrier": carrier}],
    }
    came(came_of(await service.fact(**told)))


WRITTEN = {
    "sku": "4111 1111 1111 1111",
    "category": "call 0176 1234567",
    "listing_warranty": "two years, write to jane@example.org",
}


@pytest.mark.case("M10+2", given="a card, a telephone, an address of mail in a line", right="422 at each of them")
@pytest.mark.parametrize("member", WRITTEN)
async def test_a_line_tells_nothing_of_a_person(came: Came, service: InMemory, member: str) -> None:
    line = {**order_body()["lines"][0], member: WRITTEN[member]}
    answer = came_of(await service.order("order-line", lines=[line]))
    came("422 at each of them" if answer == f"422 validation_failed /lines/0/{member}" else answer)


@pytest.mark.case("M10+3", given="ship_to with a street in region or postal_code", right="422 at each of them")
@pytest.mark.parametrize(
    ("member", "text"),
    [("postal_code", "10115 Berlin, 3. OG"), ("region", "Allee 12345"), ("postal_code", "+49 30 1234567")],
)
async def test_an_address_is_as_much_as_rules_need(came: Came, service: InMemory, member: str, text: str) -> None:
    answer = came_of(await service.order("order-to", ship_to={"country": "DE", member: text}))
    came("422 at each of them" if answer == f"422 validation_failed /ship_to/{member}" else answer)


@pytest.mark.case(
    "M10+4", given="postal code 28001 and a buyer's e-mail as sub", right="the log has 280 and no e-mail of who asked"
)
async def test_the_log_says_no_more_of_a_person_than_rules_need(came: Came, service: InMemory) -> None:
    body = order_body(ship_to={"country": "ES", "postal_code": "28001"})
    await service.ask("PUT", "/v1/orders/order-log", sub="shop@example.org", body=body)
    (history,) = await service.app.state.store.load("order-order-log")
    ship_to = next(each.event.ship_to for each in history if hasattr(each.event, "ship_to"))
    quiet = all("@" not in each.metadata.actor for each in history) and ship_to.postal_code == "280"
    came("the log has 280 and no e-mail of who asked" if quiet else history)


@pytest.mark.case("M10+5", given="sku EAN 4006381333931, tracking 9400 1000 0000 0000 0000 00", right="201 and 200")
async def test_long_numbers_that_are_no_cards_are_taken(came: Came, service: InMemory) -> None:
    line = {**order_body()["lines"][0], "sku": "4006381333931", "listing_warranty": "2 years, 24 months"}
    put = await service.order("order-long", lines=[line], placed_at="2026-10-01T12:00:00Z")
    parcel = {"tracking_number": "9400 1000 0000 0000 0000 00", "carrier": "USPS"}
    fact = await service.fact("order-long", type="shipped", at="2026-10-02T12:00:00Z", parcels=[parcel])
    came(f"{came_of(put)} and {came_of(fact)}")


FOREIGN = {
    "L14": ("GET", ""),
    "L14+1": ("GET", "/history"),
    "L14+2": ("GET", "/texts/txt_1"),
    "L14+3": ("POST", "/cancellation"),
}


@pytest.mark.parametrize(
    ("method", "what"),
    [
        pytest.param(
            *way, id=case, marks=pytest.mark.case(case, given=f"another's dispute: {' '.join(way)}", right=NONE)
        )
        for case, way in FOREIGN.items()
    ],
)
async def test_anothers_dispute_is_told_apart_from_none_by_nothing_in_the_answer(
    came: Came, service: InMemory, method: str, what: str
) -> None:
    there = await opened_by_somebody(service)
    answers = [
        await service.ask(method, f"/v1/disputes/{dispute}{what}", role="buyer", sub="stranger", key="k")
        for dispute in (there, derived_id("dsp", "order-foreign", "none"))
    ]
    alike = told(answers[0]) == told(answers[1])
    came(f"{came_of(answers[0])}, {'word for word' if alike else [*map(told, answers)]} that of none")


async def opened_by_somebody(service: InMemory) -> str:
    """A dispute of a buyer who is not the one who asks."""
    await service.ask("PUT", "/v1/orders/order-foreign", body=order_body(buyer_id="owner", **UNDER_WAY))
    answer = await opened(service, "order-foreign", "owner")
    dispute_id: str = answer.json()["id"]
    return dispute_id


def told(answer: httpx.Response) -> Any:
    """The answer without what differs by request: its ids, its address and its instant."""
    body = {name: text for name, text in answer.json().items() if name not in ("instance", "request_id")}
    own = {"date", "x-request-id", "content-length", "ratelimit"}
    return body, {name: text for name, text in answer.headers.items() if name not in own}
