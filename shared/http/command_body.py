"""Command bodies: request models made from the commands themselves, so that a field is declared once.

class ResponseBody(CommandBody, of=RespondToDispute):
    "The seller's answer."
"""

from __future__ import annotations

from typing import Any, get_type_hints

from shared.events.base import Command
from shared.http.request_body import RequestBody


class CommandBody(RequestBody):
    """A body with the fields that the command `of` declares itself.

    Those that it inherits (who, when, whose stream) the request says elsewhere: in its token, its headers and its path.
    """

    def __init_subclass__(cls, *, of: type[Command], **options: Any) -> None:
        super().__init_subclass__(**options)
        types = get_type_hints(of, include_extras=True)
        cls.__annotations__ = {name: types[name] for name in of.__annotations__} | cls.__annotations__
        for name in of.__annotations__:
            field = of.model_fields[name]
            if not field.is_required():
                setattr(cls, name, field.get_default())
