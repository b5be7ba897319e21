"""Views of solutions: what one side wants, and the list of all that was asked for, offered and ruled."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict

from dispute.domain.disputes.solutions import Listed, Replacement, Standing, solution_id
from dispute.domain.disputes.state import Dispute
from shared.events.base import Instant
from shared.events.dispute import Payer, Solution, SolutionType
from shared.events.money import Money
from shared.events.open_enums import Open
from shared.views import TextLink, text_link


class SolutionView(TypedDict):
    """What one side wants: how much goes back, whether the goods do, and who then pays their freight."""

    type: Open[SolutionType]
    amount: Money
    freight_payer: Open[Payer] | None
    address: TextLink | None


class ListedSolution(SolutionView):
    """A solution of any round, and what became of it; all that one side put forward are versions under one id."""

    id: str
    version: int
    by: str
    state: Standing
    at: Instant


class ReplacementView(TypedDict):
    """What the seller has sent in the place of the goods, and when it came; one may come that nobody told of."""

    tracking_number: str | None
    carrier: str | None
    shipped_at: Instant | None
    received_at: Instant | None


class ArrivalView(TypedDict):
    """To a service that tells of an arrival: whether it was news; what the dispute is about is not its affair."""

    dispute_id: str
    version: int
    recorded: bool


class SolutionMembers(TypedDict):
    """What was put forward, why, and what came in the place of the goods. `request` is what the buyer asks for,
    `solution` what the seller offers instead; `solutions` are all there were.
    """

    request: SolutionView
    solution: SolutionView | None
    solutions: Sequence[ListedSolution]
    description: TextLink | None
    seller_reason: TextLink | None
    replacement: ReplacementView | None


def solution_members(dispute: Dispute, request: Solution, path: str, where: bool) -> SolutionMembers:
    """The members of a dispute that say what was put forward."""
    return {
        "request": solution_view(request, path, where),
        "solution": solution_view(dispute.offer, path, where) if dispute.offer else None,
        "solutions": solutions_view(dispute, path, where),
        "description": text_link(path, dispute.description_ref),
        "seller_reason": text_link(path, dispute.seller_reason_ref),
        "replacement": replacement_view(dispute.replacement),
    }


def replacement_view(replacement: Replacement) -> ReplacementView | None:
    """The replacement, once it was sent or has come."""
    shipped = replacement.shipped
    if not shipped and not replacement.received_at:
        return None
    return {
        "tracking_number": shipped.tracking_number if shipped else None,
        "carrier": shipped.carrier if shipped else None,
        "shipped_at": shipped.shipped_at if shipped else None,
        "received_at": replacement.received_at,
    }


def solution_view(solution: Solution, path: str, where: bool) -> SolutionView:
    """The solution; the address for the seller, and for a buyer who is to send the goods there."""
    return {
        "type": solution.type,
        "amount": solution.amount,
        "freight_payer": solution.freight_payer,
        "address": text_link(path, solution.address_ref) if where else None,
    }


def solutions_view(dispute: Dispute, path: str, where: bool) -> Sequence[ListedSolution]:
    """All solutions, the oldest first."""
    return [_listed(dispute, listed, path, where) for listed in dispute.solutions]


def _listed(dispute: Dispute, listed: Listed, path: str, where: bool) -> ListedSolution:
    return {
        "id": solution_id(dispute.opened, listed.by),
        "version": listed.version,
        "by": listed.by,
        **solution_view(listed.solution, path, where),
        "state": listed.state,
        "at": listed.at,
    }
