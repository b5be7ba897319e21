"""Chargebacks by webhook: what the provider says of one is recorded as what anybody reports of it is (ADR 58)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from refund.domain.decider import decider
from refund.domain.payments.chargebacks.facts import ChargebackCommand, OpenChargeback, ResolveChargeback
from refund.read_models import captures, refunds
from refund.read_models.captures import Capture
from refund.webhooks.port import ChargebackSaid
from shared.events.base import SYSTEM
from shared.events.envelope import Cause
from shared.events.ids import derived_uuid
from shared.eventstore.command_handling import handle
from shared.rejections import WrongPhase
from shared.subscriptions.freshness import wait_for_head

log = logging.getLogger(__name__)


Result = Literal["taken", "repeated", "ignored"]


async def recorded(state: Any, said: ChargebackSaid, now: datetime) -> Result:
    """Its beginning first, which every message tells, and then its end: so it does not matter in which order they come,
    or whether one is lost. What cannot be recorded yet is refused, and the provider sends it again.
    """
    if (capture := await _capture_of(state.pool, said)) is None:
        return "ignored"
    result: Result = "repeated"
    for command in commands(capture, said, now):
        try:
            outcome = await handle(state.store, decider, command, Cause.of(command))
        except WrongPhase:
            log.warning("chargeback %s: the bank had decided it otherwise before", said.chargeback_id)
            return "ignored"
        if outcome.events and not outcome.replayed:
            result = "taken"
    return result


def commands(capture: Capture, said: ChargebackSaid, now: datetime) -> Iterator[ChargebackCommand]:
    """Their ids follow from the provider's id of it, so that each is carried out once. The provider's clock may be
    ahead of ours.
    """
    about: dict[str, Any] = {"actor": SYSTEM, "at": now, "chargeback_id": said.chargeback_id}
    about["order_id"] = capture.order_id
    opened = {"amount": said.amount, "reason_code": said.reason_code, "opened_at": min(said.opened_at, now)}
    yield OpenChargeback(command_id=_id(said, "opened"), payment_id=capture.payment_id, **about, **opened)
    if said.result and said.resolved_at:
        ended = {"result": said.result, "resolved_at": min(said.resolved_at, now)}
        yield ResolveChargeback(command_id=_id(said, said.result), **about, **ended)


def _id(said: ChargebackSaid, word: str) -> UUID:
    return derived_uuid("chargeback", said.chargeback_id, word)


async def _capture_of(pool: Any, said: ChargebackSaid) -> Capture | None:
    """Of which order it is; None where no order of ours was paid by it, or several: then people say of which it is."""
    if said.order_id:
        return Capture(said.payment_ids[0], said.order_id)
    if not (found := await captures.of_payment(pool, said.payment_ids)):
        await wait_for_head(pool, refunds.NAME)
        found = await captures.of_payment(pool, said.payment_ids)
    if len(found) > 1:
        log.warning("chargeback %s: its payment is of several orders", said.chargeback_id)
    return found[0] if len(found) == 1 else None
