"""Under way: what a later word may not rule away or change, since it is being carried out (T18, T37, K18)."""

from __future__ import annotations

from dispute.domain.disputes.case import BY_THE_TEAM
from dispute.domain.disputes.difference import Parts, all_paid, difference
from dispute.domain.disputes.state import Dispute
from shared.events.dispute import Payer, ReturnOutcome, SolutionReached, SolutionType
from shared.events.mediation import Ruling
from shared.rejections import ValidationFailed, WrongPhase

ON_THEIR_WAY = (ReturnOutcome.SHIPPED, ReturnOutcome.RECEIVED)
RETURNED = SolutionType.RETURN_AND_REFUND


def guard_not_under_way(dispute: Dispute, ruling: Ruling) -> None:
    """What this takes from the buyer is not under way, neither money nor goods."""
    _guard_money_not_under_way(dispute, ruling)
    _guard_goods_not_under_way(dispute, ruling)


def _guard_money_not_under_way(dispute: Dispute, ruling: Ruling) -> None:
    """Less than was asked for is decided once it is known whether that was paid: else nobody could tell what to ask
    back (K18).
    """
    _, less = difference(dispute, ruling.lines)
    if less and not all_paid(dispute):
        detail = "A refund is under way: decide on less once it is paid, refused or given up."
        raise WrongPhase(detail, state=dispute.state, rules=("K18",))


def _guard_goods_not_under_way(dispute: Dispute, ruling: Ruling) -> None:
    """Less than the goods were to bring is decided once they are inspected: else the seller had both (K18, K14)."""
    promised = dispute.solution
    if promised is None or dispute.returned not in ON_THEIR_WAY or ruling.type == RETURNED:
        return
    brings = {part.line_id: part.amount for part in ruling.lines}
    if any(brings[part.line_id] < part.amount for part in promised.lines):
        detail = "The goods are on their way back: decide on less once they are inspected."
        raise WrongPhase(detail, state=dispute.state, rules=("K18", "K14"))


def with_its_return(dispute: Dispute, ruling: Ruling) -> Ruling:
    """The ruling on a return that was asked for: it goes on as it was asked for, where it was to go (T18)."""
    asked = dispute.solution
    if ruling.type != RETURNED or not dispute.return_id or not asked or asked.solution.type != RETURNED:
        return ruling
    _guard_same_return(dispute, asked, ruling)
    return ruling.model_copy(update={"address_ref": asked.solution.address_ref})


def _guard_same_return(dispute: Dispute, asked: SolutionReached, ruling: Ruling) -> None:
    """Nothing tells who carries it out of other terms, so that nobody is promised them."""
    stays = "the return was asked for already, and stays as it is: rule on the money alone"
    if ruling.freight_payer != (asked.solution.freight_payer or Payer.SELLER):
        raise ValidationFailed.at("/freight_payer", "return_stays", stays, "T18", "K26")
    if ruling.address_ref:
        raise ValidationFailed.at("/address", "return_stays", stays, "T18", "K22")
    brings, brought = _with_money(ruling.lines), _with_money(asked.lines)
    unpaid = (dispute.goods & brought) - brings if asked.reached_type in BY_THE_TEAM else frozenset[str]()
    if unpaid or brings - dispute.goods:
        raise ValidationFailed.at("/lines", "return_stays", "the goods of other lines were asked for", "T18", "S109")


def _with_money(lines: Parts) -> frozenset[str]:
    """Of what the platform decides a line without money stays with the buyer; of an agreed return all goes back."""
    return frozenset(part.line_id for part in lines if part.amount)
