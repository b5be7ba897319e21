"""Re-request: support asks for the money of a refund that was refused again, as long as it is owed (T30a)."""

from __future__ import annotations

from collections.abc import Sequence

from dispute.domain.commands import OrderCommand
from dispute.domain.orders.release import release_late
from dispute.domain.orders.state import Order
from shared.events.base import Event
from shared.events.dispute import RefundDue, RefundOutcome
from shared.events.money import total
from shared.events.order import LineAmount, RefundNotDue


class AskOrderAgain(OrderCommand):
    """Two persons of support want these lines of a refund that the order itself asked for, as this one."""

    refund_id: str
    replaces: str
    lines: tuple[LineAmount, ...]


def ask_order_again(command: AskOrderAgain, order: Order) -> list[Event]:
    """Once for each refusal; what is not asked for again of a seller's goodwill is the seller's."""
    if command.refund_id in order.refunds:
        return []
    asked = order.refunds.get(command.replaces)
    replaced = any(refund.due.replaces == command.replaces for refund in order.refunds.values())
    if not asked or asked.outcome != RefundOutcome.REFUSED or replaced:
        return [not_due(command.order_id, command.refund_id, command.replaces, None)]
    due = asked_again(asked.due, command.refund_id, command.lines)
    return release_late(order, [due], command.at)


def asked_again(due: RefundDue, refund_id: str, lines: Sequence[LineAmount]) -> RefundDue:
    """What was asked for before, in these amounts and as another refund."""
    again = {"refund_id": refund_id, "replaces": due.refund_id, "lines": tuple(lines)}
    rules = tuple(dict.fromkeys(("T30a", *due.rules)))
    return due.model_copy(update=again | {"amount": total([part.amount for part in lines]), "rules": rules})


def not_due(order_id: str, refund_id: str, replaces: str, dispute_id: str | None) -> RefundNotDue:
    """Nothing waits for it any more."""
    ids = {"refund_id": refund_id, "order_id": order_id, "dispute_id": dispute_id, "replaces": replaces}
    return RefundNotDue(**ids, rules=("T30a",))
