"""Routes of the outside world. They ask for no token: here is where tokens come from, and a provider's account is not
what is simulated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, Literal

from fastapi import Header, Query, Request
from starlette.responses import Response

from sandbox.clock import Move, real_now
from sandbox.clock_mover import Abandoned, Moving, NoDeadline, NotQuiet
from sandbox.faults import Fault, Target
from sandbox.identity import TokenRequest
from sandbox.psp import DECLINES, Answer, Capture, Id, KeyReused, PaymentDiffers, RefundRequest, current
from sandbox.world import World
from shared.http.problems import Refusal
from shared.http.responses import query_response
from shared.http.routing import Router
from shared.rejections import Rejected

LONG_POLL = 25.0
"""Seconds: below what proxies and clients commonly allow."""
DECLINED = 402
EVERYTHING = 100_000
MOST_FAULTS = 1_000

psp = Router("payment provider")
identity = Router("identity provider")
clock = Router("clock")
faults = Router("faults")

Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=255, pattern=r"^[\x21-\x7e]+$")]


class PaymentCapturedDifferently(Rejected):
    """The payment has been captured before, with another order or amount."""


class WebhooksAbsent(Rejected):
    """No webhooks are sent yet, so none can be disturbed."""


class TooManyFaults(Rejected):
    """More faults are armed than a test could mean."""


class ClockGoesForwardsOnly(Rejected):
    """The instant asked for has passed, or lies behind the clock's end."""


class NothingIsDue(Rejected):
    """No service has a deadline to go to."""


class ClockIsMoving(Rejected):
    """Another move did not end in time."""


def world(request: Request) -> World:
    """What the process was started with."""
    found: World = request.app.state.world
    return found


@psp.post("/psp/captures", status_code=201)
async def capture(request: Request, body: Capture) -> Response:
    """Takes money, once a payment id; the same again gets the first answer again."""
    here = world(request)
    fault = await _before(request, "capture", body.payment_id, body.order_id)
    try:
        at, repeated = await here.store.capture(body, here.clock.now())
    except PaymentDiffers:
        raise PaymentCapturedDifferently("The payment was captured with another order or amount.") from None
    await _after(request, fault)
    return _again(query_response({**body.model_dump(mode="json"), "at": at}, status=201), repeated)


@psp.post(
    "/psp/refunds",
    status_code=201,
    responses={DECLINED: {"description": "Declined for good: no money moves under this key"}},
)
async def refund(request: Request, body: RefundRequest, key: Key = None) -> Response:
    """Pays back, once an Idempotency-Key; the same again gets the first answer again, a decline included."""
    if key is None:
        raise Refusal("idempotency_key_required", "Without a key a repeat would pay a second time.")
    here = world(request)
    fault = await _before(request, "refund", body.payment_id, body.order_id)
    forced = (fault.code or "declined") if fault and fault.fault == "decline" else None
    try:
        answer, repeated = await here.store.refund(key, body, here.clock.now(), forced)
    except KeyReused:
        raise Refusal("idempotency_key_reused", "The key belongs to another refund.") from None
    await _after(request, fault)
    return _again(query_response(_refund(answer), status=DECLINED if answer.declined else 201), repeated)


@psp.get("/psp/refunds/{refund_id}")
async def one_refund(request: Request, refund_id: str) -> Response:
    """What a refund has come to, with every attempt under a key of its own."""
    attempts = await world(request).store.attempts(refund_id)
    if not attempts:
        raise Refusal("not_found", "No refund was asked for under this id.")
    return query_response({**_refund(current(attempts)), "attempts": [_refund(answer) for answer in attempts]})


@psp.get("/psp/refunds")
async def refunds_by_key(request: Request, idempotency_key: Id) -> Response:
    """The refund under this key, or an empty list: then nothing has been done, nor declined, under it."""
    return query_response(
        {"data": [_refund(answer) for answer in await world(request).store.refund_by_key(idempotency_key)]}
    )


@psp.get("/psp/ledger")
async def ledger(
    request: Request,
    order_id: str | None = None,
    payment_id: str | None = None,
    after: Annotated[int, Query(ge=0, description="Only lines with a larger id")] = 0,
    limit: Annotated[int, Query(ge=1, le=EVERYTHING)] = EVERYTHING,
    sort: Annotated[Literal["id", "-id"], Query(description="-id: the newest first")] = "id",
) -> Response:
    """Every movement of money, in the order of its booking."""
    return query_response(
        {"data": await world(request).store.ledger(order_id, payment_id, after, limit, sort == "-id")}
    )


@identity.post("/token")
async def token(request: Request, body: TokenRequest) -> Response:
    """A token for any party and any role."""
    return query_response(world(request).identity.token(body, int(real_now().timestamp())))


@identity.get("/jwks")
async def jwks(request: Request) -> Response:
    """The keys that verify the tokens (RFC 7517)."""
    return query_response(world(request).identity.jwks)


@identity.get("/.well-known/openid-configuration")
async def discovery(request: Request) -> Response:
    """Where the rest of the provider is (OpenID Connect Discovery)."""
    return query_response(world(request).identity.discovery)


@clock.get("/clock")
async def read_clock(
    request: Request,
    after: Annotated[int | None, Query(description="Answer when the revision is another one, or after 25 s")] = None,
) -> Response:
    """The domain's present; with `after` as soon as somebody has moved it."""
    here = world(request).clock
    if after is not None:
        await _first(request, here.moved(after), limit=LONG_POLL)
    return query_response(here.wire)


@clock.post("/clock")
async def move_clock(request: Request, body: Move) -> Response:
    """Moves time forwards, from deadline to deadline, and answers when everything that follows is done. It stops where
    the caller hangs up.
    """
    here = world(request)

    async def gone() -> bool:
        return request.app.draining.is_set() or await request.is_disconnected()

    try:
        steps = await here.mover.move(body, gone)
    except ValueError as error:
        raise ClockGoesForwardsOnly(str(error)) from None
    except NoDeadline:
        raise NothingIsDue("No service waits for anything.") from None
    except Moving:
        raise ClockIsMoving("Somebody else moves the clock.") from None
    except Abandoned:
        raise Refusal("busy", "Time stays where it is: the sandbox is about to stop.") from None
    except NotQuiet as error:
        raise Refusal(
            "busy", f"Time stays where it is: {error}", workers=[report.wire for report in error.reports]
        ) from None
    return query_response({**here.clock.wire, "steps": steps})


@faults.post("/faults", status_code=201)
async def arm(request: Request, body: Fault) -> Response:
    """Arms a fault behind those armed already; each request meets one at most, the earliest that is meant for it."""
    if body.on == "webhook":
        raise WebhooksAbsent("The sandbox sends no webhooks yet.")
    armed = world(request).faults
    if len(armed.armed) >= MOST_FAULTS:
        raise TooManyFaults("Disarm all first: DELETE /faults.")
    return query_response(armed.arm(body).wire, status=201)


@faults.get("/faults")
async def armed(request: Request) -> Response:
    """All faults since the last clearing, with how often each has fired."""
    return query_response({"data": [fault.wire for fault in world(request).faults.armed]})


@faults.delete("/faults", status_code=204)
async def disarm(request: Request) -> Response:
    """Disarms all, and forgets the counts."""
    world(request).faults.clear()
    return Response(status_code=204)


async def _before(request: Request, on: Target, payment_id: str, order_id: str) -> Fault | None:
    """The fault of this request; what comes before the effect happens here."""
    fault = world(request).faults.next(on, payment_id, order_id)
    if fault and fault.fault == "delay":
        await _first(request, asyncio.sleep(fault.hold), limit=fault.hold)
    if fault and fault.fault == "timeout_before":
        await _hold(request, fault)
    return fault


async def _after(request: Request, fault: Fault | None) -> None:
    """What goes wrong once the effect is done."""
    if fault and fault.fault == "timeout_after":
        await _hold(request, fault)
    if fault and fault.fault == "error_after":
        raise Refusal("internal", "A fault on demand: what was asked for is done all the same.")


async def _hold(request: Request, fault: Fault) -> None:
    """Says nothing until the client gives up, the seconds are over or the process ends; then nobody is told what
    happened.
    """
    await _first(request, _gone(request), limit=fault.hold)
    raise Refusal("outcome_unknown", "A fault on demand: no answer.")


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue


async def _first(request: Request, waiting: Coroutine[Any, Any, None], limit: float) -> None:
    """Waits, but no longer than `limit` seconds nor than the process takes requests."""
    tasks = [asyncio.create_task(waiting), asyncio.create_task(request.app.draining.wait())]
    try:
        await asyncio.wait(tasks, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _refund(answer: Answer) -> dict[str, Any]:
    return {**answer.wire, "detail": DECLINES[answer.declined]} if answer.declined else answer.wire


def _again(response: Any, repeated: bool) -> Response:
    if repeated:
        response.add(b"idempotent-replayed", b"true")
    answered: Response = response
    return answered
