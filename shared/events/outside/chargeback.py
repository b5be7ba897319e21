"""Events of a bank's chargeback: on a payment, and of what its order and disputes hear. These names are storage: never
rename one.
"""

from __future__ import annotations

from enum import StrEnum

from shared.events.base import Event, Instant
from shared.events.money import Money
from shared.events.open_enums import Open
from shared.events.order import LineAmount


class ChargebackResult(StrEnum):
    """How the bank decided: the buyer was paid, which the seller's side lost, or was not."""

    BUYER_PAID = "buyer_paid"
    BUYER_NOT_PAID = "buyer_not_paid"


class RepresentmentEnd(StrEnum):
    """Why nobody has to tell the bank of a refund any more: somebody has, or the bank has decided."""

    SENT = "sent"
    BUYER_PAID = "buyer_paid"
    BUYER_NOT_PAID = "buyer_not_paid"


class RefundsFrozen(Event):
    """A buyer's bank takes this amount of a payment back until it has decided: no refund of the order goes before that
    (T34).
    """

    chargeback_id: str
    order_id: str
    payment_id: str
    buyer_id: str
    seller_id: str
    amount: Money
    reason_code: str | None
    opened_at: Instant
    noted_at: Instant
    rules: tuple[str, ...]


class RepresentmentDue(Event):
    """A refund and a chargeback are about the same money: until then the bank is to be told of the refund, under the
    provider's reference, for `amount` would go twice (T34).
    """

    representment_id: str
    chargeback_id: str
    order_id: str
    payment_id: str
    refund_id: str
    part_id: str
    amount: Money
    provider_ref: str
    due_at: Instant
    rules: tuple[str, ...]


class RepresentmentClosed(Event):
    """The bank was told, by whom a ticket says, or it has decided; of the same chargeback `left` are still due."""

    representment_id: str
    chargeback_id: str
    order_id: str
    refund_id: str
    because: Open[RepresentmentEnd]
    by: str | None = None
    ticket: str | None = None
    left: int
    closed_at: Instant
    rules: tuple[str, ...]


class RefundsUnfrozen(Event):
    """The bank has decided. `contested` is what it had taken back, `amount` what the buyer got of it: these `lines` are
    paid with it, and `twice` of it had gone to the buyer already, by a refund (T35).
    """

    chargeback_id: str
    order_id: str
    payment_id: str
    result: Open[ChargebackResult]
    contested: Money
    amount: Money
    lines: tuple[LineAmount, ...]
    twice: Money
    resolved_at: Instant
    noted_at: Instant
    rules: tuple[str, ...]


ChargebackEvent = RefundsFrozen | RepresentmentDue | RepresentmentClosed | RefundsUnfrozen


class ExternalChargebackOpened(Event):
    """A buyer's bank takes this back until it has decided: nothing of the order is paid out, and of a dispute nothing
    falls due before that (T34). The order's event names its `disputes`, each of which bears one of its own; both name
    the `returns` that stand still with them.
    """

    chargeback_id: str
    order_id: str
    dispute_id: str | None
    payment_id: str
    amount: Money
    disputes: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()
    source_event: str
    opened_at: Instant
    noted_at: Instant
    rules: tuple[str, ...]


class ExternalChargebackResolved(Event):
    """The bank has decided: of the order's lines it has paid these to the buyer, or the money comes back, and what
    stood still goes on (T35).
    """

    chargeback_id: str
    order_id: str
    dispute_id: str | None
    payment_id: str
    result: Open[ChargebackResult]
    amount: Money
    lines: tuple[LineAmount, ...]
    disputes: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()
    source_event: str
    resolved_at: Instant
    noted_at: Instant
    rules: tuple[str, ...]


ExternalChargeback = ExternalChargebackOpened | ExternalChargebackResolved
"""What an order and its disputes are told of it."""
