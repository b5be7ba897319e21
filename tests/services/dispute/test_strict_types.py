"""What the OpenAPI document calls an instant, a number, a yes is one, in bodies and in queries: nothing is guessed."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.events.ids import derived_id
from tests.cases.plugin import Came
from tests.support.servers.in_memory import InMemory, came_of, in_memory, order_body, usd


@pytest.fixture(scope="module")
async def service() -> AsyncIterator[InMemory]:
    async with in_memory("dispute") as service:
        yield service


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[InMemory]:
    async with in_memory("sandbox") as provider:
        yield provider


@pytest.mark.case("B03", given="delivered at a number, or text of digits", right="422 validation_failed /at")
@pytest.mark.parametrize(
    "at", ["20261120", "2026", 1764000000, 1764000000000, 0, 1.5, "1764000000", "-1", " 2026-11-20T00:00:00Z", True]
)
async def test_an_instant_of_a_fact_is_no_number(came: Came, service: InMemory, at: Any) -> None:
    came(came_of(await service.fact(type="delivered", at=at)))


@pytest.mark.case("B03+1", given="promised by a number, or text of digits", right="422 validation_failed /promised_by")
@pytest.mark.parametrize(
    "day", [1764028800, "1764028800", "20261120", "2026-11-20T00:00:00Z", "2026-W47-5", "2026-13-01"]
)
async def test_a_day_is_no_number(came: Came, service: InMemory, day: Any) -> None:
    came(came_of(await service.order(promised_by=day)))


@pytest.mark.case("B03+2", given="an instant without offset, seconds or T", right="422 validation_failed /placed_at")
@pytest.mark.parametrize(
    "at",
    [
        "2026-11-20T00:00:00",
        "2026-11-20T00:00Z",
        "2026-11-20 00:00:00Z",
        "2026-11-20T00:00:00,5Z",
        "2026-11-20T00:00:00+0100",
        "2026-11-20T00:00:00+25:00",
        "2026-11-20",
        "٢026-11-20T00:00:00Z",
    ],
)
async def test_an_instant_is_as_rfc_3339_spells_it(came: Came, service: InMemory, at: str) -> None:
    came(came_of(await service.order(placed_at=at)))


@pytest.mark.case(
    "B03+3", given="GET /v1/disputes?due_before=20261125", right="422 validation_failed /query/due_before"
)
@pytest.mark.parametrize("text", ["20261125", "0", "99999999999999", "2026-11-25", "2026-11-25T00:00:00"])
async def test_an_instant_of_a_query_is_no_number(came: Came, service: InMemory, text: str) -> None:
    came(came_of(await service.ask("GET", f"/v1/disputes?due_before={text}", role="buyer")))


@pytest.mark.case("B07", given="due_before at a calendar's end", right="422 validation_failed /query/due_before")
@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z"]
)
async def test_an_instant_of_a_query_has_bounds(came: Came, service: InMemory, text: str) -> None:
    came(came_of(await service.ask("GET", f"/v1/disputes?due_before={text}", role="buyer")))


@pytest.mark.case("B07+1", given="as_of at a calendar's end", right="422 validation_failed /query/as_of")
@pytest.mark.parametrize("text", ["0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59", "0"])
async def test_a_dispute_is_not_shown_as_of_no_time(came: Came, service: InMemory, text: str) -> None:
    came(came_of(await service.ask("GET", f"/v1/disputes/dsp_000?as_of={text}", role="buyer")))


@pytest.mark.case("B07+2", given="placed at a calendar's end", right="422 validation_failed /placed_at")
@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2200-01-01T00:00:00Z"])
async def test_an_instant_of_a_body_has_the_same_bounds(came: Came, service: InMemory, text: str) -> None:
    came(came_of(await service.order(placed_at=text)))


@pytest.mark.case("M9", given="GET /psp/ledger?after=9223372036854775808", right="422 validation_failed /query/after")
@pytest.mark.parametrize("text", ["9223372036854775808", "9999999999999999999", "-9223372036854775809", "1e3"])
async def test_a_number_of_a_query_is_one_that_a_database_holds(came: Came, provider: InMemory, text: str) -> None:
    came(came_of(await provider.ask("GET", f"/psp/ledger?after={text}")))


@pytest.mark.case("B21", given='weight_kg "1_0" or of other digits', right="422 validation_failed /lines/0/weight_kg")
@pytest.mark.parametrize(
    "weight", ["1_0", "_1_", "\u0661\u0662", " 1 ", "1e3", "+1", "-1", "1.", ".5", "NaN", "1.2345", True, 1e-7, 100001]
)
async def test_a_measure_is_a_decimal(came: Came, service: InMemory, weight: Any) -> None:
    line = {**order_body()["lines"][0], "weight_kg": weight}
    came(came_of(await service.order(lines=[line])))


@pytest.mark.case("B73", given="limit=1_0 and other spellings", right="422 validation_failed /query/limit")
@pytest.mark.parametrize("text", ["1_0", "5.0", "%205", "5%20", "%2B5", "05", "%D9%A1", "0x5", "", "true"])
async def test_a_whole_number_of_a_query_is_digits(came: Came, service: InMemory, text: str) -> None:
    came(came_of(await service.ask("GET", f"/v1/disputes?limit={text}", role="buyer")))


@pytest.mark.case("B73+1", given='free_return_confirmed "yes"', right="422 validation_failed /free_return_confirmed")
@pytest.mark.parametrize("word", ["yes", "true", 1, 0, "off", "", 1.0, []])
async def test_a_yes_is_true_and_nothing_else(came: Came, service: InMemory, word: Any) -> None:
    came(came_of(await service.order(free_return_confirmed=word)))


@pytest.mark.case("B73+2", given="quantity 1.0", right="422 validation_failed /lines/0/quantity")
@pytest.mark.parametrize("quantity", [1.0, "1", True, 1e0, None, 0, -1])
async def test_a_quantity_is_a_whole_number(came: Came, service: InMemory, quantity: Any) -> None:
    line = {**order_body()["lines"][0], "quantity": quantity}
    came(came_of(await service.order(lines=[line])))


@pytest.mark.case("B73+3", given='contacted_seller "yes"', right="422 validation_failed /contacted_seller")
async def test_a_yes_of_the_dispute_form_is_true(came: Came, service: InMemory) -> None:
    form = {
        "order_id": "order-1",
        "lines": [{"line_id": "1", "quantity": 1}],
        "reason": "not_received",
        "type": "refund_only",
        "amount": usd("50.00"),
        "description": "Nothing came.",
        "contacted_seller": "yes",
    }
    came(came_of(await service.ask("POST", "/v1/disputes", role="buyer", body=form, key="k")))


@pytest.mark.case("B73+4", given="the provider's times 1.0, seconds true", right="422 validation_failed /times")
@pytest.mark.parametrize("times", [1.0, "1", True])
async def test_a_body_from_anybody_is_read_as_strictly(came: Came, provider: InMemory, times: Any) -> None:
    fault = {"on": "refund", "fault": "delay", "times": times}
    came(came_of(await provider.ask("POST", "/faults", body=fault)))


@pytest.mark.case("B28", given="USD in the amount, EUR beside it", right="422 validation_failed /payment/currency")
@pytest.mark.parametrize("amount", [usd("50.00")])
async def test_a_payment_has_one_currency(came: Came, service: InMemory, amount: Any) -> None:
    payment = {"method": "visa", "amount": amount, "currency": "EUR"}
    came(came_of(await service.order(payment=payment)))


@pytest.mark.case(
    "B28+1", given="a price in another currency than the payment", right="422 validation_failed /lines/0/price"
)
@pytest.mark.parametrize("currency", ["EUR", "USD"])
async def test_a_price_has_the_payments_currency(came: Came, service: InMemory, currency: str) -> None:
    line = {**order_body()["lines"][0], "price": {"amount": "50.00", "currency": "GBP"}}
    payment = {"method": "visa", "amount": "50.00", "currency": currency}
    came(came_of(await service.order(payment=payment, lines=[line])))


@pytest.mark.case("B28+2", given="amount and currency side by side, once", right="201")
async def test_the_shorter_form_of_money_is_taken(came: Came, service: InMemory) -> None:
    line = {**order_body()["lines"][0], "price": "50.00"}
    payment = {"method": "visa", "amount": "50.00", "currency": "EUR"}
    came(came_of(await service.order("order-short", payment=payment, lines=[line])))


@pytest.mark.case("B27", given="t and z, nine decimals, -00:00", right="201")
@pytest.mark.parametrize(
    "at",
    [
        "2026-03-01t12:00:00z",
        "2026-03-01T12:00:00.123456789Z",
        "2026-03-01T12:00:00-00:00",
        "2026-03-01T02:00:00+14:00",
    ],
)
async def test_what_rfc_3339_allows_is_taken(came: Came, service: InMemory, at: str) -> None:
    came(came_of(await service.order(f"order-{''.join(filter(str.isalnum, at))}", placed_at=at)))


@pytest.mark.case("B27+1", given="24:00, 29 February 2026, second 60", right="422 validation_failed /placed_at")
@pytest.mark.parametrize("at", ["2026-03-01T24:00:00Z", "2026-02-29T12:00:00Z", "2026-03-01T23:59:60Z"])
async def test_what_no_clock_shows_is_refused(came: Came, service: InMemory, at: str) -> None:
    came(came_of(await service.order(placed_at=at)))


@pytest.mark.case("B43", given="a member twice", right="400 malformed_json")
@pytest.mark.parametrize(
    "raw",
    [
        b'{"type": "delivered", "at": "2026-03-01T12:00:00Z", "at": "2026-03-02T12:00:00Z"}',
        b'{"type": "delivered", "at": "2026-03-01T12:00:00Z", "\\u0061t": "2026-03-01T12:00:00Z"}',
        b'{"type": "shipped", "at": "2026-03-01T12:00:00Z", "parcels": [{"carrier": "a", "carrier": "b"}]}',
        b'{"type": "x", "type": "\\ud800"}',
    ],
)
async def test_a_member_stands_once(came: Came, service: InMemory, raw: bytes) -> None:
    came(came_of(await service.ask("POST", "/v1/orders/order-1/facts", body=raw)))


@pytest.mark.case("L1", given="money with two amounts", right="400 malformed_json")
async def test_money_has_one_amount(came: Came, service: InMemory) -> None:
    raw = b'{"payment": {"method": "visa", "amount": {"amount": "1.00", "amount": "2.00", "currency": "USD"}}}'
    came(came_of(await service.ask("PUT", "/v1/orders/order-1", body=raw)))


@pytest.mark.case("B73+5", given="limit=1&limit=2", right="422 validation_failed /query/limit")
@pytest.mark.parametrize("query", ["limit=1&limit=2", "limit=1&limit=1", "limit=1&%6Cimit=1"])
async def test_a_parameter_is_sent_once(came: Came, service: InMemory, query: str) -> None:
    came(came_of(await service.ask("GET", f"/v1/disputes?{query}", role="buyer")))


@pytest.mark.case("L4", given="4,600 unknown members", right="413 too_large")
@pytest.mark.parametrize(
    "body", [{f"k{number}": 1 for number in range(4600)}, {"lines": [{f"k{n}": 1 for n in range(90)}] * 50}]
)
async def test_a_body_has_so_many_members_and_no_more(came: Came, service: InMemory, body: Any) -> None:
    came(came_of(await service.ask("PUT", "/v1/orders/order-1", body=body)))


@pytest.mark.case(
    "L5", given="an amount that is a number", right="An amount of USD is a decimal string with 2 decimals"
)
@pytest.mark.parametrize("amount", [5.0, "5", "5.000", None])
async def test_a_fault_of_money_says_what_is_wrong(came: Came, service: InMemory, amount: Any) -> None:
    line = {**order_body()["lines"][0], "price": {"amount": amount, "currency": "USD"}}
    came((await service.order(lines=[line])).json()["errors"][0]["detail"])


@pytest.mark.case("L5+1", given="a currency that is none", right="This is no active currency (ISO 4217)")
@pytest.mark.parametrize("currency", ["XXX", "usd", 1, None])
async def test_a_fault_of_a_currency_says_what_is_wrong(came: Came, service: InMemory, currency: Any) -> None:
    line = {**order_body()["lines"][0], "price": {"amount": "5.00", "currency": currency}}
    came((await service.order(lines=[line])).json()["errors"][0]["detail"])


@pytest.mark.case("L8+1", given="a fault with 60 KB of text", right="422 validation_failed at it")
@pytest.mark.parametrize("member", ["code", "order_id", "payment_id"])
async def test_a_fault_keeps_no_long_text(came: Came, provider: InMemory, member: str) -> None:
    body = {"on": "refund", "fault": "decline", member: "x" * 60_000}
    answer = came_of(await provider.ask("POST", "/faults", body=body))
    came("422 validation_failed at it" if answer == f"422 validation_failed /{member}" else answer)


@pytest.mark.case("L8+2", given="the ledger without a limit, and with the largest", right="1000 and 10000")
async def test_the_ledger_has_pages(came: Came, provider: InMemory) -> None:
    document = (await provider.client.get("/openapi.json")).json()
    parameters = document["paths"]["/psp/ledger"]["get"]["parameters"]
    limit = next(one["schema"] for one in parameters if one["name"] == "limit")
    came(f"{limit['default']} and {limit['maximum']}")


@pytest.mark.case("L3", given="ids that follow from a key", right="names, and no secrets: another's is 404")
async def test_who_guesses_an_id_sees_nothing(came: Came, service: InMemory) -> None:
    dispute = derived_id("dsp", "order-1", "guessed")
    answer = await service.ask("GET", f"/v1/disputes/{dispute}", role="buyer", sub="stranger")
    came("names, and no secrets: another's is 404" if answer.status_code == 404 else came_of(answer))


@pytest.mark.case("B41", given="a compressed body, one with a BOM, one in UTF-16", right="400 malformed_json")
@pytest.mark.parametrize("raw", [gzip.compress(b"{}", mtime=0), b"\xef\xbb\xbf{}", '{"type": 1}'.encode("utf-16")])
async def test_a_body_is_json_in_utf_8_as_it_comes(came: Came, service: InMemory, raw: bytes) -> None:
    came(came_of(await service.ask("POST", "/v1/orders/order-1/facts", body=raw)))
