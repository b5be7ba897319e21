"""Versions of a rule set, as they are written: a programme with its parameters, or a law pack with its rights."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from dispute.domain.areas import Places
from dispute.domain.parameters import flat
from shared.events.base import Value
from shared.events.dispute import Payer
from shared.events.ids import digest
from shared.events.moments import BEGINNING
from shared.events.order import LawRight, Remedy, RightKind, Terms

_HEAD = ("programme", "law_pack", "version", "title", "rules", "effective_from", "flag")
"""What a document says of itself; all else are parameters."""
_WORD = re.compile("[a-z][a-z0-9_]{0,63}")
_RULE = re.compile(r"[SK]\d{1,3}")

HASH_LETTERS = 32
"""Of the SHA-256 in hex: 128 bits tell an edit, and stand in two events of each dispute."""

Kind = Literal["programme", "law_pack"]
V = TypeVar("V", bound=Value)


@dataclass(frozen=True)
class RuleSet(ABC):
    """One version: in force from `begins_at` until a higher one is. `parameters` are complete, what is inherited is
    among them.
    """

    id: str
    version: int
    title: str
    rules: tuple[str, ...]
    begins_at: datetime
    dated: bool
    parameters: Mapping[str, Any]

    @property
    @abstractmethod
    def kind(self) -> Kind:
        """What it is, as the API names it."""

    @abstractmethod
    def upon(self, base: RuleSet) -> RuleSet:
        """The same, with what it inherits."""

    @abstractmethod
    def check(self) -> None:
        """Raises ValueError where a parameter is of the wrong kind."""

    @cached_property
    def hash(self) -> str:
        """Of the parameters: it tells an edit that kept its version."""
        whole = {"id": self.id, "version": self.version, "parameters": self.parameters}
        return digest(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode())[:HASH_LETTERS]


@dataclass(frozen=True)
class Programme(RuleSet):
    """A shop's promise. An order that names no programme has the one whose `flag` a line bears (S91)."""

    flag: str | None = None

    @property
    def kind(self) -> Kind:
        return "programme"

    def upon(self, base: RuleSet) -> Programme:
        """With every parameter of the base that it does not set (S102)."""
        return replace(self, parameters=_over(base.parameters, self.parameters))

    def check(self) -> None:
        self.terms(())
        _valid(self.id, Places, flat(self.id, self.parameters))

    def terms(self, law: Sequence[LawRight]) -> Terms:
        """What an order is bound to, in a country with these rights."""
        named = {"programme": self.id, "version": self.version, "hash": self.hash, "rules": self.rules}
        return _valid(self.id, Terms, {**flat(self.id, self.parameters), **named, "law": tuple(law)})

    @cached_property
    def places(self) -> Places:
        """Where its services are offered."""
        return _valid(self.id, Places, flat(self.id, self.parameters))


@dataclass(frozen=True)
class LawPack(RuleSet):
    """Rights by law in some countries."""

    countries: frozenset[str] = field(default=frozenset())

    @property
    def kind(self) -> Kind:
        return "law_pack"

    def upon(self, base: RuleSet) -> LawPack:
        """The law inherits nothing."""
        return self

    def check(self) -> None:
        if not self.rights:
            raise ValueError(f"law pack {self.id} has no rights")
        for right in self.rights:
            words = [(right.kind, RightKind), (right.payer, Payer), *((word, Remedy) for word in right.remedies)]
            if unknown := [word for word, known in words if word not in known.__members__.values()]:
                raise ValueError(f"law pack {self.id}: {right.right}: unknown: {', '.join(unknown)}")
            if bool(right.days) == bool(right.years):
                raise ValueError(f"law pack {self.id}: {right.right} has either days or years")

    @cached_property
    def rights(self) -> Sequence[LawRight]:
        """Each of its rights, with the version that grants it."""
        named = {"pack": self.id, "version": self.version, "hash": self.hash}
        return [_valid(self.id, LawRight, {**right, **named}) for right in self.parameters["rights"]]


def _valid(name: str, model: type[V], fields: Mapping[str, Any]) -> V:
    """The fields as a value; ValueError with the first that is wrong, on one line."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise ValueError(f"{name}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}") from error


def read(document: Mapping[str, Any]) -> RuleSet:
    """A document's version; ValueError that names what is wrong with it."""
    name = document.get("programme") or document.get("law_pack")
    if not isinstance(name, str) or not _WORD.fullmatch(name):
        raise ValueError(f"no programme and no law pack: {name!r} is not its name")
    parameters = {key: value for key, value in document.items() if key not in _HEAD}
    head = _head(name, document)
    if "programme" in document:
        return Programme(**head, parameters=parameters, flag=document.get("flag"))
    unknown = parameters.keys() - {"countries", "rights"}
    if unknown or len(parameters) < 2:
        raise ValueError(f"law pack {name}: it has countries and rights, and nothing else")
    return LawPack(**head, parameters=parameters, countries=frozenset(parameters["countries"]))


def _head(name: str, document: Mapping[str, Any]) -> dict[str, Any]:
    version, rules = document.get("version"), tuple(document.get("rules", ()))
    if not isinstance(version, int) or version < 1:
        raise ValueError(f"{name}: version is a number from 1 on")
    if unknown := [rule for rule in rules if not _RULE.fullmatch(str(rule))]:
        raise ValueError(f"{name}: no id of a rule: {', '.join(map(str, unknown))}")
    begins = document.get("effective_from")
    return {
        "id": name,
        "version": version,
        "title": str(document.get("title") or name),
        "rules": rules,
        "begins_at": _instant(name, begins) if begins else BEGINNING,
        "dated": begins is not None,
    }


def _instant(name: str, begins: Any) -> datetime:
    """The instant, or the beginning of the day in UTC."""
    if isinstance(begins, datetime) and begins.tzinfo:
        return begins.astimezone(UTC)
    if isinstance(begins, date) and not isinstance(begins, datetime):
        return datetime.combine(begins, time.min, UTC)
    raise ValueError(f"{name}: effective_from is a day, or an instant with its offset")


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Table by table, the own keys over the base's."""
    merged = {**base, **own}
    for table in base.keys() & own.keys():
        if isinstance(base[table], Mapping) and isinstance(own[table], Mapping):
            merged[table] = {**base[table], **own[table]}
    return merged
