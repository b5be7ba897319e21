"""Nobody: in the carrier's place where none is set, so that what was ordered of one ends as where it is silent."""

from __future__ import annotations

from collections.abc import Sequence

from return_label.gateways.port import Bought, LabelCall, Refused, Scan, Unanswered, Voided

SAID = "no carrier is set"


class Nobody:
    """Answers to nothing."""

    async def buy(self, _: LabelCall) -> Bought | Refused:
        """No answer."""
        raise Unanswered(SAID)

    async def find(self, _: LabelCall) -> Bought | None:
        """No answer."""
        raise Unanswered(SAID)

    async def void(self, _: LabelCall, __: str) -> Voided | Refused:
        """No answer."""
        raise Unanswered(SAID)

    async def track(self, _: str) -> Sequence[Scan]:
        """No answer."""
        raise Unanswered(SAID)
