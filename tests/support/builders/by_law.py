"""Builders of disputes by right of law: an order to Germany that was received on 5 March, so that the programme ends on
21 March and conformity on 6 March 2028, each at the first instant of the day.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from shared.events.dispute import Reason
from tests.support.builders.disputes import open_dispute
from tests.support.builders.entitlements import terms_in
from tests.support.builders.evidence import upload, upload_id
from tests.support.builders.orders import Histories, after, expire_order, on, order
from tests.support.spec import History, Outcome, given

P, R = on("Mar 21", "00:00"), on("Mar 21", "01:00")
MAY = on("May 1")
LAST, OVER = datetime(2028, 3, 5, 23, 59, tzinfo=UTC), datetime(2028, 3, 6, tzinfo=UTC)


def bought(*lines: Any, country: str = "DE") -> Histories:
    return order(*lines, shipped="Mar 1", delivered="Mar 5", terms=terms_in(country))


def complete(happened: Histories) -> Histories:
    """The protection is over and the seller is paid."""
    return after(happened, expire_order("protection_end", P), expire_order("release", R))


PAID = complete(bought())


def faulty(at: datetime, n: int = 1, quantity: int = 1, **more: Any) -> Any:
    """A dispute about a defect, with a picture that was sent before."""
    lines = (RequestedLine(line_id="l1", quantity=quantity),)
    plain = {"reason": Reason.DEFECTIVE, "lines": lines, "evidence": (upload_id(n=n),), "amount": "30.00"}
    return open_dispute(at, n=n, **plain | more)


def claimed(happened: Histories = PAID, at: datetime = MAY, n: int = 1, **more: Any) -> Histories:
    """The dispute is opened, by law."""
    return after(happened, upload(at, n=n), faulty(at, n, **more))


def when(happened: History, command: Any) -> Outcome:
    """What the command comes to."""
    return given(decider, happened).when(command)


def parts(event: Any) -> dict[str, str]:
    """The amounts of an event by line."""
    return {part.line_id: part.amount.amount for part in event.lines}


def only(outcome: Outcome, kind: type[Any]) -> Any:
    """The one event of this kind."""
    (found,) = [event for event in outcome.events if isinstance(event, kind)]
    return found
