"""A command that does not fit what it is about is refused by one problem, and leaves no trace in any log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.e2e.client import Json, Services
from tests.e2e.deals import DAY, Deal, Dispute, counter, now, ordered, usd
from tests.e2e.log import Logs, unchanged
from tests.e2e.problem import is_one_problem

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
async def disputed(services: Services) -> Dispute:
    """A dispute that awaits its seller."""
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
async def unshipped(services: Services, disputed: Dispute, answered: Dispute, sent_back: Dispute) -> Deal:
    """An order of which nothing has been told yet; it and all the disputes are at rest."""
    deal = await ordered(services, promised=None, facts={})
    await services.at_rest()
    return deal


@pytest.fixture(autouse=True)
async def nothing_is_recorded(logs: Logs, unshipped: Deal) -> AsyncIterator[None]:
    async with unchanged(logs):
        yield


ANSWERS: dict[str, tuple[str, Json | None, str, list[str], list[str]]] = {
    # what: the command, its body, and the refusal: code, rules, places
    "an unknown decision": ("response", {"decision": "maybe"}, "validation_failed", [], ["/decision"]),
    "a counter-offer without an offer (S42)": (
        "response",
        {"decision": "counter"},
        "validation_failed",
        ["S42"],
        ["/solution"],
    ),
    "an acceptance that offers something else": (
        "response",
        counter("1.00") | {"decision": "accept"},
        "validation_failed",
        ["S40"],
        ["/solution"],
    ),
    "an offer above the cap": ("response", counter("50.01"), "amount_exceeds_cap", ["S45"], []),
    "an offer of nothing": ("response", counter("0.00"), "validation_failed", ["S45"], ["/solution/amount/amount"]),
    "an offer in another currency": (
        "response",
        {"decision": "counter", "solution": {"type": "refund_only", "amount": {"amount": "5.00", "currency": "EUR"}}},
        "validation_failed",
        ["S45"],
        ["/solution/amount/currency"],
    ),
    "an unknown freight payer": (
        "response",
        counter("5.00", freight_payer="nobody"),
        "validation_failed",
        [],
        ["/solution/freight_payer"],
    ),
    "a reason in Chinese (S31)": (
        "response",
        {"decision": "reject", "reason": "\u4e0d"},
        "validation_failed",
        ["S31"],
        ["/reason"],
    ),
    "no change at all": ("modification", {}, "validation_failed", ["S43"], [""]),
    "a change to nothing": ("modification", {"amount": usd("0.00")}, "validation_failed", ["S45"], ["/amount/amount"]),
    "a change above the cap": ("modification", {"amount": usd("50.01")}, "amount_exceeds_cap", ["S45"], []),
    "a change to Chinese (S31)": (
        "modification",
        {"description": "\u4e0d\uff0c"},
        "validation_failed",
        ["S31"],
        ["/description"],
    ),
    "a change to a change of mind (S13)": (
        "modification",
        {"reason": "change_of_mind"},
        "reason_not_covered",
        ["S13"],
        [],
    ),
    "a change to what needs a picture (S30)": ("modification", {"reason": "damaged"}, "evidence_required", ["S30"], []),
    "a change with evidence that nobody uploaded": (
        "modification",
        {"evidence": ["evd_1"]},
        "validation_failed",
        ["S30"],
        ["/evidence/0"],
    ),
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
    warehouse = sent_back.deal.services.party("warehouse-1", "warehouse")
    party = {"shipment": sent_back.deal.buyer, "inspection": warehouse}[command]
    path = f"/v1/returns/{(await sent_back.show())['return_id']}/{command}"
    is_one_problem(await party.post(path, body, service="return_label"), 422, "validation_failed", rules, places)


ORDERS: dict[str, tuple[Json, int, str, list[str]]] = {
    "no lines": ({"lines": []}, 422, "validation_failed", ["/lines"]),
    "nothing paid": ({"payment": {"method": "visa", "amount": usd("0.00")}}, 422, "validation_failed", ["/payment"]),
    "a line in another currency": (
        {"lines": [{"line_id": "1", "price": {"amount": "50.00", "currency": "EUR"}}]},
        422,
        "validation_failed",
        ["/lines/0/price"],
    ),
    "two lines of one name": (
        {"lines": [{"line_id": "1", "price": usd("1.00")}] * 2},
        422,
        "validation_failed",
        ["/lines"],
    ),
    "an unknown programme": ({"programme": "lucky_dip"}, 422, "validation_failed", ["/programme"]),
    "another order's id": ({"order_id": "another"}, 422, "validation_failed", ["/order_id"]),
    "an instant without a zone": ({"placed_at": "2026-01-01T00:00:00"}, 422, "validation_failed", ["/placed_at"]),
    "an unknown fact": (
        {"facts": [{"type": "eaten", "at": "2026-01-01T00:00:00Z"}]},
        422,
        "validation_failed",
        ["/facts/0/type"],
    ),
    "a NUL in the address": ({"return_address": "here\0"}, 422, "validation_failed", ["/return_address"]),
}


@pytest.mark.parametrize("what", ORDERS)
async def test_an_order_is_refused_for(services: Services, unshipped: Deal, what: str) -> None:
    changes, status, code, places = ORDERS[what]
    order = {name: value for name, value in unshipped.body.items() if value is not None} | changes
    is_one_problem(
        await services.shop.send("dispute", "PUT", f"/v1/orders/{services.new('order')}", json=order),
        status,
        code,
        ["S102"] if what == "an unknown programme" else [],
        places,
    )


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"])
async def test_an_instant_at_the_end_of_the_calendar_is_no_fault_of_ours(
    services: Services, unshipped: Deal, moment: str
) -> None:
    told = {"type": "shipped", "at": moment}
    answer = await services.shop.post(f"/v1/orders/{unshipped.order_id}/facts", told)
    is_one_problem(answer, 422, "validation_failed", [], ["/at"])


@pytest.mark.parametrize("name", ["a%20%20b", "%FF", "a%E2%80%AEb", "x" * 256])
async def test_an_order_has_an_id_that_a_form_can_name(services: Services, unshipped: Deal, name: str) -> None:
    answer = await services.shop.send("dispute", "PUT", f"/v1/orders/{name}", json=unshipped.body)
    is_one_problem(answer, 404, "not_found", [], [])


async def test_the_clock_is_where_it_was(services: Services, unshipped: Deal) -> None:
    before = await now(services)
    answer = await services.send("sandbox", "POST", "/clock", json={"now": (before - timedelta(days=1)).isoformat()})
    is_one_problem(answer, 409, "clock_goes_forwards_only", [], [])
    assert before <= await now(services) < before + DAY
