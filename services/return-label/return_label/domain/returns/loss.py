"""Loss: the carrier does not find the goods any more (T25a)."""

from __future__ import annotations

from collections.abc import Sequence

from return_label.domain.commands import ReturnCommand
from return_label.domain.returns.state import Return, ReturnState
from shared.decider import ConsideredCommand
from shared.events.base import Actor, Event
from shared.events.return_label import ReturnLost
from shared.rejections import WrongPhase

LOSERS = ("service", "support")
"""Who tells of a loss: a carrier's scan, or support that has asked the carrier."""


class MarkReturnLost(ReturnCommand, ConsideredCommand):
    """The goods will not arrive: the carrier says so, and their money follows or people look at it."""


def guard_loss(return_: Return, actor: Actor) -> None:
    """G8 of a loss: only what is on its way can be lost."""
    return_.parties.guard(actor, "return", *LOSERS)
    WrongPhase.unless_in("return", return_.state, ReturnState.SHIPPED)


def mark_lost(command: MarkReturnLost, return_: Return) -> Sequence[Event]:
    """Who chose the carrier bears its loss: what was sent with the prepaid label is refunded, what the buyer sent by
    himself goes to the case team.
    """
    return_.parties.guard(command.actor, "return", *LOSERS)
    if return_.state is ReturnState.LOST:
        return []
    guard_loss(return_, command.actor)
    command.guard_considered()
    return [
        ReturnLost(
            **return_.event_fields,
            prepaid=return_.travels_prepaid,
            lost_at=command.at,
            rules=("T25a", "K26"),
        )
    ]
