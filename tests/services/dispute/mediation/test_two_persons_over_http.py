"""Two persons over HTTP: 202 for the first, and the second one's word on the same route."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.events.base import wire_time
from shared.process.clock import SystemClock
from tests.support.servers.in_memory import InMemory, came_of, in_memory, usd

LIMITED = """
programme = "corner_shop"
version = 1
title = "Above 20 dollars two decide"

[protection]
days = 60

[decision]
two_person_amount = [{ amount = "20.00", currency = "USD" }]
"""
NOW = SystemClock().now()
KEYS = count()
SPLIT: dict[str, Any] = {
    "outcome": "split",
    "type": "refund_only",
    "lines": [{"line_id": "1", "amount": usd("30.00")}],
    "rules": ["S2"],
    "weights": {},
    "text": "It came, and late.",
}
FORM: dict[str, Any] = {
    "order_id": "o1",
    "lines": [{"line_id": "1", "quantity": 1}],
    "reason": "late",
    "type": "refund_only",
    "amount": usd("50.00"),
    "description": "Too late.",
}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[InMemory]:
    """A dispute under review, of an order with these terms."""
    (tmp_path / "corner_shop.toml").write_text(LIMITED)
    told = [{"type": "shipped", "at": wire_time(NOW - timedelta(days=25))}]
    told += [{"type": "delivered", "at": wire_time(NOW - timedelta(days=20))}]
    async with in_memory("dispute", programmes=tmp_path) as service:
        placed = {"placed_at": wire_time(NOW - timedelta(days=30)), "facts": told, "programme": "corner_shop"}
        assert (await service.order("o1", **placed)).status_code == 201
        yield service


async def sent(service: InMemory, who: str, path: str, body: Any, **more: Any) -> httpx.Response:
    """A command of somebody who has just looked."""
    role = {"bea": "case_team", "ben": "case_team", "sue": "support"}.get(who, who.partition("-")[0])
    seen = (await service.ask("GET", path.rpartition("/")[0], role=role, sub=who)).headers["etag"]
    sending = {"body": body, "seen": seen, "key": f"key-{next(KEYS)}", **more}
    return await service.ask("POST", path, role=role, sub=who, **sending)


async def under_review(service: InMemory) -> str:
    opened = await service.ask("POST", "/v1/disputes", role="buyer", sub="buyer-1", body=FORM, key="open")
    assert opened.status_code == 201, opened.text
    path = f"/v1/disputes/{opened.json()['id']}"
    for who, what, body in (
        ("seller-1", "response", {"decision": "reject"}),
        ("buyer-1", "escalation", None),
        ("buyer-1", "statement", {"complete": True}),
        ("seller-1", "statement", {"complete": True}),
    ):
        done = await sent(service, who, f"{path}/{what}", body)
        assert done.status_code == 200, done.text
    return path


async def test_t15_g15_the_first_is_answered_202_and_the_second_decides(service: InMemory) -> None:
    path = await under_review(service)
    first = await sent(service, "bea", f"{path}/decision", SPLIT, key="first")
    assert (first.status_code, first.json()["state"]) == (202, "under_review")
    again = await sent(service, "bea", f"{path}/decision", SPLIT, key="first")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (202, "true")
    (made,) = first.json()["proposals"]
    assert (made["kind"], made["by"], made["body"]["amount"]) == ("decision", "bea", usd("30.00"))
    assert (await service.ask("GET", path, role="buyer", sub="buyer-1")).json()["proposals"] == []
    yes = {"agree": made["id"]}
    assert came_of(await sent(service, "bea", f"{path}/decision", yes)) == "403 same_reviewer"
    assert came_of(await sent(service, "ben", f"{path}/decision", {"agree": "prp_0"})) == "409 wrong_phase"
    unseen = await service.ask("POST", f"{path}/decision", role="case_team", sub="ben", body=yes, key="unseen")
    assert came_of(unseen) == "428 if_match_required"
    second = await sent(service, "ben", f"{path}/decision", yes)
    assert (second.status_code, second.json()["state"], second.json()["proposals"]) == (200, "decided", [])
    assert second.json()["result"]["amount"] == usd("30.00")


async def test_t15_who_declines_is_heard(service: InMemory) -> None:
    path = await under_review(service)
    (made,) = (await sent(service, "bea", f"{path}/decision", SPLIT)).json()["proposals"]
    no = await sent(service, "ben", f"{path}/decision", {"decline": made["id"], "reason": "Not so."})
    assert (no.status_code, no.json()["proposals"], no.json()["state"]) == (200, [], "under_review")


async def test_g8_a_refused_version_names_to_a_party_no_step_that_is_the_teams_own(service: InMemory) -> None:
    path = await under_review(service)
    seen = (await service.ask("GET", path, role="buyer", sub="buyer-1")).headers["etag"]
    assert (await sent(service, "bea", f"{path}/claim", None)).status_code == 200
    assert (await sent(service, "bea", f"{path}/decision", SPLIT)).status_code == 202
    told = {}
    for role, who, what, body in (
        ("buyer", "buyer-1", "acceptance", None),
        ("seller", "seller-1", "response", {"decision": "accept"}),
        ("case_team", "ben", "decision", SPLIT),
    ):
        late = await service.ask("POST", f"{path}/{what}", role=role, sub=who, body=body, seen=seen, key=f"late-{who}")
        assert came_of(late) == "412 version_conflict"
        told[who] = [event["type"] for event in late.json()["events"]]
        assert late.json()["current_version"] == 11
    inside = ["makewhole.CaseClaimed.v1", "makewhole.ProposalMade.v1"]
    assert told == {"buyer-1": [], "seller-1": [], "ben": inside}


@pytest.mark.parametrize(
    ("body", "came"),
    [
        ({"decline": "prp_0"}, "422 validation_failed /reason"),
        ({"agree": 7}, "422 validation_failed /agree"),
        ({"agree": "prp_0", "text": "and more"}, "422 validation_failed /text"),
        ({"decline": "prp_0", "reason": "中"}, "409 wrong_phase"),
        ({**SPLIT, "lines": [{"line_id": "1"}]}, "422 validation_failed /lines/0/amount"),
        ({}, "422 validation_failed /outcome"),
    ],
)
async def test_the_three_bodies_of_one_route_are_told_apart(service: InMemory, body: Any, came: str) -> None:
    assert came_of(await sent(service, "bea", f"{await under_review(service)}/decision", body)) == came


FORCED = {**SPLIT, "action": "decide", "ticket": "CASE-4711", "reason": "The carrier has found it."}
CLOSING = {"action": "close", "ticket": "CASE-4711", "reason": "It is about another order."}


async def test_t37_support_proposes_in_any_state_and_another_one_agrees_who_has_looked(service: InMemory) -> None:
    opened = await service.ask("POST", "/v1/disputes", role="buyer", sub="buyer-1", body=FORM, key="open")
    path = f"/v1/disputes/{opened.json()['id']}"
    first = await service.ask("POST", f"{path}/override", role="support", sub="sue", body=FORCED, key="first")
    assert (first.status_code, first.json()["state"]) == (202, "awaiting_seller")
    (made,) = first.json()["proposals"]
    assert (made["kind"], made["override"]["ticket"]) == ("override", "CASE-4711")
    yes = {"agree": made["id"]}
    assert came_of(await sent(service, "sue", f"{path}/override", yes)) == "403 same_reviewer"
    unseen = await service.ask("POST", f"{path}/override", role="support", sub="tim", body=yes, key="unseen")
    assert came_of(unseen) == "428 if_match_required"
    second = await sent(service, "support-2", f"{path}/override", yes)
    assert (second.status_code, second.json()["state"], second.json()["proposals"]) == (200, "decided", [])
    (decision,) = second.json()["decisions"]
    receipt = await service.ask("GET", decision["receipt"]["href"], role="buyer", sub="buyer-1")
    assert (receipt.json()["kind"], receipt.json()["decided_by"]) == (
        "support_override",
        {"role": "support", "person": None, "agreed_by": None},
    )
    own = await service.ask("GET", decision["receipt"]["href"], role="support", sub="tim")
    assert own.json()["decided_by"] == {"role": "support", "person": "sue", "agreed_by": "support-2"}
    again = await service.ask("GET", f"{decision['receipt']['href']}/recomputation", role="buyer", sub="buyer-1")
    assert again.json()["same"]


@pytest.mark.parametrize(
    ("body", "came"),
    [
        ({"action": "rewind", "ticket": "1", "reason": "So."}, "422 validation_failed /action"),
        ({**CLOSING, "ticket": "two words"}, "422 validation_failed /ticket"),
        ({**CLOSING, "rules": ["S2"]}, "422 validation_failed /rules"),
        ({"action": "close", "ticket": "1"}, "422 validation_failed /reason"),
        ({"action": "decide", "ticket": "1", "reason": "So."}, "422 validation_failed /text"),
        ({}, "422 validation_failed /ticket"),
    ],
)
async def test_t37_its_bodies_are_told_apart(service: InMemory, body: Any, came: str) -> None:
    path = await under_review(service)
    assert came_of(await sent(service, "sue", f"{path}/override", body)) == came


async def test_t37_what_was_opened_by_mistake_is_closed_by_two(service: InMemory) -> None:
    path = await under_review(service)
    (made,) = (await sent(service, "sue", f"{path}/override", CLOSING)).json()["proposals"]
    assert made["body"] is None
    closed = await sent(service, "support-2", f"{path}/override", {"agree": made["id"]})
    assert (closed.json()["state"], closed.json()["result"]["reason"]) == ("closed", "erroneous")
