"""Words of the tests about chargebacks: commands with all that a test does not care about filled in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from refund.domain.payments.chargebacks.facts import OpenChargeback, ResolveChargeback
from refund.domain.payments.chargebacks.representment import CloseRepresentment
from refund.domain.payments.chargebacks.resuming import RecordHeld
from shared.events.base import Actor
from shared.events.ids import derived_uuid
from shared.events.outside.chargeback import ChargebackResult, RefundsFrozen
from tests.support.builders import refunds as p

BANK = Actor(id="psp", roles=frozenset({"service"}))
PAID, NOT_PAID = ChargebackResult.BUYER_PAID, ChargebackResult.BUYER_NOT_PAID


def _envelope(name: str, actor: Actor, at: datetime, *parts: object) -> dict[str, Any]:
    return {"command_id": derived_uuid(name, *parts), "actor": actor, "at": at, "order_id": "o1"}


def opens(chargeback_id: str = "cb1", at: datetime = p.MONDAY, minor: int = 10_000, **more: Any) -> OpenChargeback:
    """The buyer's bank takes 100.00 back: all that was captured, unless `minor` says otherwise."""
    given = {"amount": p.usd(minor), "payment_id": "o1", "reason_code": "13.1", "opened_at": at}
    envelope = _envelope("opens", more.pop("actor", BANK), at, chargeback_id)
    return OpenChargeback(**envelope, chargeback_id=chargeback_id, **given | more)


def decides(
    result: ChargebackResult, chargeback_id: str = "cb1", at: datetime = p.MONDAY, **more: Any
) -> ResolveChargeback:
    """The bank has decided it."""
    envelope = _envelope("decides", more.pop("actor", BANK), at, chargeback_id, result)
    given = {"resolved_at": at}
    return ResolveChargeback(**envelope, chargeback_id=chargeback_id, result=result, **given | more)


def told(chargeback_id: str = "cb1", at: datetime = p.MONDAY, actor: Actor = p.SUPPORT, **more: Any) -> Any:
    """Somebody of support has told the bank of the refund."""
    envelope = _envelope("told", actor, at, chargeback_id, more.get("representment_id"))
    return CloseRepresentment(**envelope, chargeback_id=chargeback_id, ticket="CASE-4711", **more)


def held(refund_id: str = "rfd_9a31", behind: str = "cb1 open", at: datetime = p.MONDAY) -> RecordHeld:
    """The provider knows of no payment, and a chargeback is in the way of one."""
    return RecordHeld.of("o1", refund_id, 0, behind, at)


def frozen(chargeback_id: str = "cb1", minor: int = 10_000) -> RefundsFrozen:
    """What `opens` leads to."""
    return RefundsFrozen(
        chargeback_id=chargeback_id,
        order_id="o1",
        payment_id="o1",
        buyer_id=p.BUYER.id,
        seller_id=p.SELLER.id,
        amount=p.usd(minor),
        reason_code="13.1",
        opened_at=p.MONDAY,
        noted_at=p.MONDAY,
        rules=("S103", "T34"),
    )
