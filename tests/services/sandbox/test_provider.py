"""The simulated payment provider is as strict as a real one, and fails on demand."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import asyncpg
import pytest

from sandbox.faults import LONGEST
from tests.support.servers.backing import Databases
from tests.support.servers.sandbox import Served, money, sandbox
from tests.support.servers.stack import eventually

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
async def database(databases: Databases) -> str:
    return await databases.migrated("sandbox")


@pytest.fixture(scope="module")
async def provider(database: str) -> AsyncIterator[Served]:
    async with sandbox(database) as running:
        yield running


@pytest.fixture
async def psp(provider: Served) -> AsyncIterator[Served]:
    """The one provider of all these tests, with nothing armed; what they book they tell apart by their orders."""
    yield provider
    provider.app.draining.clear()
    await provider.ask("DELETE", "/faults")


@pytest.fixture
def o1() -> str:
    """An order of this test's own, and the beginning of its refunds' ids."""
    return f"order-{next(_numbers)}"


@pytest.fixture
def o2() -> str:
    """A second one."""
    return f"order-{next(_numbers)}"


async def test_a_capture_is_booked_once_however_often_it_is_sent(psp: Served, o1: str) -> None:
    first = await psp.capture(o1, "10.00")
    again = await psp.capture(o1, "10.00")
    assert (first.status, again.status) == (201, 201)
    assert (
        first.body == again.body == {"order_id": o1, "payment_id": o1, "amount": money("10.00"), "at": first.body["at"]}
    )
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert [line["kind"] for line in await psp.ledger(order_id=o1)] == ["capture"]


async def test_a_payment_is_not_captured_again_with_another_amount_or_order(psp: Served, o1: str, o2: str) -> None:
    await psp.capture(o1, "10.00")
    for other in (await psp.capture(o1, "11.00"), await psp.capture(o1, "10.00", order_id=o2)):
        assert (other.status, other.body["code"]) == (409, "payment_captured_differently")


async def test_a_refund_is_paid_and_booked_under_its_key(psp: Served, o1: str) -> None:
    await psp.capture(o1, "10.00")
    paid = await psp.refund(o1, "4.00", f"{o1}-1/0", destination="bonus")
    assert paid.status == 201
    assert paid.body == {
        "refund_id": f"{o1}-1",
        "payment_id": o1,
        "order_id": o1,
        "amount": money("4.00"),
        "destination": "bonus",
        "idempotency_key": f"{o1}-1/0",
        "status": "succeeded",
        "code": None,
        "at": paid.body["at"],
    }
    line = (await psp.ledger(order_id=o1))[-1]
    assert line == {
        "id": line["id"],
        "kind": "refund",
        "order_id": o1,
        "payment_id": o1,
        "refund_id": f"{o1}-1",
        "idempotency_key": f"{o1}-1/0",
        "amount": money("4.00"),
        "at": paid.body["at"],
    }


async def test_a_repeat_gets_the_first_answer_also_when_nothing_is_left_to_refund(psp: Served, o1: str) -> None:
    await psp.capture(o1, "10.00")
    first = await psp.refund(o1, "10.00", f"{o1}-1/0")
    again = await psp.refund(o1, "10.00", f"{o1}-1/0")
    assert (again.status, again.body, again.headers["Idempotent-Replayed"]) == (201, first.body, "true")
    assert len(await psp.ledger(order_id=o1)) == 2


async def test_a_key_is_not_taken_for_another_refund(psp: Served, o1: str, o2: str) -> None:
    await psp.capture(o1, "10.00")
    await psp.capture(o2, "10.00")
    await psp.refund(o1, "4.00", f"{o1}-1/0")
    for other in (await psp.refund(o1, "5.00", f"{o1}-1/0"), await psp.refund(o2, "4.00", f"{o1}-1/0")):
        assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    assert [line["kind"] for line in await psp.ledger(order_id=o1)] == ["capture", "refund"]
    assert len(await psp.ledger(order_id=o2)) == 1


async def test_a_refund_without_a_key_is_refused(psp: Served, o1: str) -> None:
    refused = await psp.post(
        "/psp/refunds", {"refund_id": "r", "payment_id": o1, "order_id": o1, "amount": money("1.00")}
    )
    assert (refused.status, refused.body["code"]) == (400, "idempotency_key_required")


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("amount_exceeds_capture", {"amount": money("10.01")}),
        ("payment_unknown", {"payment_id": "p9"}),
        ("order_differs", {"order_id": "o9"}),
        ("currency_differs", {"amount": money("1.00", "EUR")}),
    ],
)
async def test_what_the_books_do_not_cover_is_declined_for_good(
    psp: Served, o1: str, code: str, changed: dict[str, Any]
) -> None:
    await psp.capture(o1, "10.00")
    declined = await psp.refund(o1, "1.00", f"{o1}-1/0", **changed)
    assert (declined.status, declined.body["status"], declined.body["code"]) == (402, "declined", code)
    assert [line["kind"] for line in await psp.ledger(order_id=o1)] == ["capture"]


async def test_a_decline_is_the_keys_answer_for_ever_and_a_new_key_may_pay(psp: Served, o1: str) -> None:
    declined = await psp.refund(o1, "4.00", f"{o1}-1/0")
    await psp.capture(o1, "10.00")
    again = await psp.refund(o1, "4.00", f"{o1}-1/0")
    assert (again.status, again.body) == (402, declined.body)
    paid = await psp.refund(o1, "4.00", f"{o1}-1/1")
    assert paid.status == 201
    found = (await psp.get(f"/psp/refunds/{o1}-1")).body
    assert (found["status"], found["idempotency_key"]) == ("succeeded", f"{o1}-1/1")
    assert [attempt["status"] for attempt in found["attempts"]] == ["declined", "succeeded"]


async def test_concurrent_refunds_never_exceed_the_capture(psp: Served, o1: str) -> None:
    await psp.capture(o1, "10.00")
    answers = await asyncio.gather(*(psp.refund(o1, "1.00", f"{o1}-{n}/0") for n in range(50)))
    assert sorted(answer.status for answer in answers) == [201] * 10 + [402] * 40
    assert len(await psp.ledger(order_id=o1)) == 11


async def test_concurrent_repeats_of_one_key_pay_once(psp: Served, o1: str) -> None:
    await psp.capture(o1, "10.00")
    answers = await asyncio.gather(*(psp.refund(o1, "1.00", f"{o1}-1/0") for _ in range(30)))
    assert {answer.status for answer in answers} == {201}
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert len(await psp.ledger(order_id=o1)) == 2


async def test_two_keys_are_two_refunds_as_with_any_provider(psp: Served, o1: str) -> None:
    await psp.capture(o1, "10.00")
    for key in (f"{o1}-1/0", f"{o1}-1/1"):
        assert (await psp.refund(o1, "4.00", key)).status == 201
    assert [line["amount"]["amount"] for line in await psp.ledger(payment_id=o1)] == ["10.00", "4.00", "4.00"]


async def test_a_refund_is_found_by_its_key_and_by_its_id(psp: Served, o1: str) -> None:
    await psp.capture(o1, "10.00")
    paid = (await psp.refund(o1, "4.00", f"{o1}-1/0")).body
    assert (await psp.get("/psp/refunds", idempotency_key=f"{o1}-1/0")).body == {"data": [paid]}
    assert (await psp.get("/psp/refunds", idempotency_key=f"{o1}-2/0")).body == {"data": []}
    assert (await psp.get(f"/psp/refunds/{o1}-1")).body == {**paid, "attempts": [paid]}
    assert (await psp.get(f"/psp/refunds/{o1}-2")).status == 404


async def test_the_ledger_is_read_by_order_by_payment_in_pages_and_backwards(psp: Served, o1: str) -> None:
    orders = [f"{o1}-{n}" for n in range(4)]
    before = len(await psp.ledger())
    for order in orders:
        await psp.capture(order, "10.00")
    lines = (await psp.ledger())[before:]
    assert [line["order_id"] for line in lines] == orders
    assert await psp.ledger(order_id=orders[2]) == await psp.ledger(payment_id=orders[2]) == [lines[2]]
    assert await psp.ledger(order_id=orders[2], payment_id=orders[1]) == []
    assert await psp.ledger(after=lines[0]["id"], limit=2) == lines[1:3]
    assert await psp.ledger(sort="-id", limit=2) == [lines[3], lines[2]]


@pytest.mark.parametrize(
    "amount",
    [
        money("0.00"),
        money("1.0"),
        money("1.000"),
        money("1", "JPY") | {"extra": "1"},
        money("1.00", "ABC"),
        {"amount": 1},
    ],
)
async def test_an_amount_that_no_bank_knows_is_refused(psp: Served, o1: str, amount: dict[str, object]) -> None:
    refused = await psp.post("/psp/captures", {"order_id": o1, "payment_id": o1, "amount": amount})
    assert (refused.status, refused.body["code"]) == (422, "validation_failed")


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger set minor = 1",
        "delete from ledger",
        "truncate ledger",
        "update payments set refunded = captured + 1",
    ],
)
async def test_the_books_cannot_be_changed_behind_the_providers_back(
    psp: Served, o1: str, database: str, statement: str
) -> None:
    await psp.capture(o1, "10.00")
    connection = await asyncpg.connect(database)
    with pytest.raises(asyncpg.PostgresError):
        await connection.execute(statement)
    await connection.close()


async def gives_up(psp: Served, order: str, key: str, when: Callable[[], Awaitable[bool]]) -> None:
    """A refund by a client that gives up once the provider has come so far."""
    asking = asyncio.create_task(psp.refund(order, "4.00", key))
    await eventually(when)
    asking.cancel()
    await asyncio.wait({asking})


async def has_fired(psp: Served) -> bool:
    """The fault that is armed has met its request."""
    return bool((await psp.get("/faults")).body["data"][0]["fired"])


async def is_booked(psp: Served, order: str) -> bool:
    """The order's refund stands beside its capture."""
    return len(await psp.ledger(order_id=order)) == 2


async def test_timeout_before_has_no_effect(psp: Served, o1: str) -> None:
    await psp.capture(o1, "10.00")
    await psp.post("/faults", {"on": "refund", "fault": "timeout_before"})
    await gives_up(psp, o1, f"{o1}-1/0", partial(has_fired, psp))
    assert (await psp.get("/psp/refunds", idempotency_key=f"{o1}-1/0")).body == {"data": []}
    assert (await psp.refund(o1, "4.00", f"{o1}-1/0")).status == 201


async def test_timeout_after_has_its_effect_and_the_repeat_learns_of_it(psp: Served, o1: str) -> None:
    await psp.capture(o1, "10.00")
    await psp.post("/faults", {"on": "refund", "fault": "timeout_after"})
    await gives_up(psp, o1, f"{o1}-1/0", partial(is_booked, psp, o1))
    again = await psp.refund(o1, "4.00", f"{o1}-1/0")
    assert (again.status, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert len(await psp.ledger(order_id=o1)) == 2


async def test_error_after_answers_500_though_the_money_went(psp: Served, o1: str) -> None:
    await psp.capture(o1, "10.00")
    await psp.post("/faults", {"on": "refund", "fault": "error_after", "times": 2})
    assert [(await psp.refund(o1, "4.00", f"{o1}-1/0")).status for _ in range(3)] == [500, 500, 201]
    assert len(await psp.ledger(order_id=o1)) == 2


async def test_a_client_that_stays_is_told_at_last_that_nobody_knows(psp: Served, o1: str) -> None:
    await psp.post("/faults", {"on": "capture", "fault": "timeout_after", "seconds": 0.2})
    held = await psp.capture(o1, "10.00")
    assert (held.status, held.body["code"]) == (503, "outcome_unknown")
    assert len(await psp.ledger(order_id=o1)) == 1


async def test_a_held_request_ends_when_the_process_is_about_to(psp: Served, o1: str) -> None:
    await psp.post("/faults", {"on": "capture", "fault": "timeout_before"})
    held = asyncio.create_task(psp.capture(o1, "10.00"))
    await eventually(partial(has_fired, psp))
    psp.app.draining.set()
    assert (await asyncio.wait_for(held, LONGEST / 2)).status == 503


async def test_delay_only_delays(psp: Served, o1: str) -> None:
    await psp.post("/faults", {"on": "capture", "fault": "delay", "seconds": 0.3})
    began = time.monotonic()
    assert (await psp.capture(o1, "10.00")).status == 201
    assert time.monotonic() - began >= 0.3


async def test_decline_on_demand_is_definitive_and_names_its_code(psp: Served, o1: str) -> None:
    await psp.capture(o1, "10.00")
    await psp.post("/faults", {"on": "refund", "fault": "decline", "code": "account_invalid"})
    declined = await psp.refund(o1, "4.00", f"{o1}-1/0")
    assert (declined.status, declined.body["code"]) == (402, "account_invalid")
    assert (await psp.refund(o1, "4.00", f"{o1}-1/0")).body == declined.body
    assert (await psp.refund(o1, "4.00", f"{o1}-1/1")).status == 201


async def test_faults_fire_in_turn_for_what_they_are_meant_for_and_are_counted(psp: Served, o1: str, o2: str) -> None:
    await psp.capture(o1, "10.00")
    await psp.capture(o2, "10.00")
    armed = await psp.post("/faults", {"on": "refund", "fault": "decline", "order_id": o2})
    assert (armed.status, armed.body["fired"], armed.body["remaining"]) == (201, 0, 1)
    await psp.post("/faults", {"on": "refund", "fault": "error_after", "times": 2})
    assert (await psp.refund(o1, "1.00", f"{o1}-1/0")).status == 500
    assert (await psp.refund(o2, "1.00", f"{o1}-2/0")).status == 402
    assert [(fault["fired"], fault["remaining"]) for fault in (await psp.get("/faults")).body["data"]] == [
        (1, 0),
        (1, 1),
    ]
    assert (await psp.ask("DELETE", "/faults")).status == 204
    assert (await psp.get("/faults")).body == {"data": []}
    assert (await psp.refund(o1, "1.00", f"{o1}-3/0")).status == 201


async def test_faults_that_cannot_happen_are_refused(psp: Served) -> None:
    absent = await psp.post("/faults", {"on": "webhook", "fault": "duplicate"})
    assert (absent.status, absent.body["code"]) == (409, "webhooks_absent")
    wrong = (
        {"fault": "duplicate"},
        {"fault": "delay", "seconds": 60},
        {"fault": "delay", "code": "declined"},
        {"fault": "delay", "times": 0},
    )
    for body in wrong:
        assert (await psp.post("/faults", {"on": "refund", **body})).status == 422
