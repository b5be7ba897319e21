"""`makewhole interventions`: what operators changed past the commands, who they were and why."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.commands.options import Json, Service, finish, run
from ops.databases import query

_LATEST = "select at, who, command, reason, detail::text as detail from interventions order by number desc limit $1"


def interventions(
    service: Service = None, limit: Annotated[int, typer.Option(min=1, max=10_000)] = 25, json: Json = False
) -> None:
    """What was dropped, read again, rebuilt or renewed by hand: the latest first."""
    finish(run(query(service, _LATEST, limit)), json, "interventions")
