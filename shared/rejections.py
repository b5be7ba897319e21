"""Rejections: a domain refusal as an exception whose class name is its code."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class Rejected(Exception):
    """A domain refusal: nothing was appended. The code is the class's name in snake case.

    `rules` are the rule ids that say no; `members` become members of the problem (instants, actions, hints);
    `errors` name the fields at fault: `{"pointer", "code", "detail"}`.
    """

    rules: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, detail: str = "", *, rules: Sequence[str] = (), errors: Sequence[Mapping[str, Any]] = (), **members: Any
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.cited = tuple(rules) or type(self).rules
        self.errors = tuple(errors)
        self.members = members

    @property
    def code(self) -> str:
        return snake_case(type(self).__name__)


class NotFound(Rejected):
    """There is no such thing for this caller: unknown, or somebody else's."""


class Forbidden(Rejected):
    """The caller may see it, but this is not for the caller's role."""


def snake_case(name: str) -> str:
    """`TooEarly` becomes `too_early`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
