"""Routes about goods that came after the refund: who told of them, and what is paid back (S65, T36, K23)."""

from __future__ import annotations

from typing import Annotated

from starlette.responses import Response

from dispute.api.answers import answer, carry_out
from dispute.api.bodies.repayment import LateArrivalBody, RepaymentBody, RepaymentReceiptBody
from dispute.domain.disputes.afterwards.repayment import (
    AgreeRepayment,
    NoteLateArrival,
    ReceiveRepayment,
    ReportLateArrival,
)
from dispute.domain.disputes.transitions import PARTIES
from dispute.views.disputes.members import DisputeView
from dispute.views.disputes.solutions import ArrivalView
from shared.http.caller import CommandContext, command
from shared.http.responses import command_response
from shared.http.routing import Router

router = Router("disputes")
Party = Annotated[CommandContext, command("buyer", "seller")]


@router.post(
    "/v1/disputes/{dispute_id}/late-arrival",
    summary="Tell of goods that came after the refund",
    response_model=DisputeView | ArrivalView,
)
async def report_late_arrival(
    dispute_id: str, body: LateArrivalBody, caller: Annotated[CommandContext, command("buyer", "seller", "service")]
) -> Response:
    """By the buyer, or a carrier's word; the refund stays the buyer's, and nothing else changes (S65). A service, which
    reads no dispute, is told whether that was news.
    """
    if not caller.actor.roles.isdisjoint(PARTIES):
        report = caller.command(ReportLateArrival, body, dispute_id=dispute_id)
        return await answer(caller, await carry_out(caller, report))
    outcome = await caller.handle(caller.command(NoteLateArrival, body, dispute_id=dispute_id))
    arrival: ArrivalView = {
        "dispute_id": dispute_id,
        "version": outcome.versions[0],
        "recorded": bool(outcome.events),
    }
    return command_response(outcome, arrival)


@router.post("/v1/disputes/{dispute_id}/repayment", summary="Agree on a repayment", response_model=DisputeView)
async def agree_repayment(dispute_id: str, body: RepaymentBody, caller: Party) -> Response:
    """Each party says how much of the refund the buyer pays back, and how; it is agreed once both have said the same.
    Nobody has to, and no money moves by it (K23).
    """
    return await answer(caller, await carry_out(caller, caller.command(AgreeRepayment, body, dispute_id=dispute_id)))


@router.post("/v1/disputes/{dispute_id}/repayment-receipt", summary="Confirm a repayment", response_model=DisputeView)
async def receive_repayment(dispute_id: str, caller: Party, body: RepaymentReceiptBody | None = None) -> Response:
    """The seller has what was agreed (S65)."""
    told = body or RepaymentReceiptBody()
    return await answer(caller, await carry_out(caller, caller.command(ReceiveRepayment, told, dispute_id=dispute_id)))
