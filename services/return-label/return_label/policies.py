"""Policies: what the dispute service's events ask of this one, and whom this one's are told.

A policy's command bears the instant of the event that it follows from, so that a repeat asks for the very same thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from return_label.domain.notifications.state import NOTICES
from return_label.domain.returns.bank_hold import EndReturnHold, HoldReturn
from return_label.domain.returns.request import RequestReturn
from return_label.domain.returns.response import NoteDispute
from return_label.domain.returns.withdrawal import WithdrawReturn
from shared.decider import Send
from shared.events.base import Event
from shared.events.dispute import DisputeOpened, ReturnDue, ReturnNotDue
from shared.events.envelope import Recorded
from shared.events.outside.chargeback import ExternalChargeback, ExternalChargebackOpened, ExternalChargebackResolved
from shared.notifications.table import notifications

REQUEST_RETURNS = "request_returns"
"""The policy's name: its subscription's in storage, and part of the ids of its commands."""


def react(recorded: Recorded[Event], carrier: str | None = None, warehouse_id: str | None = None) -> Iterable[Send]:
    """On ReturnDue → request the return, with a label of the carrier that is set, and for the warehouse that is. On
    ReturnNotDue → withdraw it. On what an order or a dispute hears of a chargeback → hold its returns, or let them
    go on (T34, T35). On DisputeOpened about the denial of a return → note it there.
    """
    match recorded.event:
        case ReturnDue() as event:
            said = request_fields(event, warehouse_id)
            return [Send.on(recorded, REQUEST_RETURNS, 0, RequestReturn, **said, carrier=carrier)]
        case ReturnNotDue() as event:
            return [
                Send.on(
                    recorded, REQUEST_RETURNS, 0, WithdrawReturn, return_id=event.return_id, buyer_id=event.buyer_id
                )
            ]
        case ExternalChargebackOpened() | ExternalChargebackResolved() as event:
            return _told(recorded, event)
        case DisputeOpened(from_return=str() as return_id, dispute_id=dispute_id):
            named = {"return_id": return_id, "dispute_id": dispute_id}
            return [Send.on(recorded, REQUEST_RETURNS, 0, NoteDispute, **named)]
        case _:
            return []


def _told(recorded: Recorded[Event], told: ExternalChargeback) -> Iterable[Send]:
    command = HoldReturn if isinstance(told, ExternalChargebackOpened) else EndReturnHold
    for n, return_id in enumerate(told.returns):
        yield Send.on(recorded, REQUEST_RETURNS, n, command, return_id=return_id, chargeback_id=told.chargeback_id)


def notify(recorded: Recorded[Event]) -> Iterable[Send]:
    """On an event of a return → ask that its parties be told of it (S54)."""
    return notifications(recorded, NOTICES, "return_id")


def request_fields(event: ReturnDue, warehouse_id: str | None) -> Mapping[str, Any]:
    """What the dispute service asks for, by the fields of the command: they have the same names; and the warehouse that
    this service knows.
    """
    return {**dict(event), "warehouse_id": warehouse_id}
