"""`makewhole parked`: streams that were laid aside because an event of theirs could not be handled."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.commands.options import Json, OneService, Service, Yes, confirm, finish, group, run
from ops.databases import query
from ops.stack import Stack

_PARKED = """
select p.subscription, p.stream, p.from_position, p.attempts, p.parked_at, p.error,
    (select count(*) from parked_events e where (e.subscription, e.stream) = (p.subscription, p.stream)) as events
from parked p order by p.parked_at, p.stream
"""

app = group("Streams, of a policy keys, that were laid aside because an event of theirs could not be handled.")


@app.command("list")
def list_parked(service: Service = None, json: Json = False) -> None:
    """The parked streams; exit code 1 where there are any."""
    rows = run(query(service, _PARKED))
    finish(rows, json, "parked streams", ok=not rows)


@app.command()
def retry(
    service: OneService,
    stream: Annotated[str | None, typer.Option(help="This stream or key alone.")] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Handle what is parked, in order, beside the running worker; exit code 1 where something stays parked."""
    parked = [row for row in run(query(service, _PARKED)) if stream in (None, row["stream"])]
    confirm(
        "\n".join(f"{row['subscription']}: {row['stream']}, {row['events']} events" for row in parked)
        or "nothing is parked",
        yes,
    )
    released = run(_retry(service, stream)) if parked else 0
    finish({"released": released, "still_parked": len(parked) - released}, json, ok=released == len(parked))


async def _retry(service: str, stream: str | None) -> int:
    """How many streams are free again, handled by the same subscriptions that the service's worker runs."""
    from ops.workers import WORKERS
    from shared.process.clock import running_clock
    from shared.subscriptions.subscription import Subscription

    settings = Stack.load().settings
    async with running_clock(settings) as clock, WORKERS[service](settings, clock) as (_, components):
        return sum([await each.retry_parked(stream) for each in components if isinstance(each, Subscription)])
