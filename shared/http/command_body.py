"""Command bodies: request models made from the commands themselves, so that a field is declared once.

class ResponseBody(CommandBody, of=RespondToDispute):
    "The seller's answer."
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_type_hints

from pydantic import BaseModel

from shared.events.base import Command
from shared.http.request.body import RequestBody


class CommandBody(RequestBody):
    """A body with the fields that the command `of` declares itself, or shares with others by a base that is no command.

    Those that it inherits as a command (who, when, whose stream) the request says elsewhere: in its token, its headers
    and its path.
    """

    def __init_subclass__(cls, *, of: type[Command], **options: Any) -> None:
        super().__init_subclass__(**options)
        types = get_type_hints(of, include_extras=True)
        names = list(_said_by(of))
        cls.__annotations__ = {name: types[name] for name in names} | cls.__annotations__
        for name in names:
            field = of.model_fields[name]
            if not field.is_required():
                setattr(cls, name, field.get_default())


def _said_by(of: type[Command]) -> Iterable[str]:
    """The fields of its own and of its bases that are no commands, each once."""
    bases = [base for base in reversed(of.__mro__) if base is of or not issubclass(base, Command)]
    fields = [base for base in bases if issubclass(base, BaseModel) and not issubclass(Command, base)]
    return dict.fromkeys(name for base in (*fields, of) for name in base.__annotations__)
