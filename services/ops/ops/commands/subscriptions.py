"""`makewhole subscriptions`: how far each one has come in its topic, and beginning again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.commands.options import Failed, Json, OneService, Service, finish, group, run
from ops.databases import connected, query
from ops.interventions import Agreed, Reason, keep, reasoned
from ops.leases import lease
from ops.read_models import read_models
from ops.stack import Stack
from shared.events.logs import LOGS
from shared.eventstore.log_identity import identify
from shared.subscriptions import checkpoints
from shared.subscriptions.checkpoints import Checkpoint

if TYPE_CHECKING:
    from shared.eventstore.log_identity import LogIdentity

_REACHED = """
select subscription, topic, count(*) as partitions, max(position) as position, sum(next_offset)::bigint as records,
    string_agg(distinct log_id::text, ' ') as log_id
from checkpoints where subscription <> 'relay' group by subscription, topic order by subscription
"""
_ROWS = "select partition from checkpoints where subscription = $1 and topic = $2 order by partition"

app = group("From each topic to the read models and policies of the services.")


@app.command("list")
def list_subscriptions(service: Service = None, json: Json = False) -> None:
    """How far each subscription has come."""
    finish(run(query(service, _REACHED)), json, "subscriptions")


@app.command()
def restart(
    service: OneService,
    name: Annotated[str, typer.Argument(help="A policy, as listed.")],
    reason: Reason = "",
    yes: Agreed = False,
    json: Json = False,
) -> None:
    """Let a policy begin again with the first record of the log that it follows, as that log is now: what it has
    done is recognised by its content, and where an event asks for something else than before its key is parked.
    """
    if name in read_models(service):
        raise typer.BadParameter(f"{name} is a read model: `makewhole projections rebuild {service} {name}`")
    plan = run(_restarted(service, name, reasoned(reason) if yes else None))
    finish([plan], json, "restarted" if yes else "plan, done with --yes and --reason")


async def _restarted(service: str, name: str, reason: str | None) -> dict[str, Any]:
    """What was done, or without a reason would be."""
    stack = Stack.load()
    topic = next((row["topic"] for row in await query(service, _REACHED) if row["subscription"] == name), "")
    log = next((log for log in LOGS.values() if log.topic == topic), None)
    if log is None:
        raise Failed(f"{service} has no subscription {name}: `makewhole subscriptions list`")
    async with connected(stack.dsn(log.service)) as connection:
        identity = await identify(connection)
    plan = {"subscription": name, "topic": topic, "follows_log": str(identity.log_id), "lineage": identity.lineage}
    if reason is not None:
        await _restart(stack.dsn(service), service, name, topic, identity, reason)
    return plan


async def _restart(dsn: str, service: str, name: str, topic: str, identity: LogIdentity, reason: str) -> None:
    async with lease(dsn, f"subscription {name}", service), connected(dsn) as connection, connection.transaction():
        marks = {row["partition"]: Checkpoint(row["partition"]) for row in await connection.fetch(_ROWS, name, topic)}
        await checkpoints.restart(connection, name, topic, identity, marks)
        await keep(connection, "subscriptions restart", reason, {"subscription": name, "log_id": identity.log_id})
