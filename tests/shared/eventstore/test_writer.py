"""The coalescing writer against a real server: batches, faults at commit, limits, and what the database itself
refuses.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from shared.events.base import Event, StreamOfKey
from shared.eventstore import connections
from shared.eventstore.errors import Busy, OutcomeUnknown, UnsafeDatabase, Unstorable, WrongExpectedVersion
from shared.eventstore.lease import DEADLINES_CHANNEL, LOG_CHANNEL, LOG_LOCK
from shared.eventstore.reader import HEAD, LOAD, READ_ALL
from shared.eventstore.store import EventStore, Limits, PostgresEventStore, open_store
from shared.eventstore.writer import lost
from tests.support.proxy import Proxy, proxied
from tests.support.servers.stack import LIMIT
from tests.support.toys.counter import NOON, cause, counted, deadlines, decode, encode, write

Migrated = Callable[[str], Awaitable[str]]
Connect = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]


@pytest.fixture
async def dsn(migrated: Migrated) -> str:
    return await migrated("dispute")


@contextlib.asynccontextmanager
async def opened(
    dsn: str, limits: Limits | None = None, batches: list[int] | None = None
) -> AsyncIterator[PostgresEventStore]:
    def observe(size: int, _: float) -> None:
        if batches is not None:
            batches.append(size)

    async with open_store(
        dsn, deadlines=deadlines, encode=encode, decode=decode, limits=limits, observe=observe
    ) as store:
        yield store


@pytest.fixture
async def connect(dsn: str) -> AsyncIterator[Connect]:
    async with contextlib.AsyncExitStack() as stack:

        async def make() -> asyncpg.Connection[asyncpg.Record]:
            connection = await asyncpg.connect(dsn)
            stack.push_async_callback(connection.close)
            return connection

        yield make


@pytest.fixture
async def proxy(dsn: str) -> AsyncIterator[Proxy]:
    async with proxied(dsn) as proxy:
        yield proxy


def add(store: EventStore, number: int, stream: str | None = None, expected: int = 0) -> Awaitable[int]:
    return store.append([write(stream or f"counter-{number}", expected, counted(number))], cause(number))


async def insisted(store: EventStore, number: int) -> int:
    """The position, asked for again while the store's own limits are too narrow for the machine."""
    async with asyncio.timeout(LIMIT):
        while True:
            with contextlib.suppress(Busy, OutcomeUnknown):
                return await add(store, number)


async def positions(store: EventStore) -> list[int]:
    return [row.position for row in await store.read_all(0, 10_000)]


# Batches


async def test_concurrent_appends_share_a_call(dsn: str) -> None:
    batches: list[int] = []
    async with opened(dsn, batches=batches) as store:
        await asyncio.gather(*(add(store, n) for n in range(200)))
    assert batches == [128, 72]


async def test_a_batch_has_at_most_a_mebibyte(dsn: str) -> None:
    batches: list[int] = []
    async with opened(dsn, batches=batches) as store:
        large = [store.append([write(f"counter-{n}", 0, counted(n, note="x" * 200_000))], cause(n)) for n in range(12)]
        await asyncio.gather(*large)
    assert batches == [5, 5, 2]


async def test_a_later_append_on_a_stream_of_the_batch_waits_for_the_next(dsn: str) -> None:
    batches: list[int] = []
    async with opened(dsn, batches=batches) as store:
        appends = [add(store, n, "counter-hot", expected=n) for n in range(4)] + [add(store, 10), add(store, 11)]
        assert await asyncio.gather(*appends) == [1, 4, 5, 6, 2, 3]
    assert batches == [3, 1, 1, 1]


async def test_an_append_that_comes_while_the_writer_ends_is_not_forgotten(dsn: str) -> None:
    async with opened(dsn) as store, asyncio.timeout(LIMIT):

        async def one_after_another(worker: int) -> None:
            for n in range(100):
                await add(store, 1000 * worker + n)
                for _ in range((worker + n) % 5):
                    await asyncio.sleep(0)

        await asyncio.gather(*(one_after_another(worker) for worker in range(4)))
        assert await store.head() == 400


async def test_a_batch_is_announced_once(dsn: str, connect: Connect) -> None:
    heard: list[str] = []
    listener = await connect()
    await listener.add_listener(LOG_CHANNEL, lambda *message: heard.append(str(message[3])))
    async with opened(dsn) as store:
        await asyncio.gather(*(add(store, n) for n in range(50)))
        with pytest.raises(WrongExpectedVersion):
            await add(store, 50, "counter-1", expected=7)
        await add(store, 51)
    while heard[-1:] != ["51"]:
        await listener.fetchval("select 1")
    assert heard == ["50", "51"]


async def test_the_soonest_deadline_of_a_batch_is_announced_and_nothing_where_none_was_set(
    dsn: str, connect: Connect
) -> None:
    heard: list[str] = []
    listener = await connect()
    await listener.add_listener(DEADLINES_CHANNEL, lambda *message: heard.append(str(message[3])))
    reminders = [counted(n, remind_at=NOON + timedelta(days=n)) for n in (3, 1, 2)]
    async with opened(dsn) as store:
        await add(store, 0)
        both = [write("counter-1", 0, reminders[0]), write("counter-2", 0, reminders[1])]
        await store.append(both, cause(1))
        await store.append([write("counter-3", 0, reminders[2])], cause(2))
    while len(heard) < 2:
        await listener.fetchval("select 1")
    instants = [datetime.fromtimestamp(float(payload), UTC) for payload in heard]
    assert instants == [NOON + timedelta(days=1), NOON + timedelta(days=2)]


# Faults


async def test_one_bad_item_does_not_fail_the_others(dsn: str) -> None:
    def overflowing(event: Event) -> tuple[str, bytes]:
        name, data = encode(event)
        return name, data.replace(b'"amount":3,', b'"amount":1e200000,')

    async with open_store(dsn, encode=overflowing, decode=decode) as store:
        answers = await asyncio.gather(*(add(store, n) for n in range(10)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [int] * 3 + [Unstorable] + [int] * 6
        assert await positions(store) == list(range(1, 10))


async def test_a_caller_that_goes_away_before_the_batch_leaves_nothing(dsn: str) -> None:
    async with opened(dsn) as store:
        tasks = [asyncio.ensure_future(add(store, n)) for n in range(5)]
        await asyncio.sleep(0)
        tasks[2].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(answer).__name__ for answer in answers] == ["int", "int", "CancelledError", "int", "int"]
        assert await store.head() == 4


async def test_a_caller_that_goes_away_while_the_batch_is_under_way_hurts_nobody(dsn: str, connect: Connect) -> None:
    holder = await connect()
    await holder.execute("select pg_advisory_lock($1)", LOG_LOCK)
    async with opened(dsn) as store:
        tasks = [asyncio.ensure_future(add(store, n)) for n in range(5)]
        await waiting_for_the_log(holder)
        tasks[2].cancel()
        later = asyncio.ensure_future(add(store, 5))
        await holder.execute("select pg_advisory_unlock_all()")
        answers = await asyncio.gather(*tasks, later, return_exceptions=True)
        assert [type(answer).__name__ for answer in answers] == ["int", "int", "CancelledError", "int", "int", "int"]
        assert await positions(store) == [1, 2, 3, 4, 5, 6]


async def test_a_whole_batch_of_callers_that_go_away_leaves_a_writer_that_works(dsn: str, proxy: Proxy) -> None:
    async with opened(proxy.url) as store:
        await add(store, 0)
        proxy.faults.lose_next_answer = True
        tasks = [asyncio.ensure_future(add(store, n)) for n in range(1, 6)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        assert await asyncio.wait_for(add(store, 9), LIMIT) > 1


@pytest.mark.parametrize("fault", ["lose_next_request", "lose_next_answer"])
async def test_a_connection_lost_at_commit_means_the_same_again_and_one_record(
    dsn: str, proxy: Proxy, fault: str
) -> None:
    async with opened(proxy.url) as store:
        await add(store, 0)
        setattr(proxy.faults, fault, True)
        answers = await asyncio.gather(*(add(store, n) for n in range(1, 20)))
        assert sorted(answers) == list(range(2, 21))
        assert await positions(store) == list(range(1, 21))
        assert (proxy.cuts, store.figures.resent) == (1, 19)


async def test_a_conflict_is_told_even_where_its_answer_was_lost(dsn: str, proxy: Proxy) -> None:
    async with opened(proxy.url) as store:
        await add(store, 0)
        proxy.faults.lose_next_answer = True
        with pytest.raises(WrongExpectedVersion):
            await add(store, 1, "counter-0")
        assert await store.head() == 1


async def test_the_lost_transaction_that_still_waits_is_found_by_the_one_that_follows_it(
    dsn: str, proxy: Proxy, connect: Connect
) -> None:
    holder = await connect()
    async with opened(proxy.url) as store:
        await add(store, 0)
        await holder.execute("select pg_advisory_lock($1)", LOG_LOCK)
        first = asyncio.ensure_future(add(store, 1))
        await waiting_for_the_log(holder)
        # The client loses sight of it, the server does not: its backend waits for the lock and will commit.
        proxy.cut()
        await waiting_for_the_log(holder, 2)
        await holder.execute("select pg_advisory_unlock_all()")
        assert await first == 2
        assert await positions(store) == [1, 2]


@pytest.mark.parametrize(
    ("error", "perhaps"),
    [
        (asyncpg.ConnectionDoesNotExistError("closed in the middle"), True),
        (asyncpg.InternalClientError("another operation is in progress"), True),
        (asyncpg.AdminShutdownError("terminating"), True),
        (TimeoutError(), True),
        (asyncpg.QueryCanceledError("statement timeout"), False),
        (asyncpg.LockNotAvailableError("lock timeout"), False),
        (asyncpg.DataError("numeric overflow"), False),
    ],
    ids=repr,
)
def test_only_what_the_server_refused_is_certainly_not_recorded(error: Exception, perhaps: bool) -> None:
    assert lost(error) is perhaps


async def test_the_server_ending_the_session_is_no_answer(dsn: str, connect: Connect) -> None:
    admin = await connect()
    async with opened(dsn) as store:
        await add(store, 0)
        await admin.execute("select pg_advisory_lock($1)", LOG_LOCK)
        tasks = [asyncio.ensure_future(add(store, n)) for n in range(1, 6)]
        await waiting_for_the_log(admin)
        await admin.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted"
        )
        await admin.execute("select pg_advisory_unlock_all()")
        assert sorted(await asyncio.gather(*tasks)) == [2, 3, 4, 5, 6]


async def test_loads_outlive_a_lost_connection(dsn: str, proxy: Proxy) -> None:
    async with opened(proxy.url) as store:
        await add(store, 0)
        proxy.faults.lose_next_answer = True
        loaded = await asyncio.gather(*(store.load("counter-0") for _ in range(5)))
        assert [len(history) for [history] in loaded] == [1] * 5


# Limits


async def test_a_full_queue_refuses_at_once(dsn: str) -> None:
    async with opened(dsn, Limits(batch_items=2, queue_items=5)) as store:
        answers = await asyncio.gather(*(add(store, n) for n in range(8)), return_exceptions=True)
        assert [type(answer).__name__ for answer in answers] == ["int"] * 5 + ["Busy"] * 3
        assert store.figures.busy == 3


async def test_a_queue_full_of_bytes_refuses_too(dsn: str) -> None:
    async with opened(dsn, Limits(queue_bytes=100_000)) as store:
        large = (store.append([write(f"counter-{n}", 0, counted(n, note="x" * 60_000))], cause(n)) for n in range(3))
        answers = await asyncio.gather(*large, return_exceptions=True)
        assert [type(answer).__name__ for answer in answers] == ["int", "Busy", "Busy"]
        assert await store.append([write("counter-9", 0, counted(9, note="x" * 60_000))], cause(9)) == 2


async def test_no_word_of_what_was_sent_is_an_unknown_outcome(dsn: str, proxy: Proxy) -> None:
    async with opened(proxy.url, Limits(outcome=3)) as store:
        await insisted(store, 0)
        proxy.faults.lose_next_answer = proxy.faults.refuse = True
        answers = await asyncio.gather(*(add(store, n) for n in range(1, 4)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [OutcomeUnknown] * 3
        proxy.faults.refuse = False
        assert sorted(await asyncio.gather(*(insisted(store, n) for n in range(1, 4)))) == [2, 3, 4]
        assert await store.head() == 4


async def test_what_was_never_sent_is_busy_and_not_unknown(dsn: str, proxy: Proxy) -> None:
    proxy.faults.refuse = True
    store = PostgresEventStore(proxy.url, deadlines, encode, decode, Limits(outcome=0.3, queue_wait=0.2), None)
    answers = await asyncio.gather(*(add(store, n, f"counter-{n % 2}") for n in range(4)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Busy] * 4
    await store.close()


async def test_a_network_that_falls_silent_is_waited_for_no_longer_than_the_limit(dsn: str, proxy: Proxy) -> None:
    async with opened(proxy.url, Limits(attempt=1, outcome=3)) as store:
        await insisted(store, 0)
        proxy.faults.silent = True
        with pytest.raises(OutcomeUnknown):
            await asyncio.wait_for(add(store, 1), LIMIT)
        proxy.faults.silent = False
        assert await insisted(store, 1) == 2


async def test_whoever_holds_the_log_too_long_is_waited_for_and_then_the_append_is_busy(
    dsn: str, connect: Connect
) -> None:
    holder = await connect()
    await holder.execute("select pg_advisory_lock($1)", LOG_LOCK)
    async with opened(dsn, Limits(outcome=1)) as store:
        with pytest.raises(Busy):
            await add(store, 1)
        await holder.execute("select pg_advisory_unlock_all()")
        assert await insisted(store, 2) == 1


async def test_closing_sends_what_waits(dsn: str) -> None:
    async with opened(dsn) as store:
        tasks = [asyncio.ensure_future(add(store, n)) for n in range(300)]
        await asyncio.sleep(0)
        await store.close()
        assert sorted(await asyncio.gather(*tasks)) == list(range(1, 301))
        with pytest.raises(Busy):
            await add(store, 300)


async def test_closing_gives_up_after_its_limit(dsn: str, connect: Connect) -> None:
    holder = await connect()
    await holder.execute("select pg_advisory_lock($1)", LOG_LOCK)
    async with opened(dsn, Limits(batch_items=2, close=0.2)) as store:
        tasks = [asyncio.ensure_future(add(store, n)) for n in range(4)]
        await waiting_for_the_log(holder)
        await asyncio.wait_for(store.close(), LIMIT)
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(answer) for answer in answers] == [OutcomeUnknown, OutcomeUnknown, Busy, Busy]


# What the database itself refuses


@pytest.mark.parametrize("statement", ["update events set key = 'x'", "delete from events", "truncate events"])
async def test_history_cannot_be_changed(dsn: str, connect: Connect, statement: str) -> None:
    async with opened(dsn) as store:
        await add(store, 1)
    owner = await connect()
    with pytest.raises(asyncpg.RestrictViolationError, match="events are facts"):
        await owner.execute(statement)
    await owner.execute("set role makewhole_app")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.execute(statement)


async def test_a_session_of_the_store_acts_as_the_applications_role(dsn: str) -> None:
    connection = await connections.connect(dsn)
    assert await connection.fetchval("select current_user") == connections.ROLE
    await connection.close()


@pytest.mark.parametrize(("name", "value"), [("synchronous_commit", "off")])
async def test_a_database_that_forgets_what_it_acknowledged_is_not_opened(
    dsn: str, connect: Connect, name: str, value: str
) -> None:
    database = dsn.rsplit("/", 1)[1]
    await (await connect()).execute(f'alter database "{database}" set {name} = {value}')
    with pytest.raises(UnsafeDatabase, match=name):
        async with opened(dsn):
            pass


@pytest.mark.parametrize(
    ("query", "arguments"),
    [(LOAD, [["counter-1", "counter-2"], ["counter-1"], ["other"]]), (READ_ALL, [10, 100]), (HEAD, [])],
)
async def test_each_query_uses_an_index_even_on_an_empty_table(dsn: str, query: str, arguments: list[object]) -> None:
    connection = await connections.connect(dsn)
    plan = "\n".join(row[0] for row in await connection.fetch(f"explain {query}", *arguments))
    await connection.close()
    assert "Index" in plan
    assert "Seq Scan" not in plan


async def test_no_statement_of_the_store_reads_a_table_from_end_to_end(dsn: str, connect: Connect) -> None:
    async with opened(dsn) as store:
        for start in range(0, 400, 100):
            reminded = (
                store.append([write(f"counter-{n}", 0, counted(n, remind_at=NOON))], cause(n))
                for n in range(start, start + 100)
            )
            await asyncio.gather(*reminded)
            await asyncio.gather(*(store.load(f"counter-{n}", StreamOfKey("none")) for n in range(start, start + 100)))
            await store.read_all(start, 50)
            await store.head()
    watcher = await connect()
    # A session hands in its counts at the latest when it ends.
    others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    async with asyncio.timeout(LIMIT):
        while await watcher.fetchval(others):
            await asyncio.sleep(0)
    scans = (
        "select relname, seq_scan, idx_scan from pg_stat_user_tables where relname in ('events', 'deadlines') "
        "order by relname desc"
    )
    events, deadlines_ = await watcher.fetch(scans)
    assert (events["seq_scan"], deadlines_["seq_scan"]) == (0, 0)
    assert events["idx_scan"] > 0


async def waiting_for_the_log(connection: asyncpg.Connection[asyncpg.Record], number: int = 1) -> None:
    """Returns when that many sessions wait for the log's lock."""
    query = "select count(*) from pg_locks where locktype = 'advisory' and not granted and objid = $1"
    async with asyncio.timeout(LIMIT):
        while await connection.fetchval(query, LOG_LOCK) < number:
            await asyncio.sleep(0)
