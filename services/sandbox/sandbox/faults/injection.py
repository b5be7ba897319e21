"""Fault injection: delays, withholds or spoils the answer of a request that an armed fault is meant for."""

from __future__ import annotations

import asyncio

from fastapi import Request

from sandbox.faults.faults import Fault, Faults, Target
from sandbox.waiting import until_disconnected, wait_at_most
from shared.http.problems import Refusal


async def before_effect(request: Request, on: Target, payment_id: str, order_id: str) -> Fault | None:
    """The fault of this request, if any; what comes before the effect happens here."""
    faults: Faults = request.app.state.simulators.faults
    fault = faults.next(on, payment_id, order_id)
    if fault and fault.fault == "delay":
        await wait_at_most(request, asyncio.sleep(fault.hold), limit=fault.hold)
    if fault and fault.fault == "timeout_before":
        await _hold(request, fault)
    return fault


async def after_effect(request: Request, fault: Fault | None) -> None:
    """What goes wrong once the effect is done."""
    if fault and fault.fault == "timeout_after":
        await _hold(request, fault)
    if fault and fault.fault == "error_after":
        raise Refusal("internal", "A fault on demand: what was asked for is done all the same.")


async def _hold(request: Request, fault: Fault) -> None:
    """Sends nothing until the client gives up, the seconds are over or the process ends."""
    await wait_at_most(request, until_disconnected(request), limit=fault.hold)
    raise Refusal("outcome_unknown", "A fault on demand: no answer.")
