"""`makewhole relay`: how far each log is published to its topic, and publishing it again."""

from __future__ import annotations

from ops.commands.options import Json, OneService, Yes, confirm, finish, group, run
from ops.databases import query
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
def rewind(service: OneService, yes: Yes = False) -> None:
    """Publish a log again from its beginning, for a topic that was lost or created anew; subscriptions skip what they
    know.
    """
    stack = Stack.load()
    confirm(f"the log of {service} is published again from its beginning, to {stack.topic(service)}", yes)
    run(_rewind(stack, service))


async def _rewind(stack: Stack, service: str) -> None:
    from shared.eventstore.connections import open_pool
    from shared.relay.progress import rewind as rewind_relay

    async with open_pool(stack.dsn(service)) as pool:
        await rewind_relay(pool, stack.topic(service))
