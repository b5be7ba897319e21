"""Reasons of returns, read by the audit itself: why each line was to go back, and in which calendar month."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ops.audit.entry import Entry

State = dict[str, Any]


def rows(entry: Entry) -> dict[str, State]:
    """The rows that the event makes, by return and line."""
    if entry.name != "ReturnDue":
        return {}
    data, asked_at = entry.data, datetime.fromisoformat(entry.metadata["at"])
    said = {name: data[name] for name in ("return_id", "order_id", "dispute_id", "seller_id", "reason")}
    said |= {"kind": data.get("kind", "dispute"), "month": f"{asked_at.astimezone(ZoneInfo(data['timezone'])):%Y-%m}"}
    return {f"{data['return_id']}/{line['line_id']}": {**said, **line} for line in data["lines"]}
