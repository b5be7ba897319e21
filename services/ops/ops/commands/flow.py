"""`makewhole relay`, `parked` and `deadlines`: how the events flow on, what was laid aside, what is due when."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any

import asyncpg
import typer

from ops.commands.options import Json, OneService, Service, Yes, agree, chosen, finish, group, run
from ops.stack import Stack

_LAG = """
select coalesce(max(c.position), 0) as published, coalesce((select max(position) from events), 0) as head,
    (select log_id::text from log) as log_id, coalesce(max(c.epoch), 0) as epoch
from checkpoints c where c.subscription = 'relay' and c.partition = -1
"""
_PARKED = """
select p.subscription, p.stream, p.from_position, p.attempts, p.parked_at, p.error,
    (select count(*) from parked_events e where (e.subscription, e.stream) = (p.subscription, p.stream)) as events
from parked p order by p.parked_at, p.stream
"""
_DEADLINES = "select due_at, kind, stream, key from deadlines order by due_at, stream, kind limit $1"

relay = group("From each log to its topic.")
parked = group("Streams that were laid aside because an event of theirs could not be handled.")
deadlines = group("What is due when.")


@relay.command("status")
def relay_status(json: Json = False) -> None:
    """How far each log is published."""
    rows = run(_query(None, _LAG))
    shown = [{**row, "behind": row["head"] - row["published"]} for row in rows]
    finish(shown, json, "relay")


@relay.command("rewind")
def relay_rewind(service: OneService, yes: Yes = False) -> None:
    """Publish a log again from its beginning, for a topic that was lost or created anew; subscriptions skip what they
    know.
    """
    agree(f"the log of {service} is published again from its beginning, to {service}.events", yes)
    run(_rewind(service))


@parked.command("list")
def parked_list(service: Service = None, json: Json = False) -> None:
    """The parked streams; exit code 1 where there are any."""
    rows = run(_query(service, _PARKED))
    finish(rows, json, "parked streams", ok=not rows)


@parked.command("retry")
def parked_retry(
    service: OneService,
    stream: Annotated[str | None, typer.Option(help="This stream alone.")] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Handle what is parked, in order, beside the running worker; exit code 1 where something stays parked."""
    waiting = [row for row in run(_query(service, _PARKED)) if stream in (None, row["stream"])]
    agree(
        "\n".join(f"{row['subscription']}: {row['stream']}, {row['events']} events" for row in waiting)
        or "nothing is parked",
        yes,
    )
    released = run(_retry(service, stream)) if waiting else 0
    finish({"released": released, "still_parked": len(waiting) - released}, json, ok=released == len(waiting))


@deadlines.command("list")
def deadlines_list(
    service: Service = None, limit: Annotated[int, typer.Option(min=1, max=10_000)] = 25, json: Json = False
) -> None:
    """The earliest deadlines of each service."""
    rows = run(_query(service, _DEADLINES, limit))
    finish(sorted(rows, key=lambda row: str(row["due_at"]))[:limit], json, "deadlines")


async def _query(service: str | None, query: str, *values: Any) -> list[Mapping[str, Any]]:
    """The rows of each chosen service's database, with its name."""
    stack = Stack.load()
    found: list[Mapping[str, Any]] = []
    for name in chosen(service):
        connection = await asyncpg.connect(stack.dsn(name), timeout=10, command_timeout=30)
        try:
            found += [{"service": name, **dict(row)} for row in await connection.fetch(query, *values)]
        finally:
            await connection.close()
    return found


async def _rewind(service: str) -> None:
    from shared.eventstore.connections import open_pool
    from shared.relay.progress import rewind

    stack = Stack.load()
    async with open_pool(stack.dsn(service)) as pool:
        await rewind(pool, stack.topic(service))


async def _retry(service: str, stream: str | None) -> int:
    """As many streams as are free again, over the very subscriptions that the service's worker runs."""
    from shared.process.clock import running_clock
    from shared.subscriptions.subscription import Subscription

    settings = Stack.load().settings
    assemble = import_module(f"{service}.worker").assemble
    async with running_clock(settings) as clock, assemble(settings, clock) as (_, components):
        return sum([await each.retry_parked(stream) for each in components if isinstance(each, Subscription)])
