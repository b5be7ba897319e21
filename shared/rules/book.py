"""Rule book: rules by id, read once from the data files beside this module."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any

KINDS = ("statements", "conflicts", "transitions", "guards", "deadlines", "invariants", "states", "parameters")
"""The data files without their ending, in the order in which people read them."""

_KEYS = {"statement", "source", "parameters", "default", "built", "missing"}
_SHORT = re.compile(r"[SKTGDI]\d{1,3}[a-z]?|[PR]")
_LONG = re.compile(r"[a-z_]+(\.[a-z_]+)?")


class BadRuleBook(ValueError):
    """A data file is not as it has to be; the message names the file, the rule and the fault."""


class UnknownRule(KeyError):
    """No rule has this id."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `built` is the version since which it is enforced, None while it is not, `missing` what of a built one
    still lacks.
    """

    id: str
    kind: str
    statement: str
    source: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    default: Any = None
    built: str | None = None
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One data file: its title and what its rules have in common."""

    name: str
    title: str
    about: str
    rules: tuple[Rule, ...]


def rule(rule_id: str) -> Rule:
    """The rule of an id; UnknownRule if there is none."""
    try:
        return RULES[rule_id]
    except KeyError:
        raise UnknownRule(rule_id) from None


def kind_of(name: str, document: Mapping[str, Any]) -> Kind:
    """A data file's content; BadRuleBook names what is wrong with it."""
    entries = {key: value for key, value in document.items() if isinstance(value, dict)}
    if extra := document.keys() - entries.keys() ^ {"title", "about"}:
        raise BadRuleBook(f"{name}.toml: title and about, and a table for each rule: {_named(extra)}")
    rules = tuple(_rule(name, rule_id, fields) for rule_id, fields in entries.items())
    return Kind(name, _plain(document["title"]), _plain(document["about"]), rules)


def by_id(kinds: Iterable[Kind], sources: Mapping[str, str]) -> Mapping[str, Rule]:
    """Every rule by its id; BadRuleBook for an id that two files use and for a reference to nothing."""
    found: dict[str, Rule] = {}
    for one in (one for kind in kinds for one in kind.rules):
        if one.id in found:
            raise BadRuleBook(f"{one.id} stands in {found[one.id].kind}.toml and in {one.kind}.toml")
        found[one.id] = one
    for one in found.values():
        _check_references(one, found, sources)
    return MappingProxyType(found)


def _check_references(one: Rule, rules: Mapping[str, Rule], sources: Mapping[str, str]) -> None:
    unknown = [source for source in one.source if source not in sources and source not in rules]
    unknown += [name for name in one.parameters if name not in rules or rules[name].kind != "parameters"]
    unknown += [cited for cited in cited_in(f"{one.statement} {one.missing}") if cited not in rules]
    if unknown:
        raise BadRuleBook(f"{one.kind}.toml: {one.id} names what does not exist: {_named(unknown)}")


def cited_in(text: str) -> list[str]:
    """The short ids that a text cites, each once; P and R, which are also words, are left out."""
    return list(dict.fromkeys(re.findall(r"(?<![\w.-])[SKTGDI]\d{1,3}[a-z]?\b(?!-)", text)))


def _rule(name: str, rule_id: str, fields: Mapping[str, Any]) -> Rule:
    if not (_SHORT if name in KINDS[:6] else _LONG).fullmatch(rule_id):
        raise BadRuleBook(f"{name}.toml: {rule_id} is no id")
    if unknown := fields.keys() - _KEYS:
        raise BadRuleBook(f"{name}.toml: {rule_id} has unknown keys: {_named(unknown)}")
    if lacking := {"statement", "source"} - fields.keys():
        raise BadRuleBook(f"{name}.toml: {rule_id} lacks {_named(lacking)}")
    if "missing" in fields and "built" not in fields:
        raise BadRuleBook(f"{name}.toml: {rule_id} says what is missing of something that is not built")
    texts = {key: _plain(fields[key]) for key in ("statement", "built", "missing") if key in fields}
    source = tuple(part.strip() for part in fields["source"].split(","))
    return Rule(
        rule_id,
        name,
        source=source,
        parameters=tuple(fields.get("parameters", ())),
        default=fields.get("default"),
        **texts,
    )


def _plain(text: str) -> str:
    """The text without the file's line ends; an empty line parts paragraphs."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _named(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _read(name: str) -> dict[str, Any]:
    """A file's tables; BadRuleBook where it is no TOML, for which an id that stands twice is enough."""
    try:
        return tomllib.loads(resources.files("shared.rules").joinpath(f"{name}.toml").read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadRuleBook(f"{name}.toml: {error}") from error


SOURCES: Mapping[str, str] = MappingProxyType(_read("sources"))
"""The documents, and the two words for what no document says."""

BOOK: tuple[Kind, ...] = tuple(kind_of(name, _read(name)) for name in KINDS)
"""The whole book, in reading order."""

RULES: Mapping[str, Rule] = by_id(BOOK, SOURCES)
"""Every rule by its id."""
