"""Representment: somebody of support has told the bank of the refund that a chargeback crosses (S103, T34)."""

from __future__ import annotations

from collections.abc import Sequence

from refund.domain.payments.chargebacks.facts import ChargebackCommand, closed, known
from refund.domain.payments.state import Payment
from shared.events.base import Event
from shared.events.fields import ShortText, Ticket
from shared.events.outside.chargeback import RepresentmentDue, RepresentmentEnd
from shared.rejections import ValidationFailed, WrongPhase


class CloseRepresentment(ChargebackCommand):
    """The bank was told; `representment_id` may be left out where one is due."""

    representment_id: ShortText | None = None
    ticket: Ticket


def close_representment(command: CloseRepresentment, payment: Payment) -> Sequence[Event]:
    """Each is told once."""
    one = known(payment, command.chargeback_id)
    one.parties.guard(command.actor, "chargeback", "support")
    due = _named(command, one.due)
    by = {"by": command.actor.id, "ticket": command.ticket}
    return [closed(due, RepresentmentEnd.SENT, len(one.due) - 1, command.at, **by)]


def _named(command: CloseRepresentment, due: Sequence[RepresentmentDue]) -> RepresentmentDue:
    if not due:
        raise WrongPhase("The bank is to be told of nothing.", rules=("T34",))
    if command.representment_id is None and len(due) > 1:
        raise ValidationFailed.at("/representment_id", "required", "several are due: which one?", "T34")
    found = [one for one in due if command.representment_id in (None, one.representment_id)]
    if not found:
        raise ValidationFailed.at("/representment_id", "unknown_representment", "not due of this chargeback", "T34")
    return found[0]
