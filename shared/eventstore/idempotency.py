"""Idempotency: a command that comes again is recognised by its id, and refused where its request is another one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.rejections import Rejected


class KeyReused(Rejected, code="idempotency_key_reused"):
    """The command id is known for another request."""


def carried_out(
    command_id: UUID, request_hash: str, histories: Iterable[Sequence[Recorded[Event]]]
) -> Sequence[Recorded[Event]]:
    """The events of this very command in the log's order; KeyReused if they are of another request with its id."""
    mine = [recorded for history in histories for recorded in history if recorded.metadata.command_id == command_id]
    if any(recorded.metadata.request_hash != request_hash for recorded in mine):
        raise KeyReused("this idempotency key was used for another request")
    return sorted(mine, key=lambda recorded: recorded.position)
