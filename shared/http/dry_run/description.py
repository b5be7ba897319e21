"""Dry runs in the OpenAPI document: the parameter of every command, and what a dry run answers."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from shared.http.dry_run.foretelling import SWITCH, DryRunView

Schema = dict[str, Any]

DRY_RUN: Schema = {
    "name": SWITCH,
    "in": "query",
    "required": False,
    "description": "`true`: nothing is written; the answer tells the events, deadlines, money and notifications that "
    "would follow, or it is the very problem that the command would get.",
    "schema": {"type": "boolean", "default": False},
}
_TOLD = {"$ref": "#/components/schemas/DryRunView"}


def dry_run_schemas() -> Schema:
    """The answer of a dry run and its parts, by name."""
    described = TypeAdapter(DryRunView).json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    parts: Schema = described.pop("$defs")
    return {**parts, "DryRunView": described}


def has_dry_run(route: object) -> bool:
    """Whether the route is a command that can be tried."""
    fast_path = getattr(route, "fast_path", None)
    return bool(fast_path and fast_path.queries.switch)


def describe_dry_run(operation: Schema, route: object) -> None:
    """The parameter of a command, and 200 in the place of what it would answer."""
    if not has_dry_run(route):
        return
    operation.setdefault("parameters", []).append(DRY_RUN)
    usual = operation["responses"].get("200")
    if usual:
        media = usual["content"]["application/json"]
        media["schema"] = {"anyOf": [*media["schema"].get("anyOf", [media["schema"]]), _TOLD]}
        return
    told = {"description": "With `dry_run=true`: what would follow", "content": {"application/json": {"schema": _TOLD}}}
    operation["responses"]["200"] = told
