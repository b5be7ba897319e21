"""Offers: what the seller puts in the place of the buyer's request (S42, T3, T43)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from dispute.domain.disputes.agreement.passed import guard_passed_amount
from dispute.domain.disputes.form import guard_amount, guard_nothing, guard_returnable
from dispute.domain.disputes.settlement import goods_gone
from dispute.domain.disputes.solutions import SELLER, of_side, solution_id
from dispute.domain.disputes.state import Dispute
from dispute.domain.orders.pieces import disputed_pieces
from dispute.domain.orders.state import Order
from shared.events.base import Message
from shared.events.dispute import SENT_AGAIN, Payer, Solution, SolutionProposed, SolutionType
from shared.events.fields import Text, WireMoney
from shared.rejections import ValidationFailed


class CounterOffer(Message):
    """What the seller offers instead."""

    type: SolutionType
    amount: WireMoney
    freight_payer: Payer | None = None
    address: Annotated[str, Text(500)] | None = None


def proposed(dispute: Dispute, offered: Solution, at: datetime, rules: tuple[str, ...]) -> SolutionProposed:
    """The seller's next version."""
    return SolutionProposed(
        dispute_id=dispute.opened.dispute_id,
        solution_id=solution_id(dispute.opened, SELLER),
        version=len(of_side(dispute.solutions, SELLER)) + 1,
        by=SELLER,
        solution=offered,
        proposed_at=at,
        rules=rules,
    )


def named(offer: CounterOffer, address_ref: str | None) -> Solution:
    """The solution that the seller's words name."""
    return Solution(type=offer.type, amount=offer.amount, freight_payer=offer.freight_payer, address_ref=address_ref)


def offered(offer: CounterOffer | None, address_ref: str | None, dispute: Dispute, order: Order) -> Solution:
    """What the seller offers: it can be carried out, and it is not what the buyer asks for already."""
    if not offer:
        raise ValidationFailed.at("/solution", "missing", "a counter-offer needs a solution", "S42")
    guard_returnable(disputed_pieces(order, dispute.opened.dispute_id), dispute.reason, offer.type, "/solution/type")
    if offer.type == SolutionType.RETURN_AND_REFUND and goods_gone(dispute):
        raise ValidationFailed.at("/solution/type", "nothing_to_return", "the goods were sent back already", "G7")
    (guard_nothing if offer.type in SENT_AGAIN else guard_amount)(
        offer.amount, dispute.opened.lines, "/solution/amount"
    )
    if dispute.inspected:
        guard_passed_amount(offer.amount, dispute, "/solution/amount")
    found = named(offer, address_ref)
    if found == dispute.request:
        raise ValidationFailed.at("/solution", "nothing_changed", "this is what the buyer asks for", "S42")
    return found
