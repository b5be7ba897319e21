"""Builders of returns without a dispute: what an order is asked for, and what the return service says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dispute.domain.disputes.form import RequestedLine
from dispute.domain.entitlements.granting import Condition, GrantReturn
from shared.events.base import Actor
from shared.events.dispute import Reason, ReturnDue, ReturnKind, ReturnOutcome
from shared.events.ids import derived_id, derived_uuid
from tests.support.builders.disputes import note_return
from tests.support.builders.orders import BUYER, ORDER, ORDER_STREAM, PROGRAMMES, Histories, after

WHOLE = Condition(unused=True, undamaged=True, original_packaging=True, seals_intact=True)
OFFERED = (ReturnKind.EXTRA, ReturnKind.DOMESTIC)
SAID: dict[ReturnKind, Any] = dict.fromkeys((ReturnKind.FREE, *OFFERED), WHOLE)


def grant(
    at: datetime, kind: ReturnKind = ReturnKind.FREE, n: int = 1, lines: dict[str, int] | None = None, **more: Any
) -> GrantReturn:
    """The buyer asks for a piece of the first line to go back, unless lines are named with their quantities; it is no
    longer wanted where the seller is to hear why.
    """
    named = tuple(RequestedLine(line_id=name, quantity=count) for name, count in (lines or {"l1": 1}).items())
    why = Reason.CHANGE_OF_MIND if kind in OFFERED else Reason.NOT_STATED
    said: dict[str, Any] = {
        "reason": why,
        "condition": SAID.get(kind),
        "places": PROGRAMMES.places("aliexpress_basic", at),
    }
    return GrantReturn(
        **{
            "command_id": derived_uuid("grant", n),
            "actor": BUYER,
            "at": at,
            "order_id": ORDER,
            "kind": kind,
            "lines": named,
            **said,
            **more,
        }
    )


def return_id(n: int = 1) -> str:
    return derived_id("ret", ORDER, derived_uuid("grant", n))


def asked(happened: Histories) -> ReturnDue:
    """The last return that the order asked for."""
    return [event for event in happened[ORDER_STREAM] if isinstance(event, ReturnDue)][-1]


def noted(happened: Histories, at: datetime, *outcomes: ReturnOutcome, reason: str | None = None) -> Histories:
    """The return service says all this of it."""
    due = asked(happened)
    return after(happened, *(note_return(due, outcome, at, reason) for outcome in outcomes))


def stranger(name: str) -> Actor:
    return Actor(id=name, roles=frozenset({"buyer"}))
