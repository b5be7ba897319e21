"""Who may see and do what: a stranger finds nothing (404), a party of the wrong role is refused (403)."""

from __future__ import annotations

from return_label.domain.rejections import Forbidden, NotFound
from return_label.domain.returns import Return
from shared.events.base import Actor
from shared.events.return_label import ReturnRequested

STAFF = frozenset({"case_team", "ops", "service", "support", "warehouse"})
"""Roles that see every return."""


def guard_party(state: Return, actor: Actor, *allowed: str) -> ReturnRequested:
    """What was fixed when the return was requested, if it exists for the actor and is the actor's to move as one of
    `allowed` (G8).
    """
    if not state.requested or not (roles := roles_in(state.requested, actor)):
        raise NotFound("There is no such return.")
    if allowed and roles.isdisjoint(allowed):
        raise Forbidden(f"This is for the {' or '.join(allowed)}.")
    return state.requested


def roles_in(requested: ReturnRequested, actor: Actor) -> frozenset[str]:
    """The actor's roles that count here: buyer and seller only of this very return."""
    own = {"buyer": requested.buyer_id, "seller": requested.seller_id}
    return frozenset(role for role in actor.roles if role in STAFF or own.get(role) == actor.id)
