"""Every way in which this service says no: the class's name is the code."""

from __future__ import annotations

from shared.decider import Forbidden, NotFound, Rejected

__all__ = ["Forbidden", "NotFound", "Rejected", "WrongPhase"]


class WrongPhase(Rejected):
    """G8: not in this state of the refund."""

    rules = ("G8",)
