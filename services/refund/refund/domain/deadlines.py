"""Deadlines of refunds: when each part of one is paid, and when the bank has credited the whole (D12).

The part's or the refund's id is in its name in storage; a refund that one payment gives is one part.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from shared.calendars import holidays_of
from shared.events.calendar import within_business_days
from shared.events.open_enums import Open
from shared.events.refund import Destination, RefundRequested, RefundWay


class DeadlineKind(StrEnum):
    """What falls due: for a part of a refund its payment, for a refund the bank's credit."""

    PAY = "pay"
    SETTLEMENT = "bank_settlement"

    def of(self, name: str) -> str:
        """This kind of deadline for one part, or one refund: `pay:<part_id>`, `bank_settlement:<refund_id>`."""
        return f"{self}:{name}"

    def starts(self, deadline: str) -> bool:
        """Whether a deadline is of this kind."""
        return deadline.partition(":")[0] == self


def name_in(deadline: str) -> str:
    """The part, or the refund, that a deadline is of."""
    return deadline.partition(":")[2]


_WAYS = {
    **dict.fromkeys(("visa", "mastercard", "maestro", "amex", "mir"), RefundWay.CARD),
    **dict.fromkeys(("qiwi", "paypal", "alipay", "webmoney"), RefundWay.WALLET),
}


def way_of(method: str) -> RefundWay:
    """How money goes back that was paid by this method: by card or wallet, all else to an account (S63)."""
    return _WAYS.get(method.lower(), RefundWay.ACCOUNT)


def window_of(
    request: RefundRequested, destination: Open[Destination], issued_at: datetime, methods: Iterable[str]
) -> tuple[datetime, datetime]:
    """D12 of money that goes there: a bonus is there at once, and at the latest on the next business day (S60)."""
    if destination == Destination.BONUS:
        return issued_at, _end(request, issued_at, 1)
    return credit_window(request, issued_at, methods)


def credit_window(
    request: RefundRequested, issued_at: datetime, methods: Iterable[str] = ()
) -> tuple[datetime, datetime]:
    """D12: from when on and until when the bank credits it, in business days of the programme's calendar (S58). After
    a return both are the later of what counts from the issue and what counts from the receipt (S59, K1).
    """
    earliest, latest = business_days(request, methods)
    after_return = request.refund_after_return_bd
    window = _end(request, issued_at, earliest), _end(request, issued_at, latest)
    if request.received_at is None or after_return is None:
        return window
    begins = max(issued_at, _end(request, request.received_at, earliest))
    return begins, max(window[1], _end(request, request.received_at, after_return))


def business_days(request: RefundRequested, methods: Iterable[str]) -> tuple[int, int]:
    """The first and the last business day on which one of these methods is credited: what the programme says of the
    method, else of all of its kind, else of any.
    """
    said = {each.method: each.bank_window_bd for each in request.window_by_method}
    days = [said.get(method) or said.get(way_of(method)) or request.bank_window_bd for method in methods]
    days = days or [request.bank_window_bd]
    return min(first for first, _ in days), max(last for _, last in days)


def _end(request: RefundRequested, begin: datetime, days: int) -> datetime:
    return within_business_days(begin, days, request.timezone, holidays_of(request.holidays))
