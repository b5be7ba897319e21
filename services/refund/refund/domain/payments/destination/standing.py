"""Standing of the buyer's account, as the shop tells the dispute service: a bonus needs a good one (S14, S60)."""

from __future__ import annotations

from collections.abc import Sequence

from refund.domain.commands import PaymentCommand
from refund.domain.payments.state import Payment
from shared.events.base import Event, Instant
from shared.events.refund import BuyerStandingNoted


class NoteStanding(PaymentCommand):
    """The account has this standing, since an instant or, without one, since the order was placed."""

    status: str
    since: Instant | None = None


def note_standing(command: NoteStanding, payment: Payment) -> Sequence[Event]:
    """What is news; how it stood at first says nothing where a change of it is known."""
    known = payment.standing
    if (known and command.since is None) or (known and (known.status, known.since) == (command.status, command.since)):
        return []
    return [
        BuyerStandingNoted(order_id=command.order_id, status=command.status, since=command.since, rules=("S14", "S60"))
    ]
