"""Rejections: domain refusals as exceptions; a class is a code. And what no text of a person may hold (S31)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, Self

from shared.events.base import wire_time

# Script=Han, CJK punctuation, vertical and full-width forms; kana, Hangul, curly quotes, dashes and ellipsis pass
# (S31).
_FORBIDDEN = re.compile(
    "[\u2e80-\u2e99\u2e9b-\u2ef3\u2f00-\u2fd5\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufa6d\ufa70-\ufad9"
    "\ufe30-\ufe4f\uff00-\uffef\U00016fe2\U00016fe3\U00016ff0\U00016ff1\U00020000-\U0002fa1f\U00030000-\U000323af]"
)


@cache  # of the names of our own classes
def snake_case(name: str) -> str:
    """`TooEarly` becomes `too_early`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class Rejected(Exception):
    """A domain refusal: nothing was appended. The code is the class's name in snake case, or the one that it names.

    `rules` are the rule ids that say no; `members` become members of the problem (instants, actions, hints); `errors`
    name the fields at fault: `{"pointer", "code", "detail"}`.
    """

    code: ClassVar[str] = "rejected"
    rules: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, code: str = "", **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.code = code or snake_case(cls.__name__)

    def __init__(
        self, detail: str = "", *, rules: Sequence[str] = (), errors: Sequence[Mapping[str, Any]] = (), **members: Any
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.cited = tuple(rules) or type(self).rules
        self.errors = tuple(errors)
        self.members = members


class NotFound(Rejected):
    """There is no such thing for this caller: unknown, or another party's."""


class Erased(Rejected):
    """There was such a text, and the person whom it told of has had it erased."""


class Forbidden(Rejected):
    """The caller may see it, but this is not for the caller's role."""


class ConflictOfInterest(Forbidden):
    """G15: one of the platform's people is a party of the very order."""

    rules = ("G15",)


class SameReviewer(Rejected):
    """G15: an appeal is decided by somebody else than the decision, and who proposes does not agree as well."""

    rules = ("G15",)


class ValidationFailed(Rejected):
    """G7: the request is not valid; `errors` names the fields."""

    @classmethod
    def at(cls, pointer: str, code: str, detail: str, *rules: str) -> Self:
        """One field is at fault."""
        return cls("The form is not valid.", rules=rules, errors=[{"pointer": pointer, "code": code, "detail": detail}])


class AmountExceedsCap(Rejected):
    """G9: with the `cap`."""

    rules = ("S45",)


class IdempotencyKeyRequired(Rejected):
    """The command moves money, and nothing tells a repeat of it from another one."""


class IfMatchRequired(Rejected):
    """The command moves money, and does not say what its sender has seen."""


class WrongPhase(Rejected):
    """G8: not in this state of the dispute, return or refund."""

    rules = ("G8",)

    @classmethod
    def unless_in(cls, what: str, state: StrEnum | None, *states: StrEnum) -> None:
        """Raises it where the state of `what` is none of `states`."""
        if state not in states:
            raise cls(f"Not while the {what} is {state}.", state=state)


class DeadlinePassed(Rejected):
    """G8: the time for this is over."""

    rules: ClassVar[tuple[str, ...]] = ("G8",)

    @classmethod
    def unless_before(cls, due_at: datetime | None, at: datetime) -> None:
        """Raises it where there is a deadline and its instant has come."""
        if due_at and at >= due_at:
            raise cls("The time for this is over.", due_at=wire_time(due_at))


def guard_text(**texts: str | None) -> None:
    """S31: no Chinese characters or punctuation; the problem names the field, by its path, and the positions (code
    points, from 0).
    """
    errors = [
        {"pointer": f"/{field}", "code": "forbidden_characters", "detail": "Chinese text", "positions": positions}
        for field, text in texts.items()
        if text and not text.isascii() and (positions := [found.start() for found in _FORBIDDEN.finditer(text)])
    ]
    if errors:
        raise ValidationFailed("The text holds characters that are not allowed.", rules=("S31",), errors=errors)
