"""Fault routes: arm, list and disarm the faults that tests ask for."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from sandbox.faults.faults import Fault, FaultList, Faults, FaultView
from shared.http.responses import query_response
from shared.http.routing import Router
from shared.rejections import Rejected

MOST_FAULTS = 1_000

router = Router("faults")


class TooManyFaults(Rejected):
    """More faults are armed than a test could mean."""


@router.post("/faults", status_code=201, response_model=FaultView)
async def arm(request: Request, body: Fault) -> Response:
    """Arms a fault behind those armed already; each request meets one at most, the earliest that is meant for it."""
    faults = _faults(request)
    if len(faults.armed) >= MOST_FAULTS:
        raise TooManyFaults("Disarm all first: DELETE /faults.")
    return query_response(faults.arm(body).view, status=201)


@router.get("/faults", response_model=FaultList)
async def armed(request: Request) -> Response:
    """All faults since the last clearing, with how often each has fired."""
    listed: FaultList = {"data": [fault.view for fault in _faults(request).armed]}
    return query_response(listed)


@router.delete("/faults", status_code=204)
async def disarm(request: Request) -> Response:
    """Disarms all, and forgets the counts."""
    _faults(request).clear()
    return Response(status_code=204)


def _faults(request: Request) -> Faults:
    faults: Faults = request.app.state.simulators.faults
    return faults
