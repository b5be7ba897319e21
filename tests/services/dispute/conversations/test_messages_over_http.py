"""Messages over HTTP: what is written at the same instant, on a stale version, or beside what ends the dispute."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.servers.in_memory import InMemory, came_of, in_memory, usd
from tests.support.servers.in_memory_disputes import command, open_late

pytestmark = pytest.mark.unit

SAID = {"text": "Is there a number?"}
COUNTER = {"decision": "counter", "solution": {"type": "refund_only", "amount": usd("20.00")}}
EXCHANGE = {"decision": "counter", "solution": {"type": "exchange", "amount": usd("0.00")}}


@pytest.fixture(scope="module")
async def service() -> AsyncIterator[InMemory]:
    async with in_memory("dispute") as service:
        yield service


async def listed(service: InMemory, path: str, role: str, query: str = "") -> Any:
    answer = await service.ask("GET", f"{path}/messages{query}", role=role)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_s44_all_that_is_written_at_once_is_taken_and_makes_no_if_match_stale(service: InMemory) -> None:
    path = await open_late(service, "at-once")
    tag = (await service.ask("GET", path, role="seller")).headers["etag"]
    writers = ("buyer", "seller", "case_team")
    answers = await asyncio.gather(
        *(service.ask("POST", f"{path}/messages", role=role, body=SAID, seen=tag) for role in writers)
    )
    assert [answer.status_code for answer in answers] == [201] * 3
    assert {answer.headers["location"] for answer in answers} == {f"{path}/messages"}
    answer = await service.ask("POST", f"{path}/response", role="seller", body=COUNTER, seen=tag)
    assert (answer.status_code, answer.json()["messages"]["count"]) == (200, 3)
    assert {row["by"] for row in (await listed(service, path, "seller"))["data"]} == set(writers)


async def test_s44_a_message_on_what_has_moved_is_refused_and_moves_nothing(service: InMemory) -> None:
    path = await open_late(service, "stale")
    tag = (await service.ask("GET", path, role="buyer")).headers["etag"]
    assert (await command(service, "seller", f"{path}/response", COUNTER)).status_code == 200
    refused = await service.ask("POST", f"{path}/messages", role="buyer", body=SAID, seen=tag)
    assert came_of(refused) == "412 version_conflict"
    assert (await listed(service, path, "buyer"))["data"] == []


async def test_s44_i2_of_a_message_and_the_end_at_once_the_first_one_decides(service: InMemory) -> None:
    path = await open_late(service, "end")
    said, ended = await asyncio.gather(
        service.ask("POST", f"{path}/messages", role="seller", body=SAID),
        service.ask("POST", f"{path}/cancellation", role="buyer", body={}),
    )
    assert ended.status_code == 200
    assert came_of(said) in ("201", "409 wrong_phase")
    after = await service.ask("POST", f"{path}/messages", role="seller", body=SAID)
    assert came_of(after) == "409 wrong_phase"
    assert len((await listed(service, path, "buyer"))["data"]) == (said.status_code == 201)


async def test_s44_the_list_comes_page_by_page_with_what_concerns_its_reader(service: InMemory) -> None:
    path = await open_late(service, "pages")
    for to in ("all", "case_team", "seller", "all"):
        answer = await service.ask("POST", f"{path}/messages", role="buyer", body={**SAID, "to": to})
        assert answer.status_code == 201
    found, query = [], "?limit=2"
    while query:
        page = await listed(service, path, "seller", query)
        found += page["data"]
        query = page["next_cursor"] and f"?limit=2&cursor={page['next_cursor']}"
    assert [row["to"] for row in found] == ["all", "seller", "all"]
    assert [row["to"] for row in (await listed(service, path, "case_team"))["data"]] == [
        *("all", "case_team", "seller", "all")
    ]
    shown = (await service.ask("GET", path, role="seller")).json()["messages"]
    assert shown == {"href": f"{path}/messages", "count": 3, "last_at": found[-1]["at"]}


async def test_s44_what_changed_nothing_counts_all_that_was_written(service: InMemory) -> None:
    path = await open_late(service, "count")
    await command(service, "seller", f"{path}/response", EXCHANGE)
    await command(service, "buyer", f"{path}/acceptance")
    parcel = f"{path}/replacement-shipment", {"tracking_number": "RR1ES"}
    counts = []
    for _ in range(2):
        counts.append((await command(service, "seller", *parcel)).json()["messages"]["count"])
        await service.ask("POST", f"{path}/messages", role="seller", body=SAID)
    assert counts == [0, 1]
