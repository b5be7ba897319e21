"""`makewhole deadlines`: what is due when, and the table made anew from the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.commands.options import Json, Service, finish, group, one_service, run
from ops.databases import connected, query
from ops.interventions import Agreed, Reason, keep, reasoned
from ops.stack import Stack, chosen
from shared.events.errors import NewerVersion

if TYPE_CHECKING:
    from ops.log_snapshot import LogSnapshot
    from shared.deadlines.from_log import DeadlinesOfLog
    from shared.decider import Decider

_EARLIEST = "select due_at, kind, stream, key from deadlines order by due_at, stream, kind limit $1"

app = group("What is due when.")


@app.command("list")
def list_deadlines(
    service: Service = None, limit: Annotated[int, typer.Option(min=1, max=10_000)] = 25, json: Json = False
) -> None:
    """The earliest deadlines of each service."""
    rows = run(query(service, _EARLIEST, limit))
    finish(sorted(rows, key=lambda row: str(row["due_at"]))[:limit], json, "deadlines")


@app.command()
def rebuild(
    service: Annotated[
        str | None,
        typer.Argument(callback=lambda name: name and one_service(name), help="One service; all where left out."),
    ] = None,
    reason: Reason = "",
    yes: Agreed = False,
    json: Json = False,
) -> None:
    """Make the deadlines what the events of the log call for: after a restore or a defect, or for kinds that are new.

    Safe beside running workers. What only a newer version can read stays as it is.
    """
    from ops.deciders import DECIDERS

    stack = Stack.load()
    why = reasoned(reason) if yes else None
    found = [{"service": name, **run(rebuilt(stack.dsn(name), DECIDERS[name], why))} for name in chosen(service)]
    finish(found, json, "rebuilt" if yes else "plan, done with --yes and --reason")


async def rebuilt(dsn: str, decider: Decider, reason: str | None) -> Mapping[str, Any]:
    """What was done in the database, or without a reason would be."""
    from ops.log_snapshot import open_snapshot
    from shared.deadlines.rebuild import apply, changes

    async with open_snapshot(dsn) as moment:
        log = await _folded(decider, moment)
        wanted = list(changes(log, await moment.deadlines()))
    kinds = Counter(f"{change.what} {change.kind.partition(':')[0]}" for change in wanted)
    plan = {what: sum(change.what == what for change in wanted) for what in ("added", "removed", "moved", "rekeyed")}
    if reason is not None:
        async with connected(dsn) as connection:
            plan["left"] = len(wanted) - await apply(connection, wanted)
            await keep(connection, "deadlines rebuild", reason, plan)
    return {
        **plan,
        "unreadable_streams": len(log.unread),
        "of_kind": ", ".join(f"{n} {kind}" for kind, n in kinds.items()),
    }


async def _folded(decider: Decider, moment: LogSnapshot) -> DeadlinesOfLog:
    from shared.deadlines.from_log import DeadlinesOfLog
    from shared.events import codec

    log = DeadlinesOfLog(decider)
    async for stored in moment.events():
        try:
            recorded = codec.recorded(stored)
        except (NewerVersion, ValueError, KeyError):
            log.unreadable(stored.stream)
        else:
            log.add(recorded)
    return log
