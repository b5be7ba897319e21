"""The books of an order that several payments share: each posting of a refund names the payment that it is of, and the
provider's report of each payment is held against it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.books.export import Format
from ops.books.journal import Span, journal
from ops.books.reconciliation import reconciled
from ops.books.trial_balance import TrialBalance
from shared.events.dispute import Decision
from tests.services.dispute.orders.test_captures import shared, tender
from tests.services.ops.books.test_books import as_csv, written
from tests.support.audit_services import AuditedServices, movement, open_services
from tests.support.builders.disputes import open_dispute, respond
from tests.support.builders.orders import on, record
from tests.support.servers.backing import Databases

PARTS = {"card": "20.00", "balance": "10.00"}
"""What each payment gives of 30.00."""


@pytest.fixture(scope="module")
async def lived(databases: Databases) -> AsyncIterator[AuditedServices]:
    """100.00 were paid, two thirds of it by card and a third from a balance; 30.00 of a line went back in two parts."""
    async with open_services(databases.migrated) as services:
        services.movements[:] = [movement("capture", "66.66", payment="card")]
        services.movements.append(movement("capture", "33.34", payment="balance"))
        paid = shared(tender("card", "66.66"), tender("balance", "33.34", method="balance"))
        await services.tell("dispute", paid, record("shipped", on("Mar 1")), open_dispute(on("Mar 12"), amount="30.00"))
        await services.tell("dispute", respond(Decision.ACCEPT, on("Mar 13")))
    yield services
    for dsn in services.dsns.values():
        await databases.drop(dsn)


async def rows_of(services: AuditedServices) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(await written(services, Format.CSV))))


async def test_each_posting_of_a_refund_in_parts_names_its_payment_and_its_part(lived: AuditedServices) -> None:
    rows = await rows_of(lived)
    parts = {row["part_id"]: (row["payment_id"], row["credit"]) for row in rows if row["account"] == "refunded"}
    (refund_id,) = {row["refund_id"] for row in rows if row["account"] == "refunded"}
    assert parts == {f"{refund_id}.1": ("card", PARTS["card"]), f"{refund_id}.2": ("balance", PARTS["balance"])}
    assert {row["payment_id"] for row in rows if row["account"] == "captured"} == {"card", "balance"}


async def test_the_books_close_behind_every_entry_and_the_reports_of_both_payments_agree_with_them(
    lived: AuditedServices, tmp_path: Path
) -> None:
    balance, at = TrialBalance(), []
    async for booked in journal(lived.dsns):
        for posting in booked.postings:
            balance.add(posting)
        assert balance.open == {}
        at.append(booked.at)
    days = Span.of_days(min(at).date(), max(at).date())
    report = as_csv(tmp_path / "report.csv", [{**each, "at": _at(each, at)} for each in lived.movements])
    found = await reconciled([report], lived.dsns, days, edge=timedelta(0))
    assert (found.differences, found.awaited) == ([], [])


def _at(moved: dict[str, Any], instants: list[datetime]) -> str:
    """Captures begin, refunds end it."""
    return (min if moved["kind"] == "capture" else max)(instants).isoformat()
