"""Whatever does not fit is refused by one problem that names the place and the rule, and leaves no trace in any log."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.e2e.client import Answer, Json, Services
from tests.e2e.deals import DAY, Deal, Dispute, counter, day_after, instant, now, ordered, usd
from tests.e2e.log import Logs
from tests.e2e.problem import is_one_problem

pytestmark = pytest.mark.e2e

TWO_OF_IT = [{"line_id": "1", "price": usd("25.00"), "quantity": 2}]
TWO_SELLERS = [{"line_id": "1", "price": usd("25.00")}, {"line_id": "2", "price": usd("25.00"), "seller_id": "another-seller"}]
ASSURED = [{"line_id": "1", "price": usd("50.00"), "flags": ["authenticity_assured", "free_return"]}]

DEALS: dict[str, Json] = {
    "plain": {},
    "two pieces": {"lines": TWO_OF_IT},
    "two sellers": {"lines": TWO_SELLERS},
    "assured": {"lines": ASSURED},
    "off the platform": {"channel": "off_platform"},
    "paid to the seller": {"payment": {"payee": "seller"}},
    "paid by voucher": {"payment": {"method": "voucher"}},
    "restricted buyer": {"buyer_account_status": "restricted"},
    "just shipped": {"promised": 30, "facts": {"shipped": -1}},
    "not shipped": {"promised": None, "facts": {}},
    "delivered": {"promised": -3, "facts": {"shipped": -9, "delivered": -1}},
    "over": {"promised": -40, "facts": {"shipped": -45, "delivered": -17}},
}
"""The orders that the forms below are about."""


@pytest.fixture(scope="module")
async def disputed(services: Services) -> Dispute:
    """A dispute, for what is refused of one."""
    return await (await ordered(services)).opened()


@pytest.fixture(scope="module")
async def answered(services: Services) -> Dispute:
    """A dispute that awaits its buyer."""
    dispute = await (await ordered(services)).opened()
    await dispute.respond(counter("20.00"))
    return dispute


@pytest.fixture(scope="module")
async def sent_back(services: Services) -> Dispute:
    """A dispute whose goods are to go back."""
    dispute = await (await ordered(services)).opened(type="return_and_refund")
    await dispute.respond({"decision": "accept"})
    return dispute


@pytest.fixture(scope="module")
async def deals(services: Services, disputed: Dispute, answered: Dispute, sent_back: Dispute) -> dict[str, Deal]:
    """Every order, registered and at rest."""
    made = {name: await ordered(services, **given) for name, given in DEALS.items()}
    await services.at_rest()
    return made


@pytest.fixture(autouse=True)
async def nothing_is_recorded(logs: Logs, deals: dict[str, Deal]) -> AsyncIterator[None]:  # the orders first: they are recorded
    """No log and no text grows while the test runs."""
    before = await logs.heads()
    yield
    assert await logs.heads() == before


FORMS: dict[str, tuple[str, Json, int, str, list[str], list[str]]] = {
    # what: the order, the form's changes, and the refusal: status, code, rules, places
    "an unknown field": ("plain", {"colour": "red"}, 422, "validation_failed", [], ["/colour"]),
    "an unknown field of a line": ("plain", {"lines": [{"line_id": "1", "colour": "red"}]}, 422, "validation_failed", [], ["/lines/0/colour"]),
    "no amount": ("plain", {"amount": None}, 422, "validation_failed", [], ["/amount"]),
    "an amount that is a number": ("plain", {"amount": {"amount": 5, "currency": "USD"}}, 422, "validation_failed", [], ["/amount/amount"]),
    "too many decimals": ("plain", {"amount": usd("5.000")}, 422, "validation_failed", [], ["/amount/amount"]),
    "too few decimals": ("plain", {"amount": usd("5")}, 422, "validation_failed", [], ["/amount/amount"]),
    "a negative amount": ("plain", {"amount": usd("-5.00")}, 422, "validation_failed", [], ["/amount/amount"]),
    "an amount in scientific notation": ("plain", {"amount": usd("5e0")}, 422, "validation_failed", [], ["/amount/amount"]),
    "an unknown currency": ("plain", {"amount": {"amount": "5.00", "currency": "XYZ"}}, 422, "validation_failed", [], ["/amount/currency"]),
    "money with more members": ("plain", {"amount": usd("5.00") | {"tax": "1.00"}}, 422, "validation_failed", [], ["/amount"]),
    "another currency than the order's": (
        "plain",
        {"amount": {"amount": "5.00", "currency": "EUR"}},
        422,
        "validation_failed",
        ["S45"],
        ["/amount/currency"],
    ),
    "nothing asked for": ("plain", {"amount": usd("0.00")}, 422, "validation_failed", ["S45"], ["/amount/amount"]),
    "more than the line's cap": ("plain", {"amount": usd("50.01")}, 422, "amount_exceeds_cap", ["S45"], []),
    "more than one piece's part of the cap": ("two pieces", {"amount": usd("25.01")}, 422, "amount_exceeds_cap", ["S45"], []),
    "more pieces than were ordered": (
        "two pieces",
        {"lines": [{"line_id": "1", "quantity": 3}]},
        422,
        "validation_failed",
        ["S109"],
        ["/lines/0/quantity"],
    ),
    "no piece": ("plain", {"lines": [{"line_id": "1", "quantity": 0}]}, 422, "validation_failed", [], ["/lines/0/quantity"]),
    "half a piece": ("plain", {"lines": [{"line_id": "1", "quantity": 0.5}]}, 422, "validation_failed", [], ["/lines/0/quantity"]),
    "a quantity in words": ("plain", {"lines": [{"line_id": "1", "quantity": "1"}]}, 422, "validation_failed", [], ["/lines/0/quantity"]),
    "a line that is not the order's": ("plain", {"lines": [{"line_id": "2"}]}, 422, "validation_failed", ["S109"], ["/lines/0/line_id"]),
    "a line named twice": ("plain", {"lines": [{"line_id": "1"}, {"line_id": "1"}]}, 422, "validation_failed", ["S109"], ["/lines/1/line_id"]),
    "lines of two sellers": ("two sellers", {"lines": [{"line_id": "1"}, {"line_id": "2"}]}, 422, "validation_failed", ["S109"], ["/lines"]),
    "no lines": ("plain", {"lines": []}, 422, "validation_failed", [], ["/lines"]),
    "no type (S29)": ("plain", {"type": None}, 422, "validation_failed", [], ["/type"]),
    "both types (S29)": ("plain", {"type": ["refund_only", "return_and_refund"]}, 422, "validation_failed", [], ["/type"]),
    "a type that only sellers offer": ("plain", {"type": "replacement"}, 422, "validation_failed", [], ["/type"]),
    "an unknown reason": ("plain", {"reason": "boredom"}, 422, "validation_failed", [], ["/reason"]),
    "a reason of the system's own": ("plain", {"reason": "return_condition"}, 422, "validation_failed", [], ["/reason"]),
    "an empty description": ("plain", {"description": ""}, 422, "validation_failed", [], ["/description"]),
    "a description of white space": ("plain", {"description": " \n "}, 422, "validation_failed", [], ["/description"]),
    "a description above 2,000 characters": ("plain", {"description": "x" * 2001}, 422, "validation_failed", [], ["/description"]),
    "evidence that nobody uploaded": ("plain", {"evidence": ["evd_1"]}, 422, "validation_failed", ["S30"], ["/evidence/0"]),
    "an order id that none has": ("plain", {"order_id": "no order"}, 422, "validation_failed", [], ["/order_id"]),
    "an unknown order": ("plain", {"order_id": "nobody-ordered-this"}, 404, "not_found", [], []),
    "an order outside the platform (S7)": ("off the platform", {}, 422, "not_eligible_off_platform", ["S7"], []),
    "an order paid to the seller (S8)": ("paid to the seller", {}, 422, "not_eligible_off_platform", ["S8"], []),
    "a way to pay that is not listed (S9)": ("paid by voucher", {}, 422, "payment_method_not_accepted", ["S9"], []),
    "an account not in good standing (S14)": ("restricted buyer", {}, 403, "account_not_in_good_standing", ["S14"], []),
    "the tenth day after shipment (S21)": ("just shipped", {}, 409, "too_early", ["S21"], []),
    "an order that nobody shipped (S21)": ("not shipped", {}, 409, "too_early", ["S21"], []),
    "after the protection's end (S22)": ("over", {"reason": "late"}, 409, "protection_expired", ["S22"], []),
    "a charge that nobody authorised (S10)": ("plain", {"reason": "unauthorised_charge"}, 422, "reason_not_covered", ["S10"], []),
    "a change of mind (S13)": ("plain", {"reason": "change_of_mind"}, 422, "reason_not_covered", ["S13"], []),
    "not received and yet delivered (S11)": ("delivered", {}, 422, "reason_not_covered", ["S11"], []),
    "a fake that was never said to be genuine (S3)": ("plain", {"reason": "counterfeit"}, 422, "reason_not_covered", ["S3"], []),
    "a fake without a picture (S30)": ("assured", {"reason": "counterfeit"}, 422, "evidence_required", ["S30"], []),
    **{
        f"{reason} without evidence (S30)": ("plain", {"reason": reason}, 422, "evidence_required", ["S30"], [])
        for reason in ("not_as_described", "damaged", "shortage", "defective", "wrong_item", "wrong_size", "wrong_address")
    },
    "Chinese text (S31)": ("plain", {"description": "Né, 东西没有到"}, 422, "validation_failed", ["S31"], ["/description"]),
    "a NUL in a text": ("plain", {"description": "no\0thing"}, 422, "validation_failed", [], ["/description"]),
    "a NUL in a name": ("plain", {"no\0thing": 1}, 422, "validation_failed", [], [""]),
    "half a surrogate pair": ("plain", {"description": "nothing \ud83d came"}, 422, "validation_failed", [], ["/description"]),
}


@pytest.mark.parametrize("what", FORMS)
async def test_a_form_is_refused_for(deals: dict[str, Deal], what: str) -> None:
    order, changes, status, code, rules, places = FORMS[what]
    is_one_problem(await deals[order].open(**changes), status, code, rules, places)


async def test_too_early_names_the_first_instant_that_is_not(deals: dict[str, Deal]) -> None:
    deal = deals["just shipped"]
    shipped = instant(deal.body["facts"][0]["at"])
    assert instant((await deal.open())["opens_at"]) == day_after(shipped, 11)
    assert "opens_at" not in (await deals["not shipped"].open()).body


async def test_protection_expired_names_when_it_ended_and_whom_to_ask(deals: dict[str, Deal]) -> None:
    deal = deals["over"]
    refused = await deal.open(reason="late")
    assert instant(refused["ended_at"]) == day_after(instant(deal.body["facts"][1]["at"]), 16)
    assert {action["rel"] for action in refused["actions"]} == {"contact-seller", "contact-support"}


async def test_an_amount_above_the_cap_is_told_the_cap(deals: dict[str, Deal]) -> None:
    assert (await deals["two pieces"].open(amount=usd("50.00")))["cap"] == usd("25.00")


async def test_a_payment_to_the_seller_offers_to_report_the_seller(deals: dict[str, Deal]) -> None:
    deal = deals["paid to the seller"]
    actions = {action["rel"]: action["href"] for action in (await deal.open())["actions"]}
    assert actions["report-seller"] == f"/v1/orders/{deal.order_id}/seller-reports"


async def test_an_unauthorised_charge_is_referred_to_the_card_issuer(deals: dict[str, Deal]) -> None:
    assert (await deals["plain"].open(reason="unauthorised_charge"))["referral"] == "card_issuer"


@pytest.mark.parametrize(("order", "way"), [("assured", "request-return"), ("plain", "contact-seller")])
async def test_what_is_merely_unwanted_has_another_way(deals: dict[str, Deal], order: str, way: str) -> None:
    refused = await deals[order].open(reason="change_of_mind")
    assert {action["rel"] for action in refused["actions"]} == {way, "contact-support"}


@pytest.mark.parametrize(
    ("reason", "order", "instead"), [("not_received", "delivered", "wrong_address"), ("counterfeit", "plain", "not_as_described")]
)
async def test_a_reason_that_does_not_fit_suggests_the_one_that_does(deals: dict[str, Deal], reason: str, order: str, instead: str) -> None:
    assert (await deals[order].open(reason=reason))["suggest"] == instead


async def test_chinese_text_is_shown_by_its_positions(deals: dict[str, Deal]) -> None:
    refused = await deals["plain"].open(description="Ça, 商 и — “ñ”，да。ｶ")
    assert [fault["positions"] for fault in refused["errors"]] == [[4, 13, 16, 17]]


BODIES: dict[str, tuple[bytes, int, str]] = {
    "no body": (b"", 400, "malformed_json"),
    "a body that stops": (b'{"order_id": "', 400, "malformed_json"),
    "no JSON": (b"order_id=1", 400, "malformed_json"),
    "two documents": (b"{}{}", 400, "malformed_json"),
    "NaN": (b'{"amount": NaN}', 400, "malformed_json"),
    "bytes that are no UTF-8": (b'{"description": "\xff"}', 400, "malformed_json"),
    "brackets beyond reason": (b"[" * 20_000 + b"]" * 20_000, 400, "malformed_json"),
    "a list": (b"[]", 422, "validation_failed"),
    "a text": (b'"form"', 422, "validation_failed"),
    "null": (b"null", 422, "validation_failed"),
}


@pytest.mark.parametrize("what", BODIES)
async def test_a_body_is_refused_that_is(services: Services, deals: dict[str, Deal], what: str) -> None:
    body, status, code = BODIES[what]
    answer = await sent(deals["plain"], data=body)
    assert answer.refused == (status, code)
    is_one_problem(answer, status, code, [], [fault["pointer"] for fault in answer["errors"]])


LIMIT = 64 * 1024


async def test_a_body_may_have_64_kib_and_no_byte_more(deals: dict[str, Deal]) -> None:
    form = json.dumps(deals["plain"].form(description="")).encode()
    fits = form.replace(b'"description": ""', b'"description": "' + b"x" * (LIMIT - len(form)) + b'"')
    assert len(fits) == LIMIT
    is_one_problem(await sent(deals["plain"], data=fits), 422, "validation_failed", [], ["/description"])
    is_one_problem(await sent(deals["plain"], data=fits + b" "), 413, "too_large")


async def test_a_body_above_64_kib_is_refused_also_when_nobody_told_its_length(deals: dict[str, Deal]) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(9):
            yield b" " * 8192

    refused = await sent(deals["plain"], data=pieces())
    is_one_problem(refused, 413, "too_large")
    assert refused["max_bytes"] == LIMIT


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp"])
async def test_a_body_of_another_content_type_is_refused(deals: dict[str, Deal], kind: str) -> None:
    is_one_problem(await sent(deals["plain"], {"Content-Type": kind}, data=json.dumps(deals["plain"].form())), 415, "unsupported_media_type")


async def test_an_unknown_query_parameter_is_refused_on_commands_and_on_queries(deals: dict[str, Deal]) -> None:
    buyer = deals["plain"].buyer
    for asked in (
        await buyer.post("/v1/disputes?colour=red", deals["plain"].form(), key="key"),
        await buyer.get("/v1/disputes?colour=red"),
        await buyer.get(f"/v1/orders/{deals['plain'].order_id}/status?colour=red"),
        await buyer.get("/v1/refunds?colour=red", service="refund"),
    ):
        is_one_problem(asked, 422, "validation_failed", [], ["/query/colour"])


FORGED: dict[str, list[Any]] = {
    "/v1/disputes": ["no cursor", ["2026-01-01T00:00:00", "x"], ["2026-01-01T00:00:00+00:00", "no\0thing"], ["9999-12-31T23:59:59-12:00", "x"]],
    "/history": [[10**30], [-(10**30)], ["no\0thing"], [None], [True, 1]],
}


@pytest.mark.parametrize("path", FORGED)
async def test_a_cursor_that_no_list_has_given_is_refused(services: Services, disputed: Dispute, path: str) -> None:
    for marks in FORGED[path]:
        cursor = base64.urlsafe_b64encode(json.dumps(marks).encode()).decode().rstrip("=")
        asked = path if path.startswith("/v1") else f"{disputed.path}{path}"
        answer = await services.party("team", "case_team").get(f"{asked}?cursor={cursor}")
        is_one_problem(answer, 422, "validation_failed", [], ["/query/cursor"])


@pytest.mark.parametrize("position", ["-1", "9223372036854775808", "1e3"])
async def test_a_position_that_no_log_has_is_refused(deals: dict[str, Deal], position: str) -> None:
    deal = deals["plain"]
    for path in ("/v1/disputes", f"/v1/orders/{deal.order_id}/status"):
        is_one_problem(await deal.buyer.get(f"{path}?at_least_position={position}"), 422, "validation_failed", [], ["/query/at_least_position"])


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=W10", "status=open", "due_before=today", "due_before=2026-01-01T00:00:00"]
)
async def test_a_query_parameter_that_does_not_fit_is_refused(deals: dict[str, Deal], query: str) -> None:
    is_one_problem(await deals["plain"].buyer.get(f"/v1/disputes?{query}"), 422, "validation_failed", [], [f"/query/{query.partition('=')[0]}"])


async def test_a_method_that_a_path_does_not_know_is_refused_with_those_that_it_knows(services: Services, deals: dict[str, Deal]) -> None:
    for service, method, path, allowed in (
        ("dispute", "DELETE", "/v1/disputes", {"GET", "POST"}),
        ("dispute", "PATCH", f"/v1/orders/{deals['plain'].order_id}", {"PUT"}),
        ("refund", "POST", "/v1/refunds", {"GET"}),
    ):
        refused = await deals["plain"].buyer.send(service, method, path)
        is_one_problem(refused, 405, "method_not_allowed")
        assert allowed <= set(refused.headers["Allow"].split(", "))


async def test_a_path_that_is_none_is_a_problem_too(services: Services) -> None:
    for path in ("/", "/v1", "/v1/disputes/", "/v1/disputes/a/b/c", "/v1/disputes/%00", "/v1/disputes/" + "x" * 201, "/v2/disputes"):
        is_one_problem(await services.shop.get(path), 404, "not_found")


ANSWERS: dict[str, tuple[str, Json | None, str, list[str], list[str]]] = {
    # what: the command, its body, and the refusal: code, rules, places
    "an unknown decision": ("response", {"decision": "maybe"}, "validation_failed", [], ["/decision"]),
    "a counter-offer without an offer (S42)": ("response", {"decision": "counter"}, "validation_failed", ["S42"], ["/solution"]),
    "an acceptance that offers something else": ("response", counter("1.00") | {"decision": "accept"}, "validation_failed", [], ["/solution"]),
    "an offer above the cap": ("response", counter("50.01"), "amount_exceeds_cap", ["S45"], []),
    "an offer of nothing": ("response", counter("0.00"), "validation_failed", ["S45"], ["/solution/amount/amount"]),
    "an offer in another currency": (
        "response",
        {"decision": "counter", "solution": {"type": "refund_only", "amount": {"amount": "5.00", "currency": "EUR"}}},
        "validation_failed",
        ["S45"],
        ["/solution/amount/currency"],
    ),
    "an unknown freight payer": ("response", counter("5.00", freight_payer="nobody"), "validation_failed", [], ["/solution/freight_payer"]),
    "a reason in Chinese (S31)": ("response", {"decision": "reject", "reason": "\u4e0d"}, "validation_failed", ["S31"], ["/reason"]),
    "an address in Chinese (S31)": ("response", counter("5.00", address="\u8857 1"), "validation_failed", ["S31"], ["/solution/address"]),
    "no change at all": ("modification", {}, "validation_failed", [], [""]),
    "a change to nothing": ("modification", {"amount": usd("0.00")}, "validation_failed", ["S45"], ["/amount/amount"]),
    "a change above the cap": ("modification", {"amount": usd("50.01")}, "amount_exceeds_cap", ["S45"], []),
    "a change to Chinese (S31)": ("modification", {"description": "\u4e0d\uff0c"}, "validation_failed", ["S31"], ["/description"]),
    "a change to a change of mind (S13)": ("modification", {"reason": "change_of_mind"}, "reason_not_covered", ["S13"], []),
    "a change to what needs a picture (S30)": ("modification", {"reason": "damaged"}, "evidence_required", ["S30"], []),
    "a change with evidence that nobody uploaded": ("modification", {"evidence": ["evd_1"]}, "validation_failed", ["S30"], ["/evidence/0"]),
    "an acceptance with a body": ("acceptance", {"amount": usd("50.00")}, "validation_failed", [], [""]),
    "a cancellation with an unknown member": ("cancellation", {"why": "so"}, "validation_failed", [], ["/why"]),
    "a cancellation that acknowledges in words": (
        "cancellation",
        {"acknowledge_release": "maybe"},
        "validation_failed",
        [],
        ["/acknowledge_release"],
    ),
}


@pytest.mark.parametrize("what", ANSWERS)
async def test_an_answer_is_refused_for(disputed: Dispute, answered: Dispute, what: str) -> None:
    command, body, code, rules, places = ANSWERS[what]
    dispute, party = (disputed, disputed.deal.seller) if command == "response" else (answered, answered.deal.buyer)
    is_one_problem(await dispute.command(party, command, body), 422, code, rules, places)


RETURNS: dict[str, tuple[str, Json, list[str], list[str]]] = {
    "a parcel without a number": ("shipment", {}, [], ["/tracking_number"]),
    "a parcel with an empty number": ("shipment", {"tracking_number": ""}, [], ["/tracking_number"]),
    "a parcel with a NUL in its number": ("shipment", {"tracking_number": "R\0R"}, [], ["/tracking_number"]),
    "an unknown result": ("inspection", {"result": "perhaps"}, [], ["/result"]),
    "a failure without a fault (T27)": ("inspection", {"result": "fail"}, ["T27"], ["/fault"]),
    "a fault of what passed (T26)": ("inspection", {"result": "pass", "fault": "damaged"}, ["T26"], ["/fault"]),
    "an unknown fault": ("inspection", {"result": "fail", "fault": "ugly"}, [], ["/fault"]),
    "an empty note": ("inspection", {"result": "fail", "fault": "damaged", "note": " "}, [], ["/note"]),
}


@pytest.mark.parametrize("what", RETURNS)
async def test_a_word_about_returned_goods_is_refused_for(sent_back: Dispute, what: str) -> None:
    command, body, rules, places = RETURNS[what]
    party = {"shipment": sent_back.deal.buyer, "inspection": sent_back.deal.seller}[command]
    path = f"/v1/returns/{(await sent_back.show())['return_id']}/{command}"
    is_one_problem(await party.post(path, body, service="return_label"), 422, "validation_failed", rules, places)


ORDERS: dict[str, tuple[Json, int, str, list[str]]] = {
    "no lines": ({"lines": []}, 422, "validation_failed", ["/lines"]),
    "nothing paid": ({"payment": {"method": "visa", "amount": usd("0.00")}}, 422, "validation_failed", [""]),
    "a line in another currency": (
        {"lines": [{"line_id": "1", "price": {"amount": "50.00", "currency": "EUR"}}]},
        422,
        "validation_failed",
        [""],
    ),
    "two lines of one name": ({"lines": [{"line_id": "1", "price": usd("1.00")}] * 2}, 422, "validation_failed", [""]),
    "an unknown programme": ({"programme": "lucky_dip"}, 422, "validation_failed", ["/programme"]),
    "another order's id": ({"order_id": "another"}, 422, "validation_failed", ["/order_id"]),
    "an instant without a zone": ({"placed_at": "2026-01-01T00:00:00"}, 422, "validation_failed", ["/placed_at"]),
    "an unknown fact": ({"facts": [{"type": "eaten", "at": "2026-01-01T00:00:00Z"}]}, 422, "validation_failed", ["/facts/0"]),
    "a NUL in the address": ({"return_address": "here\0"}, 422, "validation_failed", ["/return_address"]),
}


@pytest.mark.parametrize("what", ORDERS)
async def test_an_order_is_refused_for(services: Services, deals: dict[str, Deal], what: str) -> None:
    changes, status, code, places = ORDERS[what]
    order = {name: value for name, value in deals["plain"].body.items() if value is not None} | changes
    is_one_problem(await services.shop.send("dispute", "PUT", f"/v1/orders/{services.new('order')}", json=order), status, code, [], places)


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"])
async def test_an_instant_at_the_end_of_the_calendar_is_no_fault_of_ours(services: Services, deals: dict[str, Deal], moment: str) -> None:
    told = {"type": "shipped", "at": moment}
    answer = await services.shop.post(f"/v1/orders/{deals['not shipped'].order_id}/facts", told)
    is_one_problem(answer, 422, "validation_failed", [], ["/at"])


@pytest.mark.parametrize("name", ["a%20b", "%C3%A4", "a%7Cb", "x" * 65])
async def test_an_order_has_an_id_that_a_form_can_name(services: Services, deals: dict[str, Deal], name: str) -> None:
    answer = await services.shop.send("dispute", "PUT", f"/v1/orders/{name}", json=deals["plain"].body)
    is_one_problem(answer, 422, "validation_failed", [], ["/path/order_id"])


async def test_no_refusal_repeats_what_was_sent(deals: dict[str, Deal]) -> None:
    secret = "a-secret-that-nobody-repeats"
    for changes in ({"amount": usd(secret)}, {"reason": secret}, {"lines": [{"line_id": secret}]}, {"evidence": [secret]}, {"order_id": secret}):
        assert secret not in (await deals["plain"].open(**changes)).raw.decode()


async def sent(deal: Deal, headers: Json | None = None, **body: Any) -> Answer:
    """A form in bytes as they are given."""
    given = {"Content-Type": "application/json", "Idempotency-Key": deal.services.new("key")} | (headers or {})
    return await deal.buyer.send("dispute", "POST", "/v1/disputes", given, **body)


async def test_the_clock_is_where_it_was(services: Services, deals: dict[str, Deal]) -> None:
    before = await now(services)
    answer = await services.send("sandbox", "POST", "/clock", json={"now": (before - timedelta(days=1)).isoformat()})
    is_one_problem(answer, 409, "clock_goes_forwards_only", [], [])
    assert before <= await now(services) < before + DAY
