"""Every way in which this service says no: the class's name is the code."""

from __future__ import annotations

from typing import Self

from shared.rejections import Forbidden, NotFound, Rejected

__all__ = ["Forbidden", "NotFound", "Rejected", "ValidationFailed", "WrongPhase"]


class ValidationFailed(Rejected):
    """The form is not valid; `errors` names the fields."""

    @classmethod
    def at(cls, pointer: str, code: str, detail: str, *rules: str) -> Self:
        """One field is at fault."""
        return cls("The form is not valid.", rules=rules, errors=[{"pointer": pointer, "code": code, "detail": detail}])


class WrongPhase(Rejected):
    """G8: not in this phase of the return."""

    rules = ("G8",)
