"""View of a rule set: a version as a row, and one with its parameters and the versions beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from typing_extensions import TypedDict

from dispute.domain.programmes import Programmes
from dispute.domain.versions import RuleSet
from shared.events.base import Instant
from shared.rules.links import rule_links


class ProgrammeRow(TypedDict):
    """One version of a rule set: in force from its beginning until a higher version begins."""

    id: str
    kind: Literal["programme", "law_pack"]
    title: str
    version: int
    hash: str
    effective_from_at: Instant
    effective_until_at: Instant | None
    href: str


class ProgrammeView(ProgrammeRow):
    """A version whole: `parameters` are the tables of its document with what it inherits."""

    parameters: Mapping[str, Any]
    rules: Sequence[str]
    rule_links: Mapping[str, str]
    versions: Sequence[ProgrammeRow]


class ProgrammeList(TypedDict):
    """The rule sets that are in force."""

    data: Sequence[ProgrammeRow]


def programme_row(programmes: Programmes, one: RuleSet) -> ProgrammeRow:
    """One version as a list shows it."""
    return {
        "id": one.id,
        "kind": one.kind,
        "title": one.title,
        "version": one.version,
        "hash": one.hash,
        "effective_from_at": one.begins_at,
        "effective_until_at": programmes.until(one),
        "href": f"/v1/programmes/{one.id}?version={one.version}",
    }


def programme_view(programmes: Programmes, one: RuleSet) -> ProgrammeView:
    """One version with all that it sets or inherits."""
    return {
        **programme_row(programmes, one),
        "parameters": one.parameters,
        "rules": one.rules,
        "rule_links": rule_links(one.rules),
        "versions": [programme_row(programmes, other) for other in programmes.versions(one.id)],
    }
