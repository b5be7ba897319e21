"""Policies, on real PostgreSQL and Kafka: each event's commands are carried out once, however often it comes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any

import pytest

from shared.decider import Send
from shared.events.base import Event, StreamOfKey
from shared.events.codec import EVENT_CLASSES, type_name
from shared.events.envelope import Cause, Recorded, Stored, Write
from shared.eventstore.errors import Busy, OutcomeUnknown
from shared.eventstore.store import PostgresEventStore
from shared.rejections import NotFound
from shared.subscriptions import checkpoints
from shared.subscriptions.policy import Policy
from shared.subscriptions.subscription import Subscription
from tests.shared.subscriptions.test_subscription import is_quiet, publish_all
from tests.support.servers.stack import LIMIT, eventually
from tests.support.toys import newer
from tests.support.toys.marks import DECIDER, Answer, Flow, flow_on, running, word


@pytest.fixture
async def flow(
    migrated: Callable[[str], Awaitable[str]], kafka: str, fresh_topic: Callable[..., Awaitable[str]]
) -> AsyncIterator[Flow]:
    async with flow_on(await migrated("dispute"), kafka, await fresh_topic("dispute.events")) as flow:
        yield flow


def answer(recorded: Recorded[Any]) -> Iterable[Send]:
    """Two answers to each event of an order."""
    if recorded.stream.startswith("order-"):
        name = recorded.stream.removeprefix("order-")
        for n in (0, 1):
            yield Send.on(recorded, "answer", n, Answer, about=name, text=f"{word(recorded)}.{n}")


def answering(flow: Flow, store: Any = None, react: Any = answer) -> Subscription:
    return flow.subscription("answers", Policy(react, store or flow.store, DECIDER))


async def words_of(flow: Flow, stream: str) -> list[str]:
    (events,) = await flow.store.load(stream)
    return [word(recorded) for recorded in events]


async def test_events_become_commands_in_the_order_of_their_stream(flow: Flow) -> None:
    published, answers = flow.relay(), answering(flow)
    async with running(published, answers):
        await flow.fill(streams=30, versions=3)
        await eventually(lambda: head_is(flow, 30 * 3 + 30 * 6))
        await eventually(partial(is_quiet, published, answers))
        assert await saved(flow) == 30 * 3 + 30 * 6
    for n in range(30):
        assert await words_of(flow, f"answer-{n}") == ["v1.0", "v1.1", "v2.0", "v2.1", "v3.0", "v3.1"]


async def saved(flow: Flow) -> int:
    """How many records the policy's checkpoints have behind them."""
    return int(await flow.pool.fetchval("select sum(next_offset) from checkpoints where subscription = 'answers'"))


async def epoch_of(flow: Flow) -> int:
    return int(await flow.pool.fetchval("select max(epoch) from checkpoints where subscription = 'answers'"))


async def is_claimed_after(flow: Flow, epoch: int) -> bool:
    return await epoch_of(flow) > epoch


async def head_is(flow: Flow, head: int) -> bool:
    return await flow.store.head() == head


async def test_what_follows_from_an_event_names_it_and_continues_its_story(flow: Flow) -> None:
    await flow.append("order-1", "a")
    await publish_all(flow)
    async with running(answers := answering(flow)):
        await eventually(partial(is_quiet, answers))
    (events,) = await flow.store.load("answer-1")
    assert [(r.metadata.causation, r.metadata.correlation, r.metadata.actor) for r in events] == [
        ("order-1/1", "story", "system:makewhole")
    ] * 2
    assert len({recorded.metadata.command_id for recorded in events}) == 2


async def test_commands_sent_again_after_a_crash_are_recognised(flow: Flow) -> None:
    await flow.fill(streams=20, versions=2)
    await publish_all(flow)
    async with running(answers := answering(flow)):
        await eventually(partial(is_quiet, answers))
    head = await flow.store.head()
    await checkpoints.forget(flow.pool, "answers")  # as if it had died before saving any checkpoint
    async with running(again := answering(flow)):
        await eventually(partial(is_quiet, again))
    assert await flow.store.head() == head == 20 * 2 + 20 * 4


class Watched:
    """A store that knows how many appends are under way, and of which streams."""

    def __init__(self, store: PostgresEventStore) -> None:
        self._store = store
        self.most = 0
        self._now: list[str] = []

    async def load(self, *streams: str | StreamOfKey) -> Sequence[Sequence[Recorded[Event]]]:
        return await self._store.load(*streams)

    async def append(self, writes: Sequence[Write], cause: Cause) -> int:
        assert not {write.stream for write in writes} & set(self._now), "one after the other within a stream"
        self._now += [write.stream for write in writes]
        self.most = max(self.most, len(self._now))
        try:
            return await self._store.append(writes, cause)
        finally:
            for write in writes:
                self._now.remove(write.stream)

    async def read_all(self, after: int, limit: int) -> Sequence[Stored]:
        return await self._store.read_all(after, limit)

    async def head(self) -> int:
        return await self._store.head()


async def test_keys_are_handled_side_by_side(flow: Flow) -> None:
    await flow.fill(streams=200, versions=2)
    await publish_all(flow)
    store = Watched(flow.store)
    async with running(answers := answering(flow, store)):
        await eventually(partial(is_quiet, answers))
    assert 32 < store.most <= 128


class SlowOrders(Watched):
    """A store that takes its time with what an order's own stream asks for, so that all else could overtake it."""

    async def append(self, writes: Sequence[Write], cause: Cause) -> int:
        if (cause.causation or "").startswith("order-"):
            await asyncio.gather(*(self.head() for _ in range(50)))
        return await super().append(writes, cause)


async def test_streams_that_share_a_key_are_handled_in_the_order_of_the_log(flow: Flow) -> None:
    """A payment is captured on one stream and refunded on another one of the same order."""

    def tell(recorded: Recorded[Any]) -> Iterable[Send]:
        if not recorded.stream.startswith("answer-"):
            yield Send.on(recorded, "tell", 0, Answer, about=recorded.metadata.key, text=recorded.stream)

    for n in range(20):
        for kind in ("order", "dispute", "payment", "return"):
            await flow.append(f"{kind}-{n}", "x", key=f"{n}")
    await publish_all(flow)
    async with running(answers := answering(flow, SlowOrders(flow.store), react=tell)):
        await eventually(partial(is_quiet, answers))
    for n in range(20):
        assert await words_of(flow, f"answer-{n}") == [f"order-{n}", f"dispute-{n}", f"payment-{n}", f"return-{n}"]


async def test_behind_an_event_of_a_next_version_the_whole_key_waits_in_order(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the event says, what shares its key must not overtake it; a worker that reads it goes on by itself."""

    def react(recorded: Recorded[Any]) -> Iterable[Send]:
        yield Send.on(recorded, "answer", 0, Answer, about=recorded.metadata.key, text=recorded.stream)

    reroute = newer.OrderRerouted(order_id="1", via=newer.DEPOT)
    await flow.append("order-1", "first", key="1")
    await flow.record("order-1", reroute, key="1")
    await flow.append("dispute-1", "behind", key="1")
    await flow.append("order-2", "beside", key="2")
    await flow.append("order-1", "last", key="1")
    await publish_all(flow)
    async with running(answers := answering(flow, react=react)):
        await eventually(partial(is_quiet, answers))
        assert await words_of(flow, "answer-1") == ["order-1"]
        assert await words_of(flow, "answer-2") == ["order-2"]
        assert await flow.parked() == ["1"]
        assert await answers.retry_parked() == 0
    monkeypatch.setitem(EVENT_CLASSES, type_name(type(reroute)), type(reroute))
    async with running(rolled_forward := answering(flow, react=react)):
        await eventually(partial(is_quiet, rolled_forward))
    assert await words_of(flow, "answer-1") == ["order-1", "order-1", "dispute-1", "order-1"]
    assert await flow.parked() == []


async def test_a_command_on_a_stream_that_needs_a_next_version_waits_for_it(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    reroute = newer.OrderRerouted(order_id="1", via=newer.DEPOT)
    await flow.record("answer-1", reroute)
    await flow.append("order-1", "a", "b")
    await flow.append("order-2", "a")
    await publish_all(flow)
    async with running(answers := answering(flow)):
        await eventually(partial(is_quiet, answers))
        assert await words_of(flow, "answer-2") == ["a.0", "a.1"]
    monkeypatch.setitem(EVENT_CLASSES, type_name(type(reroute)), type(reroute))
    async with running(rolled_forward := answering(flow)):
        await eventually(partial(is_quiet, rolled_forward))
    (events,) = await flow.store.load("answer-1")
    assert [word(recorded) for recorded in events[1:]] == ["a.0", "a.1", "b.0", "b.1"]
    assert await flow.parked() == []


async def test_a_rejected_command_is_a_defect_and_parks_its_key_alone(flow: Flow) -> None:
    mended = False

    def react(recorded: Recorded[Any]) -> Iterable[Send]:
        if word(recorded) == "refused" and not mended:
            raise NotFound("by the decider")
        return answer(recorded)

    await flow.append("order-1", "a", "refused", "c")
    await flow.append("order-2", "a")
    await publish_all(flow)
    async with running(answers := answering(flow, react=react)):
        await eventually(partial(is_quiet, answers))
        await flow.append("order-1", "d")
        await publish_all(flow)
        await eventually(partial(is_quiet, answers))
        assert await words_of(flow, "answer-1") == ["a.0", "a.1"]
        assert await words_of(flow, "answer-2") == ["a.0", "a.1"]
        assert await flow.parked() == ["order-1"]
        mended = True
        assert await answers.retry_parked() == 1
        await flow.append("order-1", "e")
        await publish_all(flow)
        await eventually(partial(is_quiet, answers))
    assert await words_of(flow, "answer-1") == [
        f"{text}.{n}" for text in ("a", "refused", "c", "d", "e") for n in (0, 1)
    ]


class Fails(Watched):
    """A store that is busy or silent a few times."""

    def __init__(self, store: PostgresEventStore, errors: list[Exception]) -> None:
        super().__init__(store)
        self.errors = errors

    async def append(self, writes: Sequence[Write], cause: Cause) -> int:
        position = await super().append(writes, cause)
        if self.errors:
            raise self.errors.pop()
        return position


async def test_a_store_that_is_busy_or_does_not_answer_is_waited_for(flow: Flow) -> None:
    await flow.append("order-1", "a")
    await publish_all(flow)
    store = Fails(
        flow.store,
        [Busy("queue full"), OutcomeUnknown("no answer"), ConnectionResetError(), OutcomeUnknown("no answer")],
    )
    async with running(answers := answering(flow, store)):
        await eventually(partial(is_quiet, answers))
    assert await words_of(flow, "answer-1") == ["a.0", "a.1"]
    assert await flow.parked() == []


async def test_a_policy_that_was_superseded_saves_no_checkpoint(flow: Flow) -> None:
    """Its commands are sent all the same, and recognised when the successor sends them."""
    entered, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Watched):
        async def append(self, writes: Sequence[Write], cause: Cause) -> int:
            entered.set()
            await go_on.wait()
            return await super().append(writes, cause)

    await flow.append("order-1", "a")
    await publish_all(flow)
    async with running(answers := answering(flow, Slow(flow.store))):
        await asyncio.wait_for(entered.wait(), LIMIT)
        await flow.pool.execute("update checkpoints set epoch = epoch + 1 where subscription = 'answers'")
        epoch = await epoch_of(flow)
        go_on.set()
        await eventually(partial(is_claimed_after, flow, epoch))  # as is done where a checkpoint could not be saved
        await eventually(partial(is_quiet, answers))
        assert await saved(flow) == 1
    assert await words_of(flow, "answer-1") == ["a.0", "a.1"]
