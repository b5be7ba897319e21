"""Faults on demand: armed by a test, fired by the requests that follow, counted.

They are kept in memory: the requests that they disturb ask no database for them, and a fault that a killed test left
behind ends with the process instead of surprising the next run, whose data are kept.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from sandbox.declines import DECLINES
from shared.events.base import Message
from shared.events.fields import ShortText
from shared.events.outside.ids import Id
from shared.http.request.body import example

Target = Literal["refund", "capture", "webhook", "label", "label_void", "scan"]
CallKind = Literal["delay", "timeout_before", "timeout_after", "error_after", "decline", "pending"]
Kind = CallKind | Literal["drop", "duplicate", "reorder", "forge"]

LONGEST = 15.0
"""Seconds for which a request is held at most: longer than any client of ours waits."""
KINDS_OF: dict[Target, frozenset[Kind]] = {
    "refund": frozenset({"delay", "timeout_before", "timeout_after", "error_after", "decline", "pending"}),
    "capture": frozenset({"delay", "timeout_before", "timeout_after", "error_after"}),
    "label": frozenset({"delay", "timeout_before", "timeout_after", "error_after", "decline"}),
    "label_void": frozenset({"delay", "timeout_before", "timeout_after", "error_after"}),
    "webhook": frozenset({"delay", "drop", "duplicate", "reorder", "forge"}),
    "scan": frozenset({"delay", "drop", "duplicate", "reorder", "forge"}),
}


class FaultView(TypedDict):
    """A fault: how long it holds a request, how often it has fired, and how often it still will."""

    id: int
    on: Target
    fault: Kind
    times: int
    seconds: float
    code: str | None
    payment_id: str | None
    order_id: str | None
    fired: int
    remaining: int


class FaultList(TypedDict):
    """All faults since the last clearing."""

    data: list[FaultView]


class Fault(Message):
    """What goes wrong, where, how many times; with a payment or order named, for that one alone."""

    model_config = example(on="refund", fault="timeout_after", times=1)

    on: Target
    fault: Kind
    times: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    seconds: Annotated[float, Field(ge=0, le=LONGEST)] | None = None
    code: ShortText | None = None
    payment_id: Id | None = None
    order_id: Id | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.fault not in KINDS_OF[self.on]:
            raise ValueError(f"{self.on} knows {', '.join(sorted(KINDS_OF[self.on]))}")
        if self.code is not None and (self.fault != "decline" or self.code not in DECLINES):
            raise ValueError(f"code belongs to decline and is one of {', '.join(sorted(DECLINES))}")
        return self

    @property
    def hold(self) -> float:
        """Seconds for which it holds a request: a second where it only delays, the longest where it never answers."""
        if self.seconds is not None:
            return self.seconds
        return 1.0 if self.fault == "delay" else LONGEST

    def applies_to(self, on: Target, payment_id: str, order_id: str) -> bool:
        """Whether it is meant for this request."""
        return self.on == on and self.payment_id in (None, payment_id) and self.order_id in (None, order_id)


@dataclass(slots=True)
class ArmedFault:
    """A fault and how often it has fired."""

    id: int
    fault: Fault
    fired: int = 0

    @property
    def view(self) -> FaultView:
        """The fault as the API shows it."""
        fault = self.fault
        return {
            "id": self.id,
            "on": fault.on,
            "fault": fault.fault,
            "times": fault.times,
            "seconds": fault.hold,
            "code": fault.code,
            "payment_id": fault.payment_id,
            "order_id": fault.order_id,
            "fired": self.fired,
            "remaining": self.remaining,
        }

    @property
    def remaining(self) -> int:
        """How often it will still fire."""
        return self.fault.times - self.fired


@dataclass(slots=True)
class Faults:
    """All faults armed since they were last cleared, spent ones included, so that a test sees whether its fault ever
    fired.
    """

    armed: list[ArmedFault] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def arm(self, fault: Fault) -> ArmedFault:
        """Adds a fault behind those that are armed already."""
        self.armed.append(ArmedFault(next(self._numbers), fault))
        return self.armed[-1]

    def clear(self) -> None:
        """Disarms all and forgets the counts."""
        self.armed.clear()

    def next(self, on: Target, payment_id: str, order_id: str) -> Fault | None:
        """The fault of this request, one at most: the earliest armed that is meant for it; counted as fired."""
        for armed in self.armed:
            if armed.remaining and armed.fault.applies_to(on, payment_id, order_id):
                armed.fired += 1
                return armed.fault
        return None
