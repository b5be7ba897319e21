"""`makewhole parked`: what waits for a person, to be looked at, handled or let go.

A stream (of a policy: a key) is parked because an event of it could not be handled; a record is quarantined because it
is not of the log that is followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from ops import attention
from ops.attention import Waiting
from ops.commands.options import Failed, Json, OneService, Service, fail, finish, group, run
from ops.databases import connected, query
from ops.interventions import Agreed, Reason, keep, reasoned
from ops.stack import Stack

READ_LIMIT = 20.0

app = group("What waits for a person: streams with an event that could not be handled, and records of no log of ours.")

Names = Annotated[list[str] | None, typer.Argument(help="Streams, or records as topic/partition/offset, as listed.")]


@app.command("list")
def list_parked(service: Service = None, json: Json = False) -> None:
    """What waits for a person; exit code 1 where there is anything."""
    rows = run(query(service, attention.LIST))
    finish(rows, json, "waiting for a person", ok=not rows)


@app.command()
def show(service: OneService, name: Annotated[str, typer.Argument(help="As listed.")], json: Json = False) -> None:
    """The records of one stream, or one record: headers and value."""
    finish(run(_contents(service, name)), json, name)


@app.command()
def retry(
    service: OneService,
    stream: Annotated[str | None, typer.Option(help="This stream or key alone.")] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="With --stream: also what stands where an event did that a log has lost.")
    ] = False,
    reason: Reason = "",
    yes: Agreed = False,
    json: Json = False,
) -> None:
    """Handle what is parked, in order, beside the running worker, and read what is in quarantine again; exit code 1
    where something is left. With --anew what another event had asked for at the same place (KeyReused) stays, and what
    this one asks for is carried out beside it.
    """
    if anew and stream is None:
        raise typer.BadParameter("--anew is decided key by key: say --stream")
    found = _named(service, [] if stream is None else [stream])
    if not yes:
        _show(found, json, "would be handled", "plan, done with --yes and --reason")
        return
    why = reasoned(reason)
    read = run(_read_again(service, [each for each in found if each.kind == "record"], why))
    streams = [each for each in found if each.kind == "stream"]
    released = run(_retry(service, stream, anew, streams, why)) if streams else 0
    left = len(run(_found(service, [each.name for each in found]))) if found else 0
    finish({"released": released, "records_read_again": read, "still_waiting": left}, json, ok=not left)


@app.command()
def drop(
    service: OneService,
    names: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="All that waits for a person.")] = False,
    reason: Reason = "",
    yes: Agreed = False,
    json: Json = False,
) -> None:
    """Let it go: it is never handled, and what follows in a parked stream is handled without it. Who did it and why is
    kept (`makewhole interventions`).
    """
    if bool(names) == everything:
        raise typer.BadParameter("name what is dropped, or say --all")
    found = _named(service, names or [])
    if not yes:
        _show(found, json, "would be dropped", "plan, done with --yes and --reason")
        return
    run(_drop(service, found, reasoned(reason)))
    _show(found, json, "dropped", "dropped")


def _named(service: str, names: Sequence[str]) -> list[Waiting]:
    """What waits under these names, all of it where none are given; exit code 1 where one does not wait."""
    found = run(_found(service, names))
    for missing in sorted(set(names) - {each.name for each in found}):
        fail(f"{missing} is not among what waits for a person")
    return found


def _show(found: Sequence[Waiting], json: bool, done: str, title: str) -> None:
    finish([{"done": done, **asdict(each)} for each in found], json, title)


async def _found(service: str, names: Sequence[str]) -> list[Waiting]:
    async with connected(Stack.load().dsn(service)) as connection:
        return await attention.waiting(connection, names)


async def _contents(service: str, name: str) -> list[dict[str, Any]]:
    async with connected(Stack.load().dsn(service)) as connection:
        if not (found := await attention.waiting(connection, [name])):
            raise Failed(f"{name} is not among what waits for a person")
        return [
            {"subscription": each.subscription, **row, "value": row["value"].decode(errors="backslashreplace")}
            for each in found
            for row in await attention.contents(connection, each)
        ]


async def _drop(service: str, found: Sequence[Waiting], reason: str) -> None:
    async with connected(Stack.load().dsn(service)) as connection, connection.transaction():
        for each in found:
            rows = await attention.contents(connection, each)
            records = [{"offset": row["record_offset"], "headers": row["headers"]} for row in rows]
            await keep(connection, "parked drop", reason, {**asdict(each), "dropped": records})
            await attention.drop(connection, each)


async def _read_again(service: str, records: Sequence[Waiting], reason: str) -> int:
    """How many records of them the worker has read again by now."""
    if not records:
        return 0
    async with connected(Stack.load().dsn(service)) as connection:
        async with connection.transaction():
            stood = await attention.read_records_again(connection, records)
            await keep(connection, "parked retry", reason, {"records": [asdict(each) for each in records]})
        if not await attention.read_to(connection, stood, READ_LIMIT):
            raise Failed(f"the worker of {service} reads them again once it runs: `makewhole parked list` then")
    return len(records)


async def _retry(service: str, stream: str | None, anew: bool, found: Sequence[Waiting], reason: str) -> int:
    """How many streams are free again, handled by the same subscriptions that the service's worker runs."""
    from ops.workers import WORKERS
    from shared.process.clock import running_clock
    from shared.subscriptions.subscription import Subscription

    async with connected(Stack.load().dsn(service)) as connection:
        await keep(connection, "parked retry", reason, {"streams": [asdict(each) for each in found], "anew": anew})
    settings = Stack.load().settings
    async with running_clock(settings) as clock, WORKERS[service](settings, clock) as (_, components):
        return sum([await each.retry_parked(stream, anew) for each in components if isinstance(each, Subscription)])
