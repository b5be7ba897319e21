"""Collection: finance says what became of what is asked back, once the dispute that asks for it is closed (K19); of
what a seller wants to give (S20) at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from dispute.domain.commands import OrderCommand
from dispute.domain.disputes.asked_back.clawbacks import Ended
from dispute.domain.disputes.difference import paid_out
from dispute.domain.disputes.state import Dispute
from dispute.domain.orders.cancellation import guard_all_disputes
from dispute.domain.orders.goodwill.refunding import due_of
from dispute.domain.orders.instants import SCAN_TOLERANCE, guard_instant
from dispute.domain.orders.release import release_late
from dispute.domain.orders.state import Order
from shared.decider import Decided
from shared.events.base import Event, Instant, StreamName
from shared.events.mediation import ClawbackRequested
from shared.events.mediation.clawbacks import ClawbackEnd, ClawbackFailed, ClawbackSettled
from shared.events.money import total
from shared.events.order import PaymentReleased
from shared.rejections import ValidationFailed, WrongPhase


class EndClawback(OrderCommand):
    """The money has come, or does not; `disputes` are all that the order ever had."""

    clawback_id: str
    end: ClawbackEnd
    ended_at: Instant
    reason_code: str | None = None
    ahead: timedelta = SCAN_TOLERANCE
    disputes: tuple[str, ...] = ()

    @property
    def streams(self) -> Sequence[StreamName]:
        return (*super().streams, *(StreamName(f"dispute-{dispute_id}") for dispute_id in self.disputes))


def end_clawback(command: EndClawback, order: Order, *disputes: Dispute) -> Decided:
    """Once each. What the last word left to a seller who was not paid yet is released when the buyer's part ends: the
    platform paid the buyer before anybody could appeal, so it bears what does not come back.
    """
    guard_all_disputes(order, command.disputes)
    if given := order.gifts.find(command.clawback_id):
        return _end_gift(command, order, given), *([] for _ in disputes)
    dispute, back = _named(command.clawback_id, disputes)
    guard_instant("/at", command.ended_at, order.placed_at, command.at, command.ahead)
    if not _is_news(command, dispute.case.clawbacks.ended, back):
        return []
    if back.clawback_id in dispute.case.clawbacks.withdrawn:
        raise WrongPhase("It is not asked back any more: whoever paid it gets it back.", rules=("K18", "K19"))
    if not dispute.closed:
        raise WrongPhase("A later word may still ask for another amount.", state=dispute.state, rules=("K18", "K19"))
    ended = _ended(command, back)
    released = _released(order, dispute, ended) if ended.party == "buyer" else []
    of_disputes: list[list[Event]] = [[ended] if each is dispute else [] for each in disputes]
    return released, *of_disputes


def _end_gift(command: EndClawback, order: Order, back: ClawbackRequested) -> list[Event]:
    """The buyer is paid what has come of the seller, and nothing of what has not: nothing of it is awaited then."""
    guard_instant("/at", command.ended_at, order.placed_at, command.at, command.ahead)
    if not _is_news(command, order.gifts.ended, back):
        return []
    ended = _ended(command, back)
    granted = next(one for one in order.goodwill if one.clawback_id == back.clawback_id)
    asked_for = [due_of(order, granted)] if isinstance(ended, ClawbackSettled) else []
    return release_late(order, [ended, *asked_for], command.at)


def _named(name: str, disputes: Sequence[Dispute]) -> tuple[Dispute, ClawbackRequested]:
    asked = [(dispute, back) for dispute in disputes for back in dispute.case.clawbacks.requested]
    if not (found := next((each for each in asked if each[1].clawback_id == name), None)):
        raise ValidationFailed.at("/clawback_id", "unknown_clawback", "nothing was asked back under it", "K19")
    return found


def _is_news(command: EndClawback, ended: Mapping[str, Ended], back: ClawbackRequested) -> bool:
    """WrongPhase for what has ended otherwise."""
    if end := ended.get(back.clawback_id):
        if isinstance(end, ClawbackSettled) is not (command.end == ClawbackEnd.SETTLED):
            raise WrongPhase("It has ended otherwise, and that stands.", rules=("K19",))
        return False
    return True


def _ended(command: EndClawback, back: ClawbackRequested) -> Ended:
    fields = {**dict(back), "reason_code": command.reason_code, "rules": ("K19",)}
    if command.end == ClawbackEnd.SETTLED:
        return ClawbackSettled(**fields, settled_at=command.ended_at)
    told = (back.party,) if back.dispute_id else (back.party, "buyer")
    return ClawbackFailed(**fields, failed_at=command.ended_at, told=told)


def _released(order: Order, dispute: Dispute, ended: Ended) -> list[Event]:
    """What a seller who was paid before has, he has."""
    if not (parts := tuple(part for part in ended.lines if part.line_id not in paid_out(dispute))):
        return []
    amount = total([part.amount for part in parts])
    of = {"order_id": order.order_id, "dispute_id": ended.dispute_id, "clawback_id": ended.clawback_id}
    return [PaymentReleased(lines=parts, amount=amount, rules=("K18", "K19"), **of)]
