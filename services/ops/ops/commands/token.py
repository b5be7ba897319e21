"""`makewhole token`: prints a token of the sandbox's identity provider."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.client import Call, open_api
from ops.commands.options import Json, body_of, run
from ops.output import show
from ops.stack import Stack


def token(
    sub: Annotated[str, typer.Argument(help="The party's id.")],
    role: Annotated[
        list[str], typer.Argument(help="buyer, seller, case_team, support, warehouse, service, ops or labels")
    ],
    expires_in: Annotated[int, typer.Option(help="Seconds; below zero for one that has expired.")] = 3600,
    json: Json = False,
) -> None:
    """Print a bearer token for a party in these roles."""
    response = run(_token({"sub": sub, "roles": role, "expires_in": expires_in}))
    if json:
        show(response, json)
    else:
        print(response["access_token"])


async def _token(body: dict[str, Any]) -> Any:
    async with open_api(Stack.load()) as api:
        return body_of(await api.send(Call("sandbox", "POST", "/token", body, repeatable=True)))
