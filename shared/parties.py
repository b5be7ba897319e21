"""Parties: who may see and change a thing. A stranger gets 404, a party of the wrong role 403."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from shared.events.base import Actor
from shared.rejections import ConflictOfInterest, Forbidden, NotFound

Kind = Literal["order", "dispute", "refund", "return", "warranty"]
Side = Literal["buyer", "seller"]
EVERYTHING: frozenset[Kind] = frozenset(("order", "dispute", "refund", "return", "warranty"))

SEES: Mapping[str, frozenset[Kind]] = {
    "case_team": EVERYTHING,
    "support": EVERYTHING,
    "ops": EVERYTHING,
    "system": EVERYTHING,
    # Shops and carriers: they tell of orders and of parcels, and nobody's words or money are theirs to read.
    "service": frozenset(("order", "return")),
    "warehouse": frozenset(("return",)),
}
"""What each role sees of everybody's; buyers and sellers see what is their own."""

PEOPLE = frozenset({"case_team", "support", "ops", "warehouse"})
"""Roles of the platform's people, who are nobody's party in what they do."""


def oversees(actor: Actor) -> bool:
    """Whether one of the actor's roles sees everything."""
    return any(SEES.get(role) == EVERYTHING for role in actor.roles)


def own_sides(actor: Actor, side: Side | None = None) -> tuple[str | None, str | None]:
    """Whose things the actor may look for, as buyer and as seller: anybody's for who oversees, nobody's for one who is
    neither. With a `side` the actor's own on that one alone.
    """
    if oversees(actor) and not side:
        return None, None
    sides = [side] if side else ["buyer", "seller"]
    buyer, seller = (actor.id if role in sides and role in actor.roles else None for role in ("buyer", "seller"))
    return (buyer, seller) if buyer or seller else ("", None)


def barred_from(actor: Actor) -> tuple[str | None, str | None]:
    """Whose things, as buyer and as seller, one who oversees does not look through: the actor's own, on a side that the
    token does not name (G15).
    """
    barred = oversees(actor)
    buyer, seller = (actor.id if barred and side not in actor.roles else None for side in ("buyer", "seller"))
    return buyer, seller


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose something of a kind is: one buyer, and a seller or several; who sees all of the kind sees it besides."""

    kind: Kind | None
    buyer_id: str
    seller_ids: Collection[str]

    def roles_of(self, actor: Actor) -> frozenset[str]:
        """The actor's roles that count here: buyer and seller only of this very thing; none for a stranger."""
        return counting(self.kind, actor.roles, actor.id == self.buyer_id, actor.id in self.seller_ids)

    def acting(self, actor: Actor) -> frozenset[str]:
        """Those of them in which the actor may act and look: one of the platform's people who is buyer or seller here
        acts and looks as that alone (G15).
        """
        return counting_to_act(self.kind, actor.roles, actor.id == self.buyer_id, actor.id in self.seller_ids)

    def guard(self, actor: Actor, what: str, *roles: str) -> None:
        """NotFound for a stranger, Forbidden for a party in none of `roles` (none named: every party will do) (G8),
        ConflictOfInterest for who holds only roles in which he may not act here: no stranger, and told why (G15).
        """
        held = self.roles_of(actor)
        if not held:
            raise NotFound(f"There is no such {what}.")
        if roles and held.isdisjoint(roles):
            raise Forbidden(f"This is for the {' or '.join(roles)}.")
        if self.acting(actor).isdisjoint(roles or held):
            self.guard_interest(actor)

    def guard_interest(self, actor: Actor) -> None:
        """ConflictOfInterest for one of the platform's people who is buyer or seller here (G15)."""
        if self._has_interest(actor):
            raise ConflictOfInterest("Somebody who is neither buyer nor seller of the order has to do this.")

    def _has_interest(self, actor: Actor) -> bool:
        return actor.id == self.buyer_id or actor.id in self.seller_ids

    def side_of(self, actor: Actor) -> str:
        """As which of the two the actor acts here; of one who is both, as the buyer."""
        return "buyer" if "buyer" in self.roles_of(actor) else "seller"


@lru_cache(maxsize=4096)
def counting(kind: Kind | None, roles: frozenset[str], buys: bool, sells: bool) -> frozenset[str]:
    """The roles that count of a thing of this kind, for one who buys or sells it or neither; asked for a dozen times in
    each request.
    """
    own = {"buyer": buys, "seller": sells}
    return frozenset(role for role in roles if own.get(role, kind in SEES.get(role, ())))


@lru_cache(maxsize=4096)
def counting_to_act(kind: Kind | None, roles: frozenset[str], buys: bool, sells: bool) -> frozenset[str]:
    """Those of them in which one may act and look."""
    held = counting(kind, roles, buys, sells)
    return held - PEOPLE if buys or sells else held


NOBODY = Parties(None, "", ())
"""Of what does not exist: everybody is a stranger to it."""
