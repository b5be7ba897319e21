"""Commands' base: everything that this service can be asked to do concerns one return."""

from __future__ import annotations

from collections.abc import Sequence

from shared.events.base import Command, StreamName


class ReturnCommand(Command):
    """A command that decides on one return."""

    return_id: str

    @property
    def streams(self) -> Sequence[StreamName]:
        return (StreamName(f"return-{self.return_id}"),)
