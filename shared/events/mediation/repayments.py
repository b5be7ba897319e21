"""Events of goods that come after the refund, and of what the buyer then pays back (S65, K23). These names are storage:
never rename one.
"""

from __future__ import annotations

from enum import StrEnum

from shared.events.base import Event, Instant
from shared.events.money import Money
from shared.events.open_enums import Open
from shared.events.order import Pieces


class RepaymentWay(StrEnum):
    """How the buyer pays back: through the platform, which is offered first, or to the seller (K23)."""

    PLATFORM = "platform"
    DIRECT = "direct"


class LateArrivalReported(Event):
    """Goods came after the refund, by the buyer's word or a carrier's; without lines all that were disputed. `told` are
    the parties that are told of it.
    """

    dispute_id: str
    by: str
    told: tuple[str, ...]
    arrived_at: Instant
    lines: tuple[Pieces, ...]
    text_ref: str | None
    reported_at: Instant
    rules: tuple[str, ...]


class RepaymentAgreed(Event):
    """One party's word on what the buyer pays back, and how; it is agreed once both have said the same. `told` is the
    other party.
    """

    dispute_id: str
    by: str
    told: str
    amount: Money
    way: Open[RepaymentWay]
    agreed_at: Instant
    rules: tuple[str, ...]


class RepaymentReceived(Event):
    """The seller has what was agreed; no money of ours moved (K23)."""

    dispute_id: str
    amount: Money
    way: Open[RepaymentWay]
    reference: str | None
    received_at: Instant
    noted_at: Instant
    rules: tuple[str, ...]


RepaymentEvent = LateArrivalReported | RepaymentAgreed | RepaymentReceived
