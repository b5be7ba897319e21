"""Faults on demand: what the payment provider does wrong when a test asks for it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from tests.support.servers.sandbox import Served
from tests.support.servers.stack import LIMIT, eventually


async def gives_up(provider: Served, order: str, key: str, when: Callable[[], Awaitable[bool]]) -> None:
    """A refund by a client that gives up once the provider has come so far."""
    asking = asyncio.create_task(provider.refund(order, "4.00", key))
    await eventually(when)
    asking.cancel()
    await asyncio.wait({asking})


async def has_fired(provider: Served) -> bool:
    """The fault that is armed has met its request."""
    return bool((await provider.get("/faults")).body["data"][0]["fired"])


async def is_booked(provider: Served, order: str) -> bool:
    """The order's refund stands beside its capture."""
    return len(await provider.ledger(order_id=order)) == 2


async def test_timeout_before_has_no_effect(provider: Served, o1: str) -> None:
    await provider.capture(o1, "10.00")
    await provider.post("/faults", {"on": "refund", "fault": "timeout_before"})
    await gives_up(provider, o1, f"{o1}-1/0", partial(has_fired, provider))
    assert (await provider.get("/psp/refunds", idempotency_key=f"{o1}-1/0")).body == {"data": []}
    assert (await provider.refund(o1, "4.00", f"{o1}-1/0")).status == 201


async def test_timeout_after_has_its_effect_and_the_repeat_learns_of_it(provider: Served, o1: str) -> None:
    await provider.capture(o1, "10.00")
    await provider.post("/faults", {"on": "refund", "fault": "timeout_after"})
    await gives_up(provider, o1, f"{o1}-1/0", partial(is_booked, provider, o1))
    again = await provider.refund(o1, "4.00", f"{o1}-1/0")
    assert (again.status, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert len(await provider.ledger(order_id=o1)) == 2


async def test_error_after_answers_500_though_the_money_went(provider: Served, o1: str) -> None:
    await provider.capture(o1, "10.00")
    await provider.post("/faults", {"on": "refund", "fault": "error_after", "times": 2})
    assert [(await provider.refund(o1, "4.00", f"{o1}-1/0")).status for _ in range(3)] == [500, 500, 201]
    assert len(await provider.ledger(order_id=o1)) == 2


async def test_a_client_that_stays_is_told_at_last_that_nobody_knows(provider: Served, o1: str) -> None:
    await provider.post("/faults", {"on": "capture", "fault": "timeout_after", "seconds": 0.2})
    held = await provider.capture(o1, "10.00")
    assert (held.status, held.body["code"]) == (503, "outcome_unknown")
    assert len(await provider.ledger(order_id=o1)) == 1


async def test_a_held_request_ends_when_the_process_is_about_to(
    provider: Served, o1: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.faults.faults.LONGEST", 3600.0)
    await provider.post("/faults", {"on": "capture", "fault": "timeout_before"})
    held = asyncio.create_task(provider.capture(o1, "10.00"))
    await eventually(partial(has_fired, provider))
    provider.app.draining.set()
    assert (await asyncio.wait_for(held, LIMIT)).status == 503


async def test_delay_only_delays(provider: Served, o1: str) -> None:
    await provider.post("/faults", {"on": "capture", "fault": "delay", "seconds": 0.3})
    began = time.monotonic()
    assert (await provider.capture(o1, "10.00")).status == 201
    assert time.monotonic() - began >= 0.3


async def test_decline_on_demand_is_definitive_and_names_its_code(provider: Served, o1: str) -> None:
    await provider.capture(o1, "10.00")
    await provider.post("/faults", {"on": "refund", "fault": "decline", "code": "account_invalid"})
    declined = await provider.refund(o1, "4.00", f"{o1}-1/0")
    assert (declined.status, declined.body["code"]) == (402, "account_invalid")
    assert (await provider.refund(o1, "4.00", f"{o1}-1/0")).body == declined.body
    assert (await provider.refund(o1, "4.00", f"{o1}-1/1")).status == 201


async def test_faults_fire_in_turn_for_what_they_are_meant_for_and_are_counted(
    provider: Served, o1: str, o2: str
) -> None:
    await provider.capture(o1, "10.00")
    await provider.capture(o2, "10.00")
    armed = await provider.post("/faults", {"on": "refund", "fault": "decline", "order_id": o2})
    assert (armed.status, armed.body["fired"], armed.body["remaining"]) == (201, 0, 1)
    await provider.post("/faults", {"on": "refund", "fault": "error_after", "times": 2})
    assert (await provider.refund(o1, "1.00", f"{o1}-1/0")).status == 500
    assert (await provider.refund(o2, "1.00", f"{o1}-2/0")).status == 402
    assert [(fault["fired"], fault["remaining"]) for fault in (await provider.get("/faults")).body["data"]] == [
        (1, 0),
        (1, 1),
    ]
    assert (await provider.ask("DELETE", "/faults")).status == 204
    assert (await provider.get("/faults")).body == {"data": []}
    assert (await provider.refund(o1, "1.00", f"{o1}-3/0")).status == 201


async def test_faults_that_cannot_happen_are_refused(provider: Served) -> None:
    wrong = (
        {"on": "webhook", "fault": "timeout_before"},
        {"on": "capture", "fault": "decline"},
        {"fault": "duplicate"},
        {"fault": "delay", "seconds": 60},
        {"fault": "delay", "code": "declined"},
        {"fault": "delay", "times": 0},
    )
    for body in wrong:
        assert (await provider.post("/faults", {"on": "refund", **body})).status == 422
