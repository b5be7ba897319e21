"""A log that comes back shorter, or another one: a standby that lacked the last events was promoted, or a backup was
restored. It has the same id, and its positions are given to other events.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from shared.decider import Send
from shared.events.envelope import Recorded
from shared.process.addresses import database_url
from shared.relay.progress import rewind
from shared.relay.relay import Relay
from shared.subscriptions.log_beside import LogBeside
from shared.subscriptions.policy import Policy
from shared.subscriptions.projection import Projection
from shared.subscriptions.subscription import Subscription
from tests.cases.plugin import Came
from tests.shared.relay.test_relay import create_anew
from tests.shared.subscriptions.test_subscription import is_quiet, publish_all, says
from tests.support.servers import backing
from tests.support.servers.stack import eventually
from tests.support.toys.marks import DECIDER, Answer, Flow, as_owner, count_versions, flow_on, running, word

Open = Callable[[str], "AsyncIterator[Flow]"]


@pytest.fixture
async def primary(
    migrated: Callable[[str], Awaitable[str]], kafka: str, fresh_topic: Callable[..., Awaitable[str]]
) -> str:
    return await migrated("dispute")


@pytest.fixture
async def topic(fresh_topic: Callable[..., Awaitable[str]]) -> str:
    return await fresh_topic("dispute.events")


async def copy_of(databases: backing.Databases, dsn: str) -> str:
    """What a standby or a backup holds of a database now; nobody may be connected to it."""
    name = f"{dsn.rsplit('/', 1)[1]}_copy"
    await databases._execute(f'create database "{name}" template "{dsn.rsplit("/", 1)[1]}"')
    return database_url(databases.server_url, name)


@asynccontextmanager
async def came_back(
    databases: backing.Databases, kafka: str, primary: str, topic: str, lost: int
) -> AsyncIterator[tuple[Flow, Flow]]:
    """A follower of its own, and the log as it came back without its last `lost` events, which had been published."""
    follower_dsn = await databases.migrated("refund")
    async with flow_on(follower_dsn, kafka, topic) as follower:
        async with flow_on(primary, kafka, topic) as flow:
            await flow.append("order-1", "opened", key="o")
            await follow_all(follower, flow)
        copy = await copy_of(databases, primary)
        async with flow_on(primary, kafka, topic) as flow:
            flow._versions["order-1"] = 1
            await flow.append("order-1", *["lost"] * lost, key="o")
            await follow_all(follower, flow)
        async with flow_on(copy, kafka, topic) as restored:
            restored._versions["order-1"] = 1
            yield follower, restored
        await databases.drop(copy)


async def follow_all(follower: Flow, flow: Flow) -> None:
    await publish_all(flow)
    async with running(each := follower.subscription("seen", Projection(count_versions))):
        await eventually(partial(is_quiet, each))


def halt(relay: Relay) -> str:
    return "halted: makewhole log renew" if "makewhole log renew" in (relay.halted() or "") else "goes on"


async def halts(relay: Relay) -> bool:
    return relay.halted() is not None


@pytest.mark.case(
    "EH4",
    given="a log without its last 3 published events, and a new one in their place",
    right="halted: makewhole log renew",
)
async def test_a_relay_whose_log_came_back_with_other_events_halts(
    databases: backing.Databases, kafka: str, primary: str, topic: str, came: Came
) -> None:
    async with came_back(databases, kafka, primary, topic, lost=3) as (_, restored):
        await restored.append("order-1", "another", key="o")
        async with running(relay := restored.relay()):
            await eventually(partial(halts, relay))
        came(halt(relay))


@pytest.mark.case("EH4+1", given="the same before anything is appended", right="halted: makewhole log renew")
async def test_a_relay_whose_log_came_back_shorter_halts_before_anything_is_appended(
    databases: backing.Databases, kafka: str, primary: str, topic: str, came: Came
) -> None:
    async with came_back(databases, kafka, primary, topic, lost=1) as (_, restored):
        async with running(relay := restored.relay()):
            await eventually(partial(halts, relay))
        came(halt(relay))


@pytest.mark.case(
    "EH4+2",
    given="the topic created anew and published by the log that came back",
    right="the follower halts: makewhole log renew",
)
async def test_a_follower_halts_where_its_last_event_is_another_one(
    databases: backing.Databases, kafka: str, primary: str, topic: str, came: Came
) -> None:
    async with came_back(databases, kafka, primary, topic, lost=1) as (follower, restored):
        await restored.append("order-1", "another", key="o")
        await create_anew(restored)
        await rewind(restored.pool, topic)
        await publish_all(restored)
        async with running(each := follower.subscription("seen", Projection(count_versions))):
            await eventually(partial(says, each, "makewhole log renew"))
            came(f"the follower halts: {'makewhole log renew' if each.halted() else ''}")
        assert await follower.seen() == {"order-1": [1, 2]}


@pytest.mark.case(
    "EH4+3",
    given="the same after the log was renewed up to what both hold",
    right="the follower halts: from position 1 on",
)
async def test_once_the_log_is_renewed_whoever_has_seen_what_is_lost_halts_and_all_others_go_on(
    databases: backing.Databases, kafka: str, primary: str, topic: str, came: Came
) -> None:
    async with came_back(databases, kafka, primary, topic, lost=2) as (follower, restored):
        await restored.append("order-1", "another", key="o")
        await as_owner(restored.dsn, "select renew_log(1)")
        await publish_all(restored)
        async with running(each := follower.subscription("seen", Projection(count_versions))):
            await eventually(partial(says, each, "from position 1 on, and here the events up to 3 were taken"))
            came("the follower halts: from position 1 on")
        assert await follower.seen() == {"order-1": [1, 2, 3]}


async def test_a_log_that_is_whole_is_published_on_whoever_else_wrote_to_the_topic(
    databases: backing.Databases, kafka: str, primary: str, topic: str
) -> None:
    """A relay that died between Kafka's acknowledgement and its checkpoint finds its own records, and strange ones."""
    async with flow_on(primary, kafka, topic) as flow:
        await flow.fill(streams=10, versions=3)
        await publish_all(flow)
        await rewind(flow.pool, topic)
        await flow.fill(streams=10, versions=3)
        async with running(relay := flow.relay()):
            await eventually(partial(is_quiet, relay))
        assert relay.halted() is None


@pytest.mark.case(
    "EH4+4",
    given="log and follower both came back without the last event, and another one in its place",
    right="the relay halts; the log renewed, the follower halts: from position 1 on",
)
async def test_where_all_databases_came_back_nothing_is_passed_over_in_silence(
    databases: backing.Databases, kafka: str, primary: str, topic: str, came: Came
) -> None:
    follower_dsn = await databases.migrated("refund")
    async with flow_on(follower_dsn, kafka, topic) as follower, flow_on(primary, kafka, topic) as flow:
        await flow.append("order-1", "opened", key="o")
        await follow_all(follower, flow)
    copies = [await copy_of(databases, dsn) for dsn in (primary, follower_dsn)]
    async with flow_on(follower_dsn, kafka, topic) as follower, flow_on(primary, kafka, topic) as flow:
        flow._versions["order-1"] = 1
        await flow.append("order-1", "lost", key="o")
        await follow_all(follower, flow)
    async with flow_on(copies[0], kafka, topic) as restored, flow_on(copies[1], kafka, topic) as follower:
        restored._versions["order-1"] = 1
        await restored.append("order-1", "another", key="o")
        each = follower.subscription("seen", Projection(count_versions))
        async with running(relay := restored.relay(), each):
            await eventually(partial(halts, relay))
            await eventually(lambda: has_read(follower, {"order-1": [1, 2]}))  # the topic has it, and it cannot know
            await as_owner(restored.dsn, "select renew_log(1)")
            await eventually(partial(says, each, "from position 1 on"))
        came("the relay halts; the log renewed, the follower halts: from position 1 on")


async def has_read(flow: Flow, expected: object) -> bool:
    return await flow.seen() == expected


def answering(flow: Flow) -> Subscription:
    """A policy that follows the log beside it: each event of an order is answered once."""

    def react(recorded: Recorded[Any]) -> Iterable[Send]:
        if recorded.stream.startswith("order-"):
            yield Send.on(recorded, "answer", 0, Answer, about="1", text=word(recorded))

    return flow.subscription("answers", Policy(react, flow.store, DECIDER), beside=LogBeside(flow.pool))


async def answers(flow: Flow) -> Sequence[str]:
    (events,) = await flow.store.load("answer-1")
    return [word(recorded) for recorded in events]


async def answered(flow: Flow) -> None:
    """Everything is published, followed, and what was answered to it too."""
    async with running(relay := flow.relay(), each := answering(flow)):
        await eventually(partial(all_quiet, relay, each))


async def all_quiet(*components: Relay | Subscription) -> bool:
    return all([await each.quiet() is None for each in components])


@pytest.mark.case(
    "EH4+5",
    given="a policy and a read model on a log that came back without an event, and another one in its place",
    right="both halt: makewhole log renew; the log renewed, answered: opened another; seen: what the log holds",
)
async def test_who_follows_the_log_beside_it_takes_nothing_that_the_log_has_lost(
    databases: backing.Databases, kafka: str, primary: str, topic: str, came: Came
) -> None:
    async with flow_on(primary, kafka, topic) as flow:
        await flow.append("order-1", "opened", key="1")
        await answered(flow)
    copy = await copy_of(databases, primary)
    async with flow_on(primary, kafka, topic) as flow:
        flow._versions["order-1"] = 1
        await flow.append("order-1", "lost", key="1")
        await answered(flow)
        assert await answers(flow) == ["opened", "lost"]
    async with flow_on(copy, kafka, topic) as restored:
        restored._versions["order-1"] = 1
        seen = restored.subscription("seen", Projection(count_versions), beside=LogBeside(restored.pool))
        async with running(relay := restored.relay(), each := answering(restored), seen):
            await eventually(partial(says, each, "makewhole log renew"))
            await eventually(partial(says, seen, "makewhole log renew"))
            await restored.append("order-1", "another", key="1")
            await as_owner(restored.dsn, "select renew_log(2)")
            await eventually(partial(all_quiet, relay, each, seen))
            logged = "what the log holds" if await restored.projected() else "something else"
        came(
            "both halt: makewhole log renew; the log renewed, "
            f"answered: {' '.join(await answers(restored))}; seen: {logged}"
        )
        assert await restored.parked() == []
