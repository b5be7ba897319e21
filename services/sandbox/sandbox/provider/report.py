"""Report of a day's movements of money, as providers give it to whoever keeps books: CSV with a line of names."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sandbox.provider.payments import LedgerLine
from shared.events.base import wire_time

MEDIA_TYPE = "text/csv"
COLUMNS = (
    "id",
    "kind",
    "order_id",
    "payment_id",
    "refund_id",
    "idempotency_key",
    "destination",
    "amount",
    "currency",
    "at",
)


def span_of(day: date) -> tuple[datetime, datetime]:
    """The day in UTC, to before its end."""
    begin = datetime.combine(day, time(tzinfo=UTC))
    return begin, begin + timedelta(days=1)


def report(lines: Sequence[LedgerLine]) -> str:
    """A row for each movement; what it has not is empty."""
    written = io.StringIO()
    table = csv.DictWriter(written, COLUMNS)
    table.writeheader()
    for line in lines:
        money = {"amount": line["amount"].amount, "currency": line["amount"].currency}
        table.writerow({**line, **money, "at": wire_time(line["at"])})
    return written.getvalue()
