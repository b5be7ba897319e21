"""Rights to send goods back without a dispute: which one a kind of return stands on, and the pieces that have it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from dispute.domain.disputes.opening.eligibility import kept, not_disputable
from dispute.domain.entitlements.entitlement import Entitlement, FromReceipt, Question
from dispute.domain.entitlements.returns import DomesticReturn, ExtraReturn, FreeReturn, SellersReturn
from dispute.domain.entitlements.statutory import Statutory
from dispute.domain.orders.law import is_conformity
from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.orders.pieces import NamedPieces, named_pieces
from dispute.domain.orders.state import Order
from dispute.domain.rejections import ReasonNotCovered, TooEarly
from shared.events.dispute import ReturnKind
from shared.rejections import Rejected

BY_OFFER: Mapping[ReturnKind, Callable[[Question], FromReceipt]] = {
    ReturnKind.FREE: FreeReturn,
    ReturnKind.EXTRA: ExtraReturn,
    ReturnKind.DOMESTIC: DomesticReturn,
}
"""By kind of return: the right that the listing gives."""


def right_of(kind: ReturnKind, question: Question) -> FromReceipt:
    """The right that a return of this kind stands on; none where the law of the country gives none."""
    if offered := BY_OFFER.get(kind):
        return offered(question)
    for right in question.terms.law:
        if not is_conformity(right):
            return Statutory(right)
    raise ReasonNotCovered("The law of the buyer's country gives no such right.", rules=("K20",))


def returnable(right: FromReceipt, question: Question, pieces: NamedPieces) -> NamedPieces:
    """So many pieces that have the right, were sent, and are in no other dispute or return (G5); or the refusal."""
    order, begun = question.order, pieces.where(lambda group: _has_begun(right, question, group))
    standing = right.granted(question, pieces)
    if not standing.enough:
        refusal = right.over if begun.enough else TooEarly
        raise refusal("Not so many of them can go back now.", rules=right.rules)
    sent = standing.where(lambda group: _was_sent(order, group) and not group.never_came)
    if not sent.enough:
        raise TooEarly("What was not sent does not go back: the order can be cancelled.", rules=("S88",))
    if free := kept(order, pieces, sent):
        return free
    raise not_disputable(order, pieces.line)


def goes_back(right: Entitlement, question: Question, pieces: Iterable[tuple[str, int]]) -> bool:
    """Whether a piece of any of these lines could be asked back for by this right now."""
    kinds = FreeReturn, SellersReturn, Statutory
    if not isinstance(right, kinds) or (isinstance(right, Statutory) and is_conformity(right.right)):
        return False
    return question.order.in_escrow and any(_passes(right, question, line_id) for line_id, _ in pieces)


def _passes(right: FromReceipt, question: Question, line_id: str) -> bool:
    try:
        returnable(right, question, named_pieces(question.order, [(line_id, 1)])[0])
    except Rejected:
        return False
    return True


def _has_begun(right: FromReceipt, question: Question, group: PieceGroup) -> bool:
    begins = right.begins(question, group)
    return begins is not None and begins <= question.now


def _was_sent(order: Order, group: PieceGroup) -> bool:
    return bool(group.shipped_at or order.received(group))
