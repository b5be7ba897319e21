"""Receivers of a return: the one whom its goods go to, and nobody else, says that they came and what they are like
(K22).
"""

from __future__ import annotations

from return_label.domain.returns.state import Return
from shared.events.base import Actor
from shared.rejections import Forbidden

SELLER, WAREHOUSE, CARRIER = "seller", "warehouse", "service"


def receiver_of(return_: Return) -> str:
    """As what the receiver acts: the platform's warehouse, where no address of the seller's is known."""
    return SELLER if return_.requested and return_.address_ref else WAREHOUSE


def guard_receiver(return_: Return, actor: Actor, *others: str) -> None:
    """G8 of whoever has the goods, or acts as one of the `others`: the seller of this return, or the very warehouse
    that it goes to, where the return knows which.
    """
    side = receiver_of(return_)
    return_.parties.guard(actor, "return", side, *others)
    named = return_.terms.warehouse_id
    if side == WAREHOUSE and named and actor.id != named and actor.roles.isdisjoint(others):
        raise Forbidden("The goods go to another warehouse.", rules=("K22", "G8"))
