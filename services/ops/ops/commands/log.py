"""`makewhole log`: which log each service has, and making it another one after a restore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.commands.options import Json, OneService, Service, finish, group, run
from ops.databases import connected, query
from ops.interventions import Agreed, Reason, keep, reasoned
from ops.leases import lease
from ops.stack import Stack

if TYPE_CHECKING:
    from shared.kafka.signatures import LogKeys

_LOG = """
select log_id::text as log_id, (select coalesce(max(position), 0) from events) as head, lineage, partitions, created_at
from log
"""

app = group("The logs: one life of each, and the former ones that it continues.")


@app.command()
def show(service: Service = None, json: Json = False) -> None:
    """Each log's id, its last position and its former lives."""
    finish(run(query(service, _LOG)), json, "logs")


@app.command()
def renew(service: OneService, reason: Reason = "", yes: Agreed = False, json: Json = False) -> None:
    """After a restore or a failover that lost events: make the log another one, which shares with its former self what
    the topic and the log both hold. Its followers go on where they have seen no more; the others halt and say how
    they begin again. While its relay publishes, the worker must be stopped where it is kept running (with `make run`:
    Ctrl-C, then `.venv/bin/python -m local_stack backing`).
    """
    plan = run(_renewed(Stack.load(), service, reasoned(reason) if yes else None))
    finish([plan], json, "renewed" if yes else "plan, done with --yes and --reason")


async def _renewed(stack: Stack, service: str, reason: str | None) -> dict[str, Any]:
    """What was done, or without a reason would be; the relay works on nothing meanwhile."""
    async with lease(stack.dsn(service), "relay", service):
        plan = await _plan(stack, service)
        if reason is not None:
            async with connected(stack.dsn(service)) as connection, connection.transaction():
                born = await connection.fetchval("select renew_log($1)", plan["shared_up_to"])
                plan = {**plan, "log_id": str(born)}
                await keep(connection, "log renew", reason, plan)
    return plan


async def _plan(stack: Stack, service: str) -> dict[str, Any]:
    from shared.eventstore.connections import open_pool
    from shared.kafka.publisher import KafkaPublisher
    from shared.relay.progress import take_over
    from shared.relay.topic_comparison import first_difference

    topic, partitions = stack.topic(service), stack.settings.partitions
    async with open_pool(stack.dsn(service), 2) as pool, KafkaPublisher.opened(stack.kafka, topic, partitions) as kafka:
        progress = await take_over(pool, topic, partitions)
        found = await first_difference(progress, pool, kafka, _keys(stack, service))
        head = int(await pool.fetchval("select coalesce(max(position), 0) from events"))
    return {
        "service": service,
        "log": str(progress.log_id),
        "head": head,
        "shared_up_to": head if found is None else min(head, found.position - 1),
        "first_difference": str(found) if found else None,
    }


def _keys(stack: Stack, service: str) -> LogKeys | None:
    from shared.kafka.signatures import LogKeys

    keys = stack.settings.keys_of(service)
    return LogKeys(keys) if keys else None
