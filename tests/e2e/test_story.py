"""The `makewhole` command against the whole system: the story, a file of orders, and the audit of all that happened
here.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.cli import app
from ops.story.player import STEPS
from tests.e2e.client import Json, Services
from tests.e2e.conftest import Stack
from tests.e2e.deals import DAY, instant, ordered, wire
from tests.e2e.log import Logs

pytestmark = pytest.mark.e2e
LIMIT = 500.0


def environment(stack: Stack, **more: str) -> dict[str, str]:
    """What tells a command which stack is meant."""
    plain = {"PORT_BASE": str(stack.base), "MAKEWHOLE_STATE": str(stack.state)}
    return plain | dict.fromkeys(("DEMO", "ORDERS", "MAKEWHOLE_KAFKA", "MAKEWHOLE_DATABASE_URL"), "") | more


async def process(stack: Stack, *words: str, **more: str) -> tuple[int, str]:
    """The command in a process of its own: its exit code and what it wrote to stdout."""
    program = Path(sys.executable).with_name("makewhole")
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        program, *words, env=os.environ | environment(stack, **more), stdout=pipe, stderr=pipe
    )
    try:
        out, error = await asyncio.wait_for(child.communicate(), LIMIT)
    finally:
        if child.returncode is None:
            child.kill()
    assert b"Traceback" not in error, error.decode()
    return child.returncode or 0, out.decode()


async def makewhole(stack: Stack, *words: str, **more: str) -> tuple[int, str]:
    """The command in a thread of this process, which spares the second that a start takes: its exit code and what it
    wrote to stdout.
    """
    result = await asyncio.to_thread(CliRunner().invoke, app, words, env=environment(stack, **more))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout


async def document(stack: Stack, *words: str, **more: str) -> Any:
    """What the command says as JSON, when it succeeds."""
    code, out = await makewhole(stack, *words, "--json", **more)
    assert code == 0, out
    return json.loads(out)


async def test_the_story_ends_as_it_begins_also_where_it_was_told_before(stack: Stack) -> None:
    code, out = await process(stack, "demo")
    assert (code, out.splitlines()[-1]) == (0, "story: 4 disputes, 4 refunds, 0 unexpected"), out
    again = await document(stack, "demo")
    assert again == {"disputes": 4, "refunds": 4, "steps": STEPS, "unexpected": []}


async def test_demo_0_says_nothing(stack: Stack) -> None:
    assert await process(stack, "demo", DEMO="0") == (0, "")


async def test_a_file_of_orders_is_played_and_its_sum_adds_up_both_times(
    stack: Stack, services: Services, tmp_path: Path
) -> None:
    now = instant((await services.clock())["now"])
    lines: list[Json | str] = [
        own("file-1", wire(now - 20 * DAY), complaint={}, facts=[{"type": "shipped", "at": wire(now - 15 * DAY)}]),
        own("file-2", wire(now - DAY)),
        own("file-3", wire(now - DAY), complaint={}),
        own(
            "file-4",
            wire(now - 20 * DAY),
            complaint={},
            channel="off_platform",
            facts=[{"type": "shipped", "at": wire(now - 15 * DAY)}],
        ),
        own("file-5", wire(now), lines=[]),
        "no order",
    ]
    path = tmp_path / "orders.jsonl.gz"
    path.write_bytes(
        gzip.compress("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines).encode())
    )
    for _ in range(2):
        code, out = await process(stack, "demo", ORDERS=str(path))
        assert (code, out.splitlines()[-1]) == (
            0,
            "orders: 6 read = 1 disputed + 1 without complaint + 3 refused + 1 unreadable",
        ), out
        assert all(
            words in out
            for words in ("too_early (S21)", "not_eligible_off_platform (S7)", "/lines too_short", "no JSON")
        )
    assert [line["amount"] for line in await services.ledger("file-1")] == [{"amount": "25.00", "currency": "USD"}]


def own(order_id: str, placed_at: str, **changes: Any) -> Json:
    """An order in the file's own format."""
    return {
        "order_id": order_id,
        "buyer_id": f"buyer-of-{order_id}",
        "seller_id": "file-shop",
        "payment": {"method": "visa", "amount": "25.00", "currency": "USD", "paid_at": placed_at},
        "lines": [{"line_id": "1", "price": "20.00"}],
        "ship_to": {"country": "DE"},
        "placed_at": placed_at,
        **changes,
    }


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("doctor",), 0),
        (("clock", "show"), 0),
        (("clock", "advance", "1h"), 0),
        (("clock", "advance", "soon"), 2),
        (("clock", "to", "2020-01-01T00:00:00Z"), 1),
        (("relay", "status"), 0),
        (("parked", "list"), 0),
        (("parked", "retry", "refund"), 0),
        (("parked", "retry", "refund", "--yes"), 2),
        (("relay", "rewind", "refund", "--yes"), 2),
        (("deadlines", "list", "--limit", "3"), 0),
        (("events", "verify"), 0),
        (("events", "show", "order-unheard-of"), 1),
        (("events", "show", "unheard-of"), 2),
        (("ledger", "balance"), 0),
        (("ledger", "export", "--format", "jsonl"), 0),
        (("ledger", "export", "--day", "yesterday"), 0),
        (("ledger", "export", "--day", "some-day"), 2),
        (("ledger", "reconcile", "unheard-of.csv"), 2),
        (("token", "ann", "buyer"), 0),
        (("token", "ann", "emperor"), 1),
        (("unheard-of",), 2),
    ],
)
async def test_every_command_ends_with_the_code_of_its_outcome(stack: Stack, words: tuple[str, ...], code: int) -> None:
    assert (await makewhole(stack, *words))[0] == code


async def test_the_books_differ_in_nothing_but_what_shops_say_was_taken(stack: Stack, services: Services) -> None:
    """Orders of this session were registered with another amount than the provider took, or without any."""
    deal = await ordered(services, capture="10.00")
    await services.at_rest()
    code, out = await makewhole(stack, "ledger", "check", "--json")
    differences = json.loads(out)["differences"]
    assert (code, [line for line in differences if not line.startswith("captured: ")]) == (1, [])
    assert any(deal.order_id in line and line.endswith("the provider took 10 USD") for line in differences)


async def test_the_providers_report_of_a_day_is_held_against_the_books(
    stack: Stack, services: Services, tmp_path: Path
) -> None:
    deal = await ordered(services)
    await services.at_rest()
    day = (await services.clock())["now"][:10]
    file = tmp_path / "report.csv"
    async with services.session.get(services.url("sandbox", f"/psp/report?day={day}")) as report:
        file.write_bytes(await report.read())
    _, out = await makewhole(stack, "ledger", "reconcile", str(file), "--day", day)
    assert "USD reported captures: " in out
    assert deal.order_id not in out


async def test_an_event_is_seen_in_its_stream_and_in_its_topic(stack: Stack, services: Services) -> None:
    deal = await ordered(services)
    stream = f"order-{deal.order_id}"
    await services.at_rest()
    shown = await document(stack, "events", "show", stream)
    assert [row["type"].split(".")[1] for row in shown][:2] == ["OrderRegistered", "OrderPaid"]
    _, out = await makewhole(stack, "events", "tail", "dispute", "--once", "--past", "1000")
    assert f"{stream}/1" in out


async def test_a_parked_stream_is_listed_breaks_a_promise_and_is_handled_again(stack: Stack, logs: Logs) -> None:
    parked = (
        "insert into parked values ('order_status', 'order-ghost', 1, 'dispute.events', 0, 'it was raining', 3) "
        "returning stream"
    )
    await logs.rows("dispute", parked)
    code, out = await makewhole(stack, "parked", "list", "--json")
    assert (code, [row["reason"] for row in json.loads(out)]) == (1, ["it was raining"])
    code, out = await makewhole(stack, "audit")
    assert (code, [line for line in out.splitlines() if line.startswith("parked dispute")]) == (
        1,
        [f"{'parked dispute':<28} streams=1"],
    )
    assert await document(
        stack, "parked", "retry", "dispute", "--stream", "order-ghost", "--yes", "--reason", "it dried"
    ) == {
        "released": 1,
        "records_read_again": 0,
        "still_waiting": 0,
    }
    assert (await makewhole(stack, "parked", "list"))[0] == 0


async def test_the_audit_finds_every_promise_kept(stack: Stack) -> None:
    """Of everything that the tests of this session have done to the system so far."""
    report = await document(stack, "audit")
    assert report["ok"]
    promises = {check["promise"]: check["seen"] for check in report["checks"]}
    books = promises["ledger"]
    assert books["payments"] == books["effects"] + books["by_hand"] > books["by_hand"]
    assert promises["topic dispute"]["records"] >= promises["log dispute"]["events"] > 0
