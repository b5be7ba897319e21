"""Path checks: 404 for an id that cannot name anything, before a lookup."""

from __future__ import annotations

from collections.abc import Mapping

from shared.events.slot import PREFIXES, slot_of_id
from shared.http.problems import Refusal

LONGEST_PART = 200  # characters of a path's variable part: an id


def refuse_odd_path(path: str, variables: Mapping[str, str]) -> None:
    """404 where no id can be meant: a character that no text shows (a NUL, a line break), or more than any id has."""
    if not path.isprintable() or any(len(text) > LONGEST_PART for text in variables.values()):
        raise Refusal("not_found", "No id reads like this.")


def refuse_ids_without_slot(variables: Mapping[str, str]) -> None:
    """404 where an id of ours, such as `dispute_id`, carries no slot, which says where its log is."""
    for name, text in variables.items():
        prefix = PREFIXES.get(name.removesuffix("_id"))
        if prefix and slot_of_id(prefix, text) is None:
            raise Refusal("not_found", "No id reads like this.")
