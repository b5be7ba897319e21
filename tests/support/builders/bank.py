"""Words of the tests about what an order and its disputes hear of a bank (T34, T35)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dispute.domain.disputes.chargebacks.telling import TellDispute
from dispute.domain.orders.chargebacks.noting import NoteChargeback, NoteResult
from shared.events.base import SYSTEM, Event
from shared.events.ids import derived_uuid
from shared.events.money import Money
from shared.events.order import LineAmount
from shared.events.outside.chargeback import ChargebackResult, ExternalChargebackOpened, ExternalChargebackResolved
from tests.support.builders.orders import ORDER, ORDER_STREAM, usd

PAID, NOT_PAID = ChargebackResult.BUYER_PAID, ChargebackResult.BUYER_NOT_PAID


def takes_back(at: datetime, chargeback_id: str = "cb1", amount: str = "50.00") -> NoteChargeback:
    """The refund service has noted a chargeback."""
    return NoteChargeback(
        command_id=derived_uuid("takes back", chargeback_id),
        actor=SYSTEM,
        at=at,
        order_id=ORDER,
        chargeback_id=chargeback_id,
        payment_id="pay1",
        amount=usd(amount),
        opened_at=at,
        source_event=f"frozen {chargeback_id}",
    )


def gives(
    result: ChargebackResult, at: datetime, chargeback_id: str = "cb1", lines: Mapping[str, Money] | None = None
) -> NoteResult:
    """The refund service has noted how the bank has decided, and what of which line the buyer has of it."""
    kept = {"l1": usd("50.00")} if lines is None and result == PAID else lines or {}
    return NoteResult(
        command_id=derived_uuid("gives", chargeback_id, result),
        actor=SYSTEM,
        at=at,
        order_id=ORDER,
        chargeback_id=chargeback_id,
        payment_id="pay1",
        result=result,
        amount=Money(sum(amount.minor for amount in kept.values()), "USD"),
        lines=tuple(LineAmount(line_id=name, amount=amount) for name, amount in kept.items()),
        resolved_at=at,
        source_event=f"unfrozen {chargeback_id}",
    )


def heard(happened: Mapping[str, Sequence[Event]], at: datetime) -> Sequence[TellDispute]:
    """What the order has heard last, told to each of its disputes."""
    told = [x for x in happened[ORDER_STREAM] if isinstance(x, ExternalChargebackOpened | ExternalChargebackResolved)]
    return tell(told[-1], at)


def tell(told: ExternalChargebackOpened | ExternalChargebackResolved, at: datetime) -> Sequence[TellDispute]:
    """This, told to each dispute that it names."""
    return [
        TellDispute(
            command_id=derived_uuid("tell", dispute_id, told.chargeback_id, type(told).__name__),
            actor=SYSTEM,
            at=at,
            order_id=ORDER,
            dispute_id=dispute_id,
            told=told,
            source_event="its order's",
        )
        for dispute_id in told.disputes
    ]
