"""Lists: whose they are, page by page, and as new as the caller needs them."""

from __future__ import annotations

import pytest

from tests.e2e.client import Json, Party, Services
from tests.e2e.deals import Dispute, counter, day_after, instant, ordered, usd
from tests.e2e.problem import is_one_problem

pytestmark = pytest.mark.e2e

MANY = 7


@pytest.fixture(scope="module")
async def disputes(services: Services) -> list[Dispute]:
    """Disputes of one buyer with one seller, the oldest first; the first one is answered, the second cancelled."""
    parties: Json = {"buyer_id": services.new("buyer"), "seller_id": services.new("seller")}
    made = [await (await ordered(services, **parties)).opened() for _ in range(MANY)]
    await made[0].respond(counter("20.00"))
    (await made[1].cancel()).ok()
    await services.at_rest()
    return made


async def pages(party: Party, path: str, service: str = "dispute") -> list[list[Json]]:
    """Every page of a list, by its cursors."""
    found, cursor = [], ""
    while True:
        page = (await party.get(f"{path}{cursor}", service)).ok()
        assert page.body.keys() == {"data", "next_cursor"}
        found.append(page["data"])
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


@pytest.mark.parametrize(("limit", "sizes"), [(3, [3, 3, 1]), (MANY, [MANY]), (1, [1] * MANY), (100, [MANY])])
async def test_both_parties_see_their_disputes_the_newest_first_page_by_page(
    disputes: list[Dispute], limit: int, sizes: list[int]
) -> None:
    for party in (disputes[0].deal.buyer, disputes[0].deal.seller):
        found = await pages(party, f"/v1/disputes?limit={limit}")
        assert [len(page) for page in found] == sizes
        assert [row["id"] for page in found for row in page] == [dispute.id for dispute in reversed(disputes)]


async def test_a_row_says_how_its_dispute_stands(disputes: list[Dispute]) -> None:
    rows = {row["id"]: row for (page) in await pages(disputes[0].deal.buyer, "/v1/disputes?limit=100") for row in page}
    for dispute in disputes:
        shown, row = await dispute.show(), rows[dispute.id]
        assert row == {name: shown[name] for name in row}
        assert row["due_at"] == (shown["deadlines"][0]["due_at"] if shown["deadlines"] else None)
        assert (row["amount"], row["href"]) == (usd("50.00"), dispute.path)


async def test_a_list_is_filtered_by_state_by_order_and_by_what_is_due(disputes: list[Dispute]) -> None:
    buyer, due = (
        disputes[0].deal.buyer,
        day_after(instant((await disputes[2].show())["opened_at"]), 6).isoformat().replace("+00:00", "Z"),
    )
    expected = {
        "state=awaiting_buyer": [0],
        "state=closed": [1],
        "state=agreed": [],
        f"order_id={disputes[4].deal.order_id}": [4],
        "order_id=another": [],
        f"due_before={due}": [],
        f"due_before={due.replace('.000000', '')[:-1]}.000001Z": [6, 5, 4, 3, 2, 0],
        "state=awaiting_seller&limit=2": [6, 5, 4, 3, 2],
    }
    for query, places in expected.items():
        found = [row["id"] for page in await pages(buyer, f"/v1/disputes?{query}") for row in page]
        assert found == [disputes[place].id for place in places], query


async def test_the_case_team_sees_everybodys_disputes(disputes: list[Dispute], services: Services) -> None:
    team = services.party("team", "case_team")
    for dispute in disputes:
        assert [
            row["id"] for row in (await team.get(f"/v1/disputes?order_id={dispute.deal.order_id}")).ok()["data"]
        ] == [dispute.id]


async def test_a_history_comes_page_by_page_in_order(disputes: list[Dispute]) -> None:
    whole = await disputes[0].history()
    found = await pages(disputes[0].deal.seller, f"{disputes[0].path}/history?limit=2")
    assert [len(page) for page in found] == [2, 1]
    assert [entry for page in found for entry in page] == whole
    assert [entry["version"] for entry in whole] == [1, 2, 3]


async def test_refunds_come_page_by_page_the_newest_first(services: Services) -> None:
    parties: Json = {"buyer_id": services.new("buyer"), "seller_id": services.new("seller")}
    refunds = []
    for _ in range(3):
        dispute = await (await ordered(services, **parties)).opened()
        await dispute.respond({"decision": "accept"})
        refunds.append((await dispute.closed())["refunds"][0]["id"])
    await services.at_rest()
    for party in (dispute.deal.buyer, dispute.deal.seller):
        found = await pages(party, "/v1/refunds?limit=2", "refund")
        assert [len(page) for page in found] == [2, 1]
        assert [row["id"] for page in found for row in page] == refunds[::-1]
    (one,) = (await party.get(f"/v1/refunds?dispute_id={dispute.id}", "refund")).ok()["data"]
    assert (one["id"], one["state"]) == (refunds[-1], "issued")


async def test_a_list_that_waits_for_a_position_shows_what_was_just_done(services: Services) -> None:
    for _ in range(10):
        deal = await ordered(services)
        opened = (await deal.open()).ok(201)
        rows = (await deal.buyer.read(f"/v1/disputes?at_least_position={opened.position}")).ok()["data"]
        assert [row["id"] for row in rows] == [opened["id"]]
        assert (await deal.status(at_least=opened.position)).ok()["open_dispute"] == opened["id"]
        history = (
            await deal.buyer.read(f"/v1/disputes/{opened['id']}/history?at_least_position={opened.position}")
        ).ok()["data"]
        assert [entry["action"] for entry in history] == ["dispute_opened"]


async def test_a_position_that_does_not_come_is_told_to_be_behind(disputes: list[Dispute]) -> None:
    answer = await disputes[0].deal.buyer.get("/v1/disputes?at_least_position=0.1000000000")
    is_one_problem(answer, 503, "projection_behind")
    assert int(answer.headers["Retry-After"]) >= 1
