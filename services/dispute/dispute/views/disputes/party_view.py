"""View of a dispute's state for one party: whether it is to act, and whom it waits for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from typing import Any, Literal, NamedTuple

from dispute.domain.disputes.progress import Fulfilment
from dispute.domain.disputes.state import DisputeState
from dispute.domain.disputes.visibility import BUYER, SELLER

PartyView = Literal["action_required", "waiting_for_other", "under_platform_review", "appealable", "finished"]

_ACTS: Mapping[str, str] = {
    DisputeState.AWAITING_SELLER: SELLER,
    DisputeState.AWAITING_BUYER: BUYER,
    Fulfilment.RETURN_PENDING: BUYER,
    Fulfilment.RETURN_SHIPPED: SELLER,
    Fulfilment.RETURN_RECEIVED: SELLER,
    Fulfilment.REPLACEMENT_PENDING: SELLER,
}
"""By state, and by how far the solution is carried out: who is to do something."""


class Standing(NamedTuple):
    """How a dispute stands, by its fold or by its row; `asked` are the parties that the case team has asked and not
    heard yet, `sent` says that the seller has told of what comes in the place of the goods.
    """

    state: str
    fulfilment: str
    asked: Collection[str]
    appealable: bool
    sent: bool

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Standing:
        """By the row; of a decision it is the end of the appeal that is due next."""
        appealable = row["state"] == DisputeState.DECIDED and row["next_due_at"] is not None
        return cls(row["state"], row["fulfilment"], row["asked"], appealable, row["replacement_sent"])

    @property
    def acts(self) -> str | None:
        """Who is to do something; what the seller has sent is the buyer's to confirm (T40)."""
        if self.fulfilment == Fulfilment.REPLACEMENT_PENDING and self.sent:
            return BUYER
        return _ACTS.get(self.state) or _ACTS.get(self.fulfilment)


def party_view(standing: Standing, mine: Set[str]) -> PartyView:
    """What it comes to for one in these roles."""
    acts = standing.acts
    match standing.state:
        case DisputeState.CLOSED:
            return "finished"
        case DisputeState.ESCALATED if mine & set(standing.asked):
            return "action_required"
        case DisputeState.ESCALATED | DisputeState.UNDER_REVIEW | DisputeState.APPEAL_REVIEW:
            return "under_platform_review"
        case DisputeState.DECIDED if standing.appealable and acts not in mine and mine & {BUYER, SELLER}:
            return "appealable"
        case _:
            return "action_required" if acts in mine else "waiting_for_other"
