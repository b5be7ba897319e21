"""The audit of whole databases: what lived by the rules has no fault, and whatever is damaged in it is named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg

from tests.support.audit import audited, faults_of
from tests.support.audit_world import World, expire, live, open_world
from tests.support.builders.orders import on

Migrated = Callable[[str], Awaitable[str]]
NOW = on("Mar 21")


async def damaged(world: World, service: str, *statements: str) -> None:
    """Changes what stands in a database, the log included."""
    connection = await asyncpg.connect(world.dsns[service])
    try:
        await connection.execute("alter table events disable trigger events_are_facts")
        for statement in statements:
            assert not (await connection.execute(statement)).endswith(" 0"), "the statement changed nothing"
    finally:
        await connection.close()


async def test_a_world_by_the_rules_has_no_fault_before_and_after_its_end(migrated: Migrated) -> None:
    async with open_world(migrated) as world:
        await live(world)
        assert faults_of(await audited(world.dsns, world.movements, NOW)) == {}
        await expire(world)
        checks = await audited(world.dsns, world.movements, NOW + timedelta(days=400))
        assert faults_of(checks) == {}
        assert checks["ledger"].seen == {"refunds": 2, "effects": 2}
        assert checks["sagas"].seen["notes"] > 4
