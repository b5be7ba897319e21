"""`makewhole relay`: how far each log is published to its topic, and publishing it again."""

from __future__ import annotations

from typing import Any

from ops.commands.options import Json, OneService, finish, group, run
from ops.databases import connected, query
from ops.interventions import Agreed, Reason, keep, reasoned
from ops.stack import Stack

_PROGRESS = """
select coalesce(max(c.position), 0) as published, coalesce((select max(position) from events), 0) as head,
    (select log_id::text from log) as log_id, coalesce(max(c.epoch), 0) as epoch
from checkpoints c where c.subscription = 'relay' and c.partition = -1
"""

app = group("From each log to its topic.")


@app.command()
def status(json: Json = False) -> None:
    """How far each log is published."""
    rows = run(query(None, _PROGRESS))
    finish([{**row, "behind": row["head"] - row["published"]} for row in rows], json, "relay")


@app.command()
def rewind(service: OneService, reason: Reason = "", yes: Agreed = False, json: Json = False) -> None:
    """Publish a log again from its beginning, for a topic that was lost or created anew; subscriptions skip what they
    know.
    """
    stack = Stack.load()
    (reached,) = run(query(service, _PROGRESS))
    plan = {"service": service, "topic": stack.topic(service), "published": reached["published"], "again_from": 1}
    if yes:
        run(_rewind(stack.dsn(service), plan, reasoned(reason)))
    finish([plan], json, "rewound" if yes else "plan, done with --yes and --reason")


async def _rewind(dsn: str, plan: dict[str, Any], reason: str) -> None:
    from shared.relay.progress import rewind as rewind_relay

    async with connected(dsn) as connection, connection.transaction():
        await rewind_relay(connection, plan["topic"])
        await keep(connection, "relay rewind", reason, plan)
