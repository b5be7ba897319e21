"""Bases of commands: the streams that a command decides on, where its texts about people are stored, and which
characters these may hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from shared.events.base import Command, Personal, StreamName, StreamOfKey
from shared.events.ids import derived_id_beside
from shared.rejections import ValidationFailed

# Script=Han, CJK punctuation, vertical and full-width forms; kana, Hangul, curly quotes, dashes and ellipsis pass
# (S31).
_FORBIDDEN = re.compile(
    "[\u2e80-\u2e99\u2e9b-\u2ef3\u2f00-\u2fd5\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufa6d\ufa70-\ufad9"
    "\ufe30-\ufe4f\uff00-\uffef\U00016fe2\U00016fe3\U00016ff0\U00016ff1\U00020000-\U0002fa1f\U00030000-\U000323af]"
)


class OrderCommand(Command):
    """A command that decides on one order."""

    order_id: str

    @property
    def streams(self) -> Sequence[StreamName]:
        return (StreamName(f"order-{self.order_id}", self.order_id),)


class DisputeCommand(Command):
    """A command that decides on one dispute."""

    dispute_id: str

    @property
    def streams(self) -> Sequence[StreamName | StreamOfKey]:
        return (StreamName(f"dispute-{self.dispute_id}"),)


class DisputeAndOrderCommand(DisputeCommand):
    """A command that decides on a dispute and on its order, which shares the dispute's key."""

    @property
    def streams(self) -> Sequence[StreamName | StreamOfKey]:
        return (*super().streams, StreamOfKey("order"))


def text_ref(command: Command, field: str) -> str:
    """The id of the row that holds the command's text: derived, so that a repeat names the same row."""
    return _text_ref(command.first_stream.name, command.command_id, field)


@lru_cache(maxsize=256)
def _text_ref(stream: str, command_id: UUID, field: str) -> str:
    # Asked for twice: the event names the text, and the append brings it.
    return derived_id_beside(stream, "txt", command_id, field)


def texts_about(subject: str, command: Command, **texts: str | None) -> Sequence[Personal]:
    """The command's texts about a person, each under the name of its field; empty ones are left out."""
    return tuple(Personal(text_ref(command, kind), subject, kind, body) for kind, body in texts.items() if body)


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
