"""Builders of what comes behind a refund: clawbacks that end, goods that come late, and what is paid back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dispute.domain.disputes.afterwards.collection import EndClawback
from dispute.domain.disputes.afterwards.repayment import (
    AgreeRepayment,
    NoteLateArrival,
    ReceiveRepayment,
    ReportLateArrival,
)
from shared.events.base import Actor
from shared.events.ids import derived_uuid
from shared.events.mediation.clawbacks import ClawbackEnd
from shared.events.mediation.repayments import RepaymentWay
from tests.support.builders.disputes import dispute_id, on_dispute
from tests.support.builders.orders import BUYER, ORDER, SELLER, SHOP, usd

SETTLED, FAILED = ClawbackEnd.SETTLED, ClawbackEnd.FAILED


def end_clawback(
    clawback_id: str, at: datetime, end: ClawbackEnd = SETTLED, disputes: tuple[str, ...] | None = None, **more: Any
) -> EndClawback:
    """Finance says that it has come, or does not; of the first dispute's unless others are named."""
    return EndClawback(
        command_id=derived_uuid("end", clawback_id, end, at),
        actor=SHOP,
        at=at,
        order_id=ORDER,
        clawback_id=clawback_id,
        end=end,
        ended_at=more.pop("ended_at", at),
        disputes=(dispute_id(),) if disputes is None else disputes,
        **more,
    )


def report_late(at: datetime, actor: Actor = BUYER, n: int = 1, **more: Any) -> ReportLateArrival:
    return ReportLateArrival(**on_dispute("late", actor, at, n), **{"arrived_at": at} | more)


def note_late(at: datetime, actor: Actor = SHOP, n: int = 1, **more: Any) -> NoteLateArrival:
    return NoteLateArrival(**on_dispute("note late", actor, at, n), **{"arrived_at": at} | more)


def agree_on(
    at: datetime, amount: str, actor: Actor = BUYER, way: RepaymentWay = RepaymentWay.PLATFORM, n: int = 1
) -> AgreeRepayment:
    named = on_dispute(f"agree {actor.id} {amount} {way}", actor, at, n)
    return AgreeRepayment(amount=usd(amount), way=way, **named)


def confirm(at: datetime, actor: Actor = SELLER, n: int = 1, **more: Any) -> ReceiveRepayment:
    return ReceiveRepayment(**on_dispute("confirm", actor, at, n), **more)
