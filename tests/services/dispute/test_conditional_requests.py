"""An order that must not be there yet is refused where it is, and nowhere else (RFC 9110, 13.1.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.cases.plugin import Came
from tests.support.servers.in_memory import InMemory, came_of, in_memory, order_body
from tests.support.servers.in_memory_disputes import open_late

NEW = {"If-None-Match": "*"}


@pytest.fixture
async def service() -> AsyncIterator[InMemory]:
    async with in_memory("dispute") as service:
        yield service


@pytest.mark.case(
    "B06+8",
    given="PUT with If-None-Match: * of a new order, again, with another body; again without it",
    right="201 412 412 200",
)
async def test_an_order_is_new_where_it_must_be(service: InMemory, came: Came) -> None:
    async def put(headers: dict[str, str], **changed: str) -> str:
        body = order_body(placed_at="2026-11-01T00:00:00Z", **changed)
        return came_of(await service.ask("PUT", "/v1/orders/o1", body=body, headers=headers)).partition(" ")[0]

    came(" ".join([await put(NEW), await put(NEW), await put(NEW, buyer_id="another"), await put({})]))


async def test_a_repeat_of_the_same_command_is_the_same_answer(service: InMemory) -> None:
    body = order_body()
    first, again = [await service.ask("PUT", "/v1/orders/o1", body=body, key="k", headers=NEW) for _ in range(2)]
    assert (first.status_code, again.headers["idempotent-replayed"], again.json()) == (201, "true", first.json())


async def test_a_fact_that_came_first_is_no_order(service: InMemory) -> None:
    at = order_body()["placed_at"]
    assert (await service.fact("o1", type="shipped", at=at)).status_code == 200
    answer = await service.ask("PUT", "/v1/orders/o1", body=order_body(), headers=NEW)
    assert came_of(answer) == "201"


@pytest.mark.case(
    "B06+9",
    given="PUT of a known order tried by dry_run with If-None-Match: *, and with its ETag",
    right="412 version_conflict, 412 version_conflict",
)
async def test_a_dry_run_meets_the_same_condition(service: InMemory, came: Came) -> None:
    tag = (await service.ask("PUT", "/v1/orders/o1", body=order_body())).headers["etag"]
    conditions = (NEW, {"If-None-Match": tag})
    path = "/v1/orders/o1?dry_run=true"
    answers = [await service.ask("PUT", path, body=order_body(), headers=each) for each in conditions]
    came(", ".join(map(came_of, answers)))


async def test_a_dry_run_of_a_new_order_tells_what_would_be_appended_and_appends_nothing(service: InMemory) -> None:
    answer = await service.ask("PUT", "/v1/orders/o1?dry_run=true", body=order_body())
    types = [event["type"] for event in answer.json()["events"]]
    assert (came_of(answer), types) == ("200", ["makewhole.OrderRegistered.v1", "makewhole.OrderPaid.v1"])
    assert (await service.ask("PUT", "/v1/orders/o1", body=order_body())).status_code == 201


@pytest.mark.case(
    "B06+10",
    given="PUT again with If-None-Match: the ETag, weak, in a list; others; what is no list",
    right="412 412 412 200 422",
)
async def test_an_order_is_at_none_of_these_versions(service: InMemory, came: Came) -> None:
    body = order_body()
    tag = (await service.ask("PUT", "/v1/orders/o1", body=body)).headers["etag"]
    tags = [tag, f"W/{tag}", f'"9", {tag}', '"9", "8"', "garbage"]
    answers = [await service.ask("PUT", "/v1/orders/o1", body=body, headers={"If-None-Match": each}) for each in tags]
    assert came_of(answers[-1]) == "422 validation_failed /header/If-None-Match"
    came(" ".join(str(answer.status_code) for answer in answers))


@pytest.mark.case(
    "B06+11",
    given="PUT again with If-Match: the ETag, *, in a list; weak, another; of a new order: *, after a fact: its tag",
    right="200 200 200 412 412 412 412",
)
async def test_an_order_is_at_one_of_these_versions(service: InMemory, came: Came) -> None:
    body = order_body()
    tag = (await service.ask("PUT", "/v1/orders/o1", body=body)).headers["etag"]
    told = (await service.fact("o3", type="shipped", at=body["placed_at"])).headers["etag"]
    asked = [("o1", each) for each in (tag, "*", f'"9", {tag}', f"W/{tag}", '"9"')] + [("o2", "*"), ("o3", told)]
    answers = [await service.ask("PUT", f"/v1/orders/{name}", body=body, seen=seen) for name, seen in asked]
    came(" ".join(str(answer.status_code) for answer in answers))


@pytest.mark.case(
    "B06+12",
    given="a fact of what is there with If-None-Match: *, its version beside If-Match, another; of a new order: *",
    right="412 412 200 200",
)
@pytest.mark.parametrize("way", ["", "?dry_run=true"])
async def test_a_command_on_what_is_there_meets_the_condition_too(service: InMemory, came: Came, way: str) -> None:
    at = order_body()["placed_at"]
    tag = (await service.fact("o1", type="shipped", at=at)).headers["etag"]
    asked = [("o1", "*", None), ("o1", tag, tag), ("o1", '"9"', None), ("o2", "*", None)]
    answers = [
        await service.ask(
            "POST",
            f"/v1/orders/{name}/facts{way}",
            body={"type": "delivered", "at": at},
            headers={"If-None-Match": unwanted},
            seen=seen,
        )
        for name, unwanted, seen in asked
    ]
    assert came_of(answers[0]).startswith("412 version_conflict")
    came(" ".join(str(answer.status_code) for answer in answers))


async def test_what_is_refused_because_it_is_there_names_no_event_as_recorded_since(service: InMemory) -> None:
    at = order_body()["placed_at"]
    first = (await service.fact("o1", type="shipped", at=at)).headers["etag"]
    now = (await service.fact("o1", type="delivered", at=at)).headers["etag"]
    told = {"type": "finished", "at": at}

    async def since(unwanted: str, seen: str = "") -> list[int]:
        headers = {"If-None-Match": unwanted}
        answer = await service.ask("POST", "/v1/orders/o1/facts", body=told, headers=headers, seen=seen)
        assert came_of(answer) == "412 version_conflict"
        return [event["version"] for event in answer.json()["events"]]

    assert [await since("*"), await since(now), await since(now, now), await since("*", "*")] == [[]] * 4
    assert [await since(now, first), await since('"9"', first), await since(now, '"9"')] == [[2], [2], []]


async def test_the_condition_tells_nobody_that_there_is_what_is_not_theirs(service: InMemory) -> None:
    path = await open_late(service, "unwanted")
    body = {"decision": "accept"}
    told = [
        came_of(
            await service.ask(
                "POST", f"{each}/response", role="seller", sub="another", body=body, headers=NEW, seen="*"
            )
        )
        for each in (path, f"{path}x")
    ]
    assert told == ["404 not_found"] * 2
