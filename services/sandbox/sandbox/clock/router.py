"""Clock routes: read the domain's time, wait for a move, move it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from sandbox.clock.clock import Clock, ClockMoved, ClockView
from sandbox.clock.move_request import Move
from sandbox.clock.mover import AlreadyMoving, CallerGone, ClockMover, NoDeadline, NotQuiet
from sandbox.waiting import wait_at_most
from shared.http.problems import Refusal
from shared.http.responses import query_response
from shared.http.routing import Router
from shared.rejections import Rejected

LONG_POLL = 25.0
"""Seconds: below what proxies and clients commonly allow."""

router = Router("clock")


class ClockGoesForwardsOnly(Rejected):
    """The instant asked for has passed, or lies behind the clock's end."""


class NothingIsDue(Rejected):
    """No service has a deadline to go to."""


class ClockIsMoving(Rejected):
    """Another move did not end in time."""


@router.get("/clock", response_model=ClockView)
async def read_clock(
    request: Request,
    after: Annotated[int | None, Query(description="Answer when the revision is another one, or after 25 s")] = None,
) -> Response:
    """The domain's present; with `after` as soon as somebody has moved it."""
    clock = _clock(request)
    if after is not None:
        await wait_at_most(request, clock.moved(after), limit=LONG_POLL)
    return query_response(clock.view)


@router.post("/clock", response_model=ClockMoved)
async def move_clock(request: Request, body: Move) -> Response:
    """Moves time forwards, from deadline to deadline, and answers when everything that follows is done. It stops where
    the caller hangs up.
    """

    async def caller_gone() -> bool:
        return request.app.draining.is_set() or await request.is_disconnected()

    mover: ClockMover = request.app.state.simulators.mover
    try:
        steps = await mover.move(body, caller_gone)
    except ValueError as error:
        raise ClockGoesForwardsOnly(str(error)) from None
    except NoDeadline:
        raise NothingIsDue("No service waits for anything.") from None
    except AlreadyMoving:
        raise ClockIsMoving("Somebody else moves the clock.") from None
    except CallerGone:
        raise Refusal("busy", "Time stays where it is: the sandbox is about to stop.") from None
    except NotQuiet as error:
        raise Refusal(
            "busy", f"Time stays where it is: {error}", workers=[report.wire for report in error.reports]
        ) from None
    moved: ClockMoved = {**_clock(request).view, "steps": steps}
    return query_response(moved)


def _clock(request: Request) -> Clock:
    clock: Clock = request.app.state.simulators.clock
    return clock
