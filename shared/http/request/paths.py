"""Paths: the parts as they were encoded, and 404 for an id that cannot name anything, before a lookup."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from starlette.types import Scope

from shared.events.outside.ids import is_outside_id
from shared.events.slot import PREFIXES, slot_of_id
from shared.http.problems import Refusal

_SLASH = "\0"
"""Stands in a path for a slash that belongs to an id; no path has the character itself."""


def parted_path(scope: Scope) -> str:
    """The decoded path of a request, in which a slash that was percent-encoded parts nothing; 404 with a NUL in it."""
    raw: bytes = scope.get("raw_path") or b""
    path: str = scope["path"]
    if _SLASH in path:
        raise Refusal("not_found", "No id reads like this.")
    if b"%2F" not in raw and b"%2f" not in raw:
        return path
    return "/".join(unquote(part).replace("/", _SLASH) for part in raw.decode("latin-1").split("/"))


def variables_of(found: Mapping[str, str]) -> dict[str, str]:
    """A path's variable parts with their own slashes; 404 where no id can be meant by one."""
    variables = {name: text.replace(_SLASH, "/") for name, text in found.items()}
    if not all(map(is_outside_id, variables.values())):
        raise Refusal("not_found", "No id reads like this.")
    return variables


def refuse_ids_without_slot(variables: Mapping[str, str]) -> None:
    """404 where an id of ours, such as `dispute_id`, carries no slot, which says where its log is."""
    for name, text in variables.items():
        prefix = PREFIXES.get(name.removesuffix("_id"))
        if prefix and slot_of_id(prefix, text) is None:
            raise Refusal("not_found", "No id reads like this.")
