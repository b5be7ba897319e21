"""Commands' base: everything that this service can be asked to do concerns one return, and labels its buyer's quota."""

from __future__ import annotations

from collections.abc import Sequence

from shared.events.base import Command, StreamName


class ReturnCommand(Command):
    """A command that decides on one return."""

    return_id: str

    @property
    def streams(self) -> Sequence[StreamName]:
        return (StreamName(f"return-{self.return_id}"),)


class LabelCommand(ReturnCommand):
    """A command that may change what becomes of a prepaid label: it decides on its buyer's quota as well, unless nobody
    says whose return it is.
    """

    buyer_id: str | None = None

    @property
    def streams(self) -> Sequence[StreamName]:
        return (*super().streams, *([quota_of(self.buyer_id)] if self.buyer_id else []))


def quota_of(buyer_id: str) -> StreamName:
    """The stream of a buyer's prepaid labels."""
    return StreamName(f"label_quota-{buyer_id}", buyer_id)
