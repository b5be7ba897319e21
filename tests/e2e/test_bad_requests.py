"""What is no request at all is refused by one problem, at the edge, and leaves no trace in any log."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.e2e.client import Answer, Json, Services
from tests.e2e.deals import Deal, Dispute, ordered
from tests.e2e.log import Logs, unchanged
from tests.e2e.problem import is_one_problem

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
async def deal(services: Services) -> Deal:
    """An order that may be disputed, and is not."""
    return await ordered(services)


@pytest.fixture(scope="module")
async def disputed(services: Services, deal: Deal) -> Dispute:
    """A dispute, for what is asked of one."""
    dispute = await (await ordered(services)).opened()
    await services.at_rest()
    return dispute


@pytest.fixture(autouse=True)
async def nothing_is_recorded(logs: Logs, disputed: Dispute) -> AsyncIterator[None]:
    async with unchanged(logs):
        yield


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
async def test_a_body_is_refused_that_is(services: Services, deal: Deal, what: str) -> None:
    body, status, code = BODIES[what]
    answer = await sent(deal, data=body)
    assert answer.refused == (status, code)
    is_one_problem(answer, status, code, [], [fault["pointer"] for fault in answer["errors"]])


LIMIT = 64 * 1024


async def test_a_body_may_have_64_kib_and_no_byte_more(deal: Deal) -> None:
    form = json.dumps(deal.form(description="")).encode()
    fits = form.replace(b'"description": ""', b'"description": "' + b"x" * (LIMIT - len(form)) + b'"')
    assert len(fits) == LIMIT
    is_one_problem(await sent(deal, data=fits), 422, "validation_failed", [], ["/description"])
    is_one_problem(await sent(deal, data=fits + b" "), 413, "too_large")


async def test_a_body_above_64_kib_is_refused_also_when_nobody_told_its_length(deal: Deal) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(9):
            yield b" " * 8192

    refused = await sent(deal, data=pieces())
    is_one_problem(refused, 413, "too_large")
    assert refused["max_bytes"] == LIMIT


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp"]
)
async def test_a_body_of_another_content_type_is_refused(deal: Deal, kind: str) -> None:
    is_one_problem(
        await sent(deal, {"Content-Type": kind}, data=json.dumps(deal.form())), 415, "unsupported_media_type"
    )


async def test_an_unknown_query_parameter_is_refused_on_commands_and_on_queries(deal: Deal) -> None:
    buyer = deal.buyer
    for asked in (
        await buyer.post("/v1/disputes?colour=red", deal.form(), key="key"),
        await buyer.get("/v1/disputes?colour=red"),
        await buyer.get(f"/v1/orders/{deal.order_id}/status?colour=red"),
        await buyer.get("/v1/refunds?colour=red", service="refund"),
    ):
        is_one_problem(asked, 422, "validation_failed", [], ["/query/colour"])


FORGED: dict[str, list[Any]] = {
    "/v1/disputes": [
        "no cursor",
        ["2026-01-01T00:00:00", "x"],
        ["2026-01-01T00:00:00+00:00", "no\0thing"],
        ["9999-12-31T23:59:59-12:00", "x"],
    ],
    "/history": [[10**30], [-(10**30)], ["no\0thing"], [None], [True, 1]],
}


@pytest.mark.parametrize("path", FORGED)
async def test_a_cursor_that_no_list_has_given_is_refused(services: Services, disputed: Dispute, path: str) -> None:
    for marks in FORGED[path]:
        cursor = base64.urlsafe_b64encode(json.dumps(marks).encode()).decode().rstrip("=")
        asked = path if path.startswith("/v1") else f"{disputed.path}{path}"
        answer = await services.party("team", "case_team").get(f"{asked}?cursor={cursor}")
        is_one_problem(answer, 422, "validation_failed", [], ["/query/cursor"])


@pytest.mark.parametrize("position", ["-1", "7", "0.9223372036854775808", "0.1e3", "3072.1", "01.1", "1.", "0.-1"])
async def test_a_position_that_no_command_was_answered_with_is_refused(deal: Deal, position: str) -> None:
    for path in ("/v1/disputes", f"/v1/orders/{deal.order_id}/status"):
        is_one_problem(
            await deal.buyer.get(f"{path}?at_least_position={position}"),
            422,
            "validation_failed",
            [],
            ["/query/at_least_position"],
        )


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "cursor=x",
        "cursor=W10",
        "state=open",
        "due_before=today",
        "due_before=2026-01-01T00:00:00",
    ],
)
async def test_a_query_parameter_that_does_not_fit_is_refused(deal: Deal, query: str) -> None:
    is_one_problem(
        await deal.buyer.get(f"/v1/disputes?{query}"),
        422,
        "validation_failed",
        [],
        [f"/query/{query.partition('=')[0]}"],
    )


async def test_a_method_that_a_path_does_not_know_is_refused_with_those_that_it_knows(
    services: Services, deal: Deal
) -> None:
    for service, method, path, allowed in (
        ("dispute", "DELETE", "/v1/disputes", {"GET", "POST"}),
        ("dispute", "PATCH", f"/v1/orders/{deal.order_id}", {"PUT"}),
        ("refund", "POST", "/v1/refunds", {"GET"}),
    ):
        refused = await deal.buyer.send(service, method, path)
        is_one_problem(refused, 405, "method_not_allowed")
        assert allowed <= set(refused.headers["Allow"].split(", "))


async def test_a_path_that_is_none_is_a_problem_too(services: Services) -> None:
    for path in (
        "/",
        "/v1",
        "/v1/disputes/",
        "/v1/disputes/a/b/c",
        "/v1/disputes/%00",
        "/v1/disputes/" + "x" * 201,
        "/v2/disputes",
    ):
        is_one_problem(await services.shop.get(path), 404, "not_found")


async def sent(deal: Deal, headers: Json | None = None, **body: Any) -> Answer:
    """A form in bytes as they are given."""
    given = {"Content-Type": "application/json", "Idempotency-Key": deal.services.new("key")} | (headers or {})
    return await deal.buyer.send("dispute", "POST", "/v1/disputes", given, **body)
