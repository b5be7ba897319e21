"""Bases of commands: the streams that a command decides on, and where its texts about people are stored."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from shared.events.base import Command, Personal, StreamName, StreamOfKey
from shared.events.ids import derived_id_beside


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
