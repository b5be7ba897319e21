"""Actions of a return: everything that can be done with it and by whom, each with the guard of its command."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from return_label.domain.deadlines import DeadlineKind
from return_label.domain.returns.inspection import guard_inspection
from return_label.domain.returns.labels.cancellation import guard_settling
from return_label.domain.returns.labels.giving_back import guard_void
from return_label.domain.returns.labels.issuing import guard_request
from return_label.domain.returns.loss import guard_loss
from return_label.domain.returns.response import guard_response
from return_label.domain.returns.state import Return
from return_label.domain.returns.timers import due
from return_label.domain.returns.transit import guard_correction, guard_receipt, guard_shipment
from shared.actions import Action, Offer
from shared.events.base import Actor


def return_actions(return_: Return, path: str, actor: Actor, at: datetime) -> Sequence[Action]:
    """What can be done at this instant, and until when."""

    def ship() -> Offer:
        guard_shipment(return_, actor, at)
        return Offer(due(return_, DeadlineKind.SHIPMENT), mandatory=True)

    def correct() -> Offer:
        guard_correction(return_, actor)
        return Offer()

    def receive() -> Offer:
        guard_receipt(return_, actor, at)
        return Offer(due(return_, DeadlineKind.TRANSIT), mandatory=bool(return_.shipped))

    def lose() -> Offer:
        guard_loss(return_, actor)
        return Offer()

    def inspect() -> Offer:
        guard_inspection(return_, actor, at)
        return Offer(due(return_, DeadlineKind.INSPECTION), mandatory=True)

    return (
        *([_answer(return_, path, actor, at)] if return_.terms.respond_by else ()),
        Action("ship", f"{path}/shipment", ship),
        Action("correct-tracking", f"{path}/shipment", correct),
        Action("receive", f"{path}/receipt", receive),
        Action("report-loss", f"{path}/loss", lose),
        Action("inspect", f"{path}/inspection", inspect),
        *_of_label(return_, path, actor),
    )


def _of_label(return_: Return, path: str, actor: Actor) -> Sequence[Action]:
    def ask() -> Offer:
        guard_request(return_, actor)
        return Offer()

    def give_back() -> Offer:
        guard_void(return_, actor)
        return Offer()

    def settle() -> Offer:
        guard_settling(return_, actor)
        return Offer()

    return (
        Action("request-label", f"{path}/label", ask),
        Action("void-label", f"{path}/void", give_back),
        Action("settle-cancellation", f"{path}/label/cancellation", settle),
    )


def _answer(return_: Return, path: str, actor: Actor, at: datetime) -> Action:
    """What its seller offered to take back waits for the seller's word (T27x)."""

    def respond() -> Offer:
        guard_response(return_, actor, at)
        return Offer(due(return_, DeadlineKind.RESPONSE), mandatory=True)

    return Action("respond", f"{path}/response", respond)
