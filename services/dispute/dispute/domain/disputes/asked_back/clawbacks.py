"""Clawbacks of a dispute: what is asked back of whom, what was withdrawn of it, and what has ended (K19)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from shared.events.base import Event
from shared.events.mediation import ClawbackNotDue, ClawbackRequested
from shared.events.mediation.clawbacks import ClawbackFailed, ClawbackSettled

Ended = ClawbackSettled | ClawbackFailed
OF_CLAWBACKS: Sequence[type[Event]] = (ClawbackRequested, ClawbackNotDue, ClawbackSettled, ClawbackFailed)
"""The events of a clawback's life."""


class ClawbackState(StrEnum):
    """Where what is asked back is."""

    REQUESTED = "requested"
    WITHDRAWN = "withdrawn"
    SETTLED = "settled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Clawbacks:
    """All that was ever asked back, the oldest first; of it some was `withdrawn`, and some has `ended`, by id."""

    requested: tuple[ClawbackRequested, ...] = ()
    withdrawn: frozenset[str] = frozenset()
    ended: Mapping[str, Ended] = field(default_factory=dict)

    def standing(self, party: str) -> ClawbackRequested | None:
        """What is asked back of a party and waits: there is one at most."""
        over = {*self.withdrawn, *self.ended}
        return next((back for back in self.requested if back.party == party and back.clawback_id not in over), None)

    def state(self, clawback_id: str) -> ClawbackState:
        """Where one of them is."""
        if end := self.ended.get(clawback_id):
            return ClawbackState.SETTLED if isinstance(end, ClawbackSettled) else ClawbackState.FAILED
        return ClawbackState.WITHDRAWN if clawback_id in self.withdrawn else ClawbackState.REQUESTED

    def over(self, party: str) -> Sequence[Ended]:
        """What has come back of a party, or is lost: no later word asks for it again."""
        return [end for end in self.ended.values() if end.party == party]

    def after(self, event: Event) -> Self:
        """With one event more."""
        match event:
            case ClawbackRequested():
                return replace(self, requested=(*self.requested, event))
            case ClawbackNotDue():
                return replace(self, withdrawn=self.withdrawn | {event.clawback_id})
            case ClawbackSettled() | ClawbackFailed():
                return replace(self, ended={**self.ended, event.clawback_id: event})
        return self
