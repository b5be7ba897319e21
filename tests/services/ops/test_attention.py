"""What waits for a person: listed, shown, read again, let go; and read models made anew from the log."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from ops import attention
from ops.attention import Waiting
from ops.commands import parked
from ops.commands.options import Failed
from ops.databases import connected
from ops.interventions import keep
from ops.read_models import read_models
from ops.rebuild import rebuild
from ops.stack import Stack
from refund.domain.decider import decider
from refund.read_models import refunds
from shared.events.envelope import Cause
from shared.events.logs import REFUND
from shared.eventstore.command_handling import handle
from shared.eventstore.connections import open_pool
from shared.eventstore.lease import Lease
from shared.eventstore.lease_session import Leases
from shared.eventstore.store import open_store
from shared.kafka.records import Record
from shared.subscriptions import checkpoints, quarantine
from shared.subscriptions.follower import Delivery, Quarantined, of_log
from shared.subscriptions.parked_streams import ParkedStreams
from tests.support.builders import refunds as builders

TOPIC = "dispute.events"


@pytest.fixture
async def dsn(migrated: Callable[[str], Awaitable[str]]) -> str:
    return await migrated("refund")


def record(offset: int, value: bytes = b"\x00\xff", key: bytes | None = None) -> Record:
    return Record(TOPIC, 3, offset, key, (("ce_id", b"\xff\x00"),), value)


@pytest.fixture
async def filled(dsn: str) -> AsyncIterator[str]:
    """A database with two records in quarantine, and a parked key of two events."""
    async with open_pool(dsn, 2) as pool:
        await quarantine.keep(pool, "policy", [Quarantined(record(n), "foreign: of another log") for n in (5, 6)])
        streams = ParkedStreams("policy", of_log)
        async with pool.acquire() as connection:
            for n in (1, 2):
                await streams.park(connection, Delivery(record(n, key=b"o1"), "o1", n, of_log), ValueError("no"), 3)
        await checkpoints.claim(pool, "policy", TOPIC, range(12))
        await pool.execute("update checkpoints set next_offset = 9, position = 4")
    yield dsn


async def names(dsn: str) -> list[str]:
    async with connected(dsn) as connection:
        return [each.name for each in await attention.waiting(connection)]


async def test_streams_and_records_are_listed_with_what_they_hold(filled: str) -> None:
    async with connected(filled) as connection:
        found = await attention.waiting(connection)
        assert [(each.kind, each.name, each.records) for each in found] == [
            ("record", f"{TOPIC}/3/5", 1),
            ("record", f"{TOPIC}/3/6", 1),
            ("stream", "o1", 2),
        ]
        shown = [row for each in found for row in await attention.contents(connection, each)]
    assert [(row["record_offset"], row["value"]) for row in shown] == [(n, b"\x00\xff") for n in (5, 6, 1, 2)]
    assert json.loads(shown[0]["headers"]) == [["ce_id", "\\xff\\x00"]]


async def test_a_record_that_is_read_twice_is_kept_once(filled: str) -> None:
    async with open_pool(filled, 1) as pool:
        await quarantine.keep(pool, "policy", [Quarantined(record(5), "foreign: once more")])
        assert await quarantine.count(pool, "policy") == 2


async def test_what_is_dropped_is_gone_and_kept_with_who_and_why(filled: str) -> None:
    async with connected(filled) as connection, connection.transaction():
        for each in await attention.waiting(connection, ["o1", f"{TOPIC}/3/6"]):
            await keep(connection, "parked drop", "it is the test's", {"name": each.name})
            await attention.drop(connection, each)
    assert await names(filled) == [f"{TOPIC}/3/5"]
    async with connected(filled) as connection:
        rows = await connection.fetch(
            "select who, command, reason, detail::text as detail from interventions order by number"
        )
        assert [(row["command"], row["reason"], json.loads(row["detail"])["name"]) for row in rows] == [
            ("parked drop", "it is the test's", f"{TOPIC}/3/6"),
            ("parked drop", "it is the test's", "o1"),
        ]
        assert all("@" in row["who"] for row in rows)


async def test_records_are_read_again_from_the_first_of_them_and_by_nobody_who_held_the_checkpoint(filled: str) -> None:
    async with connected(filled) as connection:
        records: list[Waiting] = [each for each in await attention.waiting(connection) if each.kind == "record"]
        async with connection.transaction():
            stood = await attention.read_records_again(connection, records)
        assert stood == {("policy", TOPIC, 3): 9}
        row = await connection.fetchrow("select next_offset, position, epoch from checkpoints where partition = 3")
        assert row is not None
        assert (row["next_offset"], row["position"], row["epoch"]) == (5, 4, 1)
        assert not await attention.read_to(connection, stood, 0.5)
        await connection.execute("update checkpoints set next_offset = 9 where partition = 3")
        assert await attention.read_to(connection, stood, 0.5)


async def test_of_a_record_that_is_read_again_it_is_kept_which_subscription_had_it(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given one record in the quarantine of two subscriptions, when it is read again, then what is kept names each."""
    async with open_pool(dsn, 1) as pool:
        for subscription in ("orders", "notes"):
            await quarantine.keep(pool, subscription, [Quarantined(record(5), "foreign: of another log")])
    async with connected(dsn) as connection:
        both = await attention.waiting(connection)
    monkeypatch.setattr(Stack, "dsn", lambda *_: dsn)
    assert await parked._read_again("refund", both, "why") == 2
    assert await names(dsn) == []
    async with connected(dsn) as connection:
        (kept,) = await connection.fetch("select command, reason, detail::text as detail from interventions")
    assert (kept["command"], kept["reason"]) == ("parked retry", "why")
    records = json.loads(kept["detail"])["records"]
    assert {(each["subscription"], each["name"]) for each in records} == {
        ("orders", f"{TOPIC}/3/5"),
        ("notes", f"{TOPIC}/3/5"),
    }


async def paid(dsn: str) -> None:
    """A log with a payment and a refund, and a read model that shows something else."""
    async with open_store(dsn, deadlines=decider.deadlines) as store:
        for command in (builders.capture(), builders.request()):
            await handle(store, decider, command, Cause.of(command))
    async with connected(dsn) as connection:
        await connection.execute("insert into payments values ('gone', 'p', 'b', 's', 'visa')")


async def test_a_read_model_is_made_anew_from_the_log_and_followed_from_there_on(dsn: str) -> None:
    await paid(dsn)
    done = await rebuild(dsn, "refund", read_models("refund")["refunds"], "a test")
    async with connected(dsn) as connection:
        assert [row["order_id"] for row in await connection.fetch("select order_id from payments")] == ["o1"]
        assert await connection.fetchval("select count(*) from refunds") == 1
        marks = await connection.fetch("select * from checkpoints where subscription = 'refunds' and position > 0")
        assert [(mark["position"], mark["topic"], bool(mark["event"])) for mark in marks] == [
            (done["up_to_position"], REFUND.topic, True)
        ]
        assert await connection.fetchval("select count(*) from checkpoints where subscription = 'refunds'") == 12
        assert await connection.fetchval("select reason from interventions") == "a test"


async def test_a_read_model_that_is_being_kept_is_not_made_anew(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.leases.LIMIT", 0.5)
    await paid(dsn)
    async with Lease(Leases(dsn), f"subscription {refunds.NAME}"):
        with pytest.raises(Failed, match="stop refund.worker first"):
            await rebuild(dsn, "refund", read_models("refund")["refunds"], "a test")
    assert await names(dsn) == []


async def test_an_event_that_cannot_be_read_leaves_the_read_model_as_it_is(dsn: str) -> None:
    await paid(dsn)
    async with connected(dsn) as connection:
        await connection.execute(
            "insert into events select position + 1, 'payment-x', 1, key, 'makewhole.Tomorrow.v1', data, metadata, "
            "recorded_at from events order by position desc limit 1"
        )
    with pytest.raises(Failed, match="payment-x/1 at position .* cannot be handled"):
        await rebuild(dsn, "refund", read_models("refund")["refunds"], "a test")
    async with connected(dsn) as connection:
        assert [row["order_id"] for row in await connection.fetch("select order_id from payments")] == ["gone"]


def test_every_service_names_the_tables_of_its_read_models() -> None:
    assert {name: sorted(read_models(name)) for name in ("dispute", "refund", "return_label")} == {
        "dispute": ["dispute_history", "disputes", "evidence", "order_status", "return_reasons", "warranties"],
        "refund": ["refunds"],
        "return_label": ["returns"],
    }
