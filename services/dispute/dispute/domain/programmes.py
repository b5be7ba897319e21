"""Programmes and law packs as data: versions side by side, and the terms that an order is bound to (S96, S102)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dispute.domain.areas import Places, Suspensions
from dispute.domain.versions import LawPack, Programme, RuleSet, read
from shared.events.order import LawRight, Terms
from shared.rejections import ValidationFailed

DEFAULT_PROGRAMME = "aliexpress_basic"
"""S90: everyone has it who has no other; every programme inherits what it does not set from it."""


class Programmes:
    """All rule sets, each with its versions, the lowest first."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        found = sorted((read(document) for document in documents), key=lambda one: (one.id, one.version))
        _refuse_doubles(found)
        basics = _basics(found)
        self._by_id: dict[str, list[RuleSet]] = {}
        for one in found:
            complete = one.upon(_base(basics, one))
            complete.check()
            self._by_id.setdefault(one.id, []).append(complete)

    @property
    def all(self) -> Sequence[RuleSet]:
        """Every version of every rule set."""
        return [one for versions in self._by_id.values() for one in versions]

    def versions(self, name: str) -> Sequence[RuleSet]:
        """All versions of one rule set, the lowest first; none of an unknown one."""
        return self._by_id.get(name, ())

    def in_force(self, name: str, at: datetime) -> RuleSet | None:
        """The highest version that has begun."""
        return max((one for one in self.versions(name) if one.begins_at <= at), key=_version, default=None)

    def until(self, one: RuleSet) -> datetime | None:
        """When a higher version begins."""
        return min(
            (other.begins_at for other in self.versions(one.id) if other.version > one.version),
            default=None,
        )

    def resolve(self, name: str | None, at: datetime, country: str = "", flags: Collection[str] = ()) -> Terms:
        """The terms of an order that is registered now; ValidationFailed for an unknown programme."""
        found = self.in_force(name, at) if name else self._by_flag(flags, at)
        if not isinstance(found, Programme):
            raise ValidationFailed.at("/programme", "unknown_programme", "no such programme", "S102")
        return found.terms(self._law(country, at))

    def places(self, name: str, at: datetime) -> Places:
        """Where the programme's services are offered at the moment."""
        found = self.in_force(name, at) or self.in_force(DEFAULT_PROGRAMME, at)
        assert isinstance(found, Programme)
        return found.places

    def suspensions(self, at: datetime) -> Suspensions:
        """From where each programme takes no goods back at the moment; one that has not begun, as the default does."""
        found = {name: one for name in self._by_id if isinstance(one := self.in_force(name, at), Programme)}
        areas = {name: one.places.suspended_areas for name, one in found.items()}
        return Suspensions(by_programme=areas, otherwise=areas.get(DEFAULT_PROGRAMME, ()))

    def _by_flag(self, flags: Collection[str], at: datetime) -> RuleSet | None:
        """S90, S91: of an order that names none, by what its lines are; else the default."""
        sets = [found for name in self._by_id if isinstance(found := self.in_force(name, at), Programme)]
        return next((one for one in sets if one.flag in flags), None) or self.in_force(DEFAULT_PROGRAMME, at)

    def _law(self, country: str, at: datetime) -> tuple[LawRight, ...]:
        """S96: the rights of every pack of this country."""
        packs = [found for name in self._by_id if isinstance(found := self.in_force(name, at), LawPack)]
        return tuple(right for pack in packs if country in pack.countries for right in pack.rights)


def _version(one: RuleSet) -> int:
    return one.version


def _basics(found: Sequence[RuleSet]) -> Sequence[RuleSet]:
    """The versions of the default programme; the later ones stand upon the first."""
    basics = [one for one in found if one.id == DEFAULT_PROGRAMME]
    if not basics:
        raise ValueError(f"{DEFAULT_PROGRAMME} is missing")
    return [one.upon(basics[0]) for one in basics]


def _base(basics: Sequence[RuleSet], one: RuleSet) -> RuleSet:
    """What a version inherits from: the default programme as it was in force when that version began."""
    begun = [basic for basic in basics if basic.begins_at <= one.begins_at]
    return begun[-1] if begun and one.dated and one.id != DEFAULT_PROGRAMME else basics[0]


def _refuse_doubles(found: Sequence[RuleSet]) -> None:
    for one, other in zip(found, found[1:], strict=False):
        if (one.id, one.version) == (other.id, other.version):
            raise ValueError(f"{one.id}: version {one.version} stands twice")
        if one.id == other.id and one.kind != other.kind:
            raise ValueError(f"{one.id} is a programme and a law pack")
