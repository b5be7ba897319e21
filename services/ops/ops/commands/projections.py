"""`makewhole projections`: the read models, and making one anew from the log."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.commands.options import Json, OneService, Service, finish, group, run
from ops.databases import query
from ops.interventions import Agreed, Reason, reasoned
from ops.read_models import read_models
from ops.stack import Stack, chosen

_REACHED = """
select coalesce(max(position), 0) as position, (select coalesce(max(position), 0) from events) as head,
    (select count(*) from parked where subscription = $1) as parked_streams,
    (select count(*) from quarantine where subscription = $1) as records_quarantined
from checkpoints where subscription = $1
"""

app = group("The read models: what the projections make of each log.")


@app.command("list")
def list_projections(service: Service = None, json: Json = False) -> None:
    """Each read model and how far it has come."""
    rows = []
    for name in chosen(service):
        for model in read_models(name):
            rows += [{"read_model": model, **row} for row in run(query(name, _REACHED, model))]
    finish(rows, json, "projections")


@app.command()
def rebuild(
    service: OneService,
    name: Annotated[str | None, typer.Argument(help="One read model; all of the service where left out.")] = None,
    reason: Reason = "",
    yes: Agreed = False,
    json: Json = False,
) -> None:
    """Make read models anew from the log, while nothing keeps them: their subscription must stand still, or the worker
    be stopped where it is kept running (with `make run`: Ctrl-C, then `.venv/bin/python -m local_stack backing`).
    Readers see the former rows until it is done.
    """
    models = read_models(service)
    if unknown := {name} - set(models) - {None}:
        raise typer.BadParameter(f"{', '.join(map(str, unknown))}: choose from {', '.join(models) or 'none'}")
    wanted = [model for each, model in models.items() if name in (None, each)]
    rows: list[dict[str, Any]] = [
        {"read_model": each.NAME, "emptied": ", ".join(table.name for table in each.TABLES)} for each in wanted
    ]
    if yes:
        from ops.rebuild import rebuild as rebuild_one

        why, dsn = reasoned(reason), Stack.load().dsn(service)
        rows = [dict(run(rebuild_one(dsn, service, model, why))) for model in wanted]
    finish(rows, json, "rebuilt" if yes else "plan, done with --yes and --reason")
