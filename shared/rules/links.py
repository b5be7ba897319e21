"""Rule links: the address of a rule's page under `/rules`."""

from __future__ import annotations

from collections.abc import Iterable


def rule_links(rules: Iterable[str]) -> dict[str, str]:
    """The page of each rule by its id, as a path of the service that answers."""
    return {rule: f"/rules/{rule}" for rule in rules}
