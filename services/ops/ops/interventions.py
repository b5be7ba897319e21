"""Interventions: what an operator changes past the commands is kept with who it was and why."""

from __future__ import annotations

import getpass
import json
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ops.databases import Connection
    from shared.eventstore.connections import Connection as PooledConnection

_KEEP = "insert into interventions (who, command, reason, detail) values ($1, $2, $3, $4::text::jsonb)"

Reason = Annotated[str, typer.Option("--reason", help="Why: it is kept with what is done, and by whom.")]
Agreed = Annotated[bool, typer.Option("--yes", "-y", help="Do it; without, the plan is shown.")]


async def keep(connection: Connection | PooledConnection, command: str, reason: str, detail: Mapping[str, Any]) -> None:
    """Keeps it, in the transaction that does it."""
    await connection.execute(_KEEP, operator(), command, reason, json.dumps(detail, default=str))


def operator() -> str:
    """Who types: the account of this machine."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def reasoned(reason: str) -> str:
    """The reason; a usage error where there is none."""
    if not reason.strip():
        raise typer.BadParameter("--reason says why: it is kept with what is done")
    return reason.strip()
