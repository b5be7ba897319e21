"""Routes of decisions: the receipt of each, and whether its facts come to the same again."""

from __future__ import annotations

from typing import Annotated

from starlette.requests import Request
from starlette.responses import Response

from dispute.domain.decider import decider
from dispute.domain.disputes.mediation.receipts import History, Receipt, receipt_of
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.visibility import looks_as
from dispute.views.mediation.receipts import ReceiptView, RecomputationView, receipt_view, recomputation_view
from shared.eventstore.folding import folded
from shared.http.caller import QueryContext, query
from shared.http.request.language import ACCEPT_LANGUAGE, liked_language
from shared.http.responses import query_response
from shared.http.routing import Router
from shared.rejections import NotFound

router = Router("decisions")


@router.get(
    "/v1/disputes/{dispute_id}/decisions/{decision_id}",
    summary="Show a receipt",
    response_model=ReceiptView,
    openapi_extra={"parameters": [ACCEPT_LANGUAGE]},
)
async def show_receipt(
    dispute_id: str, decision_id: str, request: Request, viewer: Annotated[QueryContext, query()]
) -> Response:
    """What a decision rested on and what it came to; decisions by agreement and by silence have one too. `plain` is the
    decision as a sentence, by Accept-Language.
    """
    dispute, history = await _loaded(viewer, dispute_id)
    looking = looks_as(dispute, viewer.actor)
    receipt, path = _receipt(history, decision_id), f"/v1/disputes/{dispute_id}"
    answered = query_response(receipt_view(receipt, dispute, path, looking, liked_language(request)))
    answered.add(b"vary", "Accept-Language")
    return answered


@router.get(
    "/v1/disputes/{dispute_id}/decisions/{decision_id}/recomputation",
    summary="Decide it anew",
    response_model=RecomputationView,
)
async def recompute(dispute_id: str, decision_id: str, viewer: Annotated[QueryContext, query()]) -> Response:
    """The facts of the receipt alone, decided again: the same, or what differs."""
    _, history = await _loaded(viewer, dispute_id)
    return query_response(recomputation_view(_receipt(history, decision_id)))


async def _loaded(viewer: QueryContext, dispute_id: str) -> tuple[Dispute, History]:
    """The dispute and its history; NotFound for a stranger."""
    (history,) = await viewer.state.store.load(f"dispute-{dispute_id}")
    dispute: Dispute = await folded(decider, "dispute", history)
    dispute.parties.guard(viewer.actor, "dispute")
    return dispute, history


def _receipt(history: History, decision_id: str) -> Receipt:
    if not decision_id.isdecimal() or decision_id != str(int(decision_id)):
        raise NotFound("There is no such decision.")
    return receipt_of(history, int(decision_id))
