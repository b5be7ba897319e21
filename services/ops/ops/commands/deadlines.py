"""`makewhole deadlines`: what is due when."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.commands.options import Json, Service, finish, group, run
from ops.databases import query

_EARLIEST = "select due_at, kind, stream, key from deadlines order by due_at, stream, kind limit $1"

app = group("What is due when.")


@app.command("list")
def list_deadlines(
    service: Service = None, limit: Annotated[int, typer.Option(min=1, max=10_000)] = 25, json: Json = False
) -> None:
    """The earliest deadlines of each service."""
    rows = run(query(service, _EARLIEST, limit))
    finish(sorted(rows, key=lambda row: str(row["due_at"]))[:limit], json, "deadlines")
