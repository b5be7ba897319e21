"""The books of services that have lived: a trial balance that closes, a journal for finance, and a provider's report
held against them.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ops.books import journal as journals
from ops.books.export import COLUMNS, Format, export, opened
from ops.books.journal import EVER, Span, journal
from ops.books.reconciliation import Reconciled, reconciled
from ops.books.trial_balance import TrialBalance
from tests.support.audit_services import AuditedServices, expire, live, open_services
from tests.support.servers.backing import Databases

Report = list[dict[str, Any]]


@pytest.fixture(scope="module")
async def lived(databases: Databases) -> AsyncIterator[AuditedServices]:
    """80.00 were paid: 55.00 went back in two refunds on two days, and the rest to the seller."""
    async with open_services(databases.migrated) as services:
        await live(services)
        await expire(services)
    yield services
    for dsn in services.dsns.values():
        await databases.drop(dsn)


async def written(services: AuditedServices, form: Format, span: Span = EVER, currency: str | None = None) -> str:
    to = io.StringIO()
    await export(journal(services.dsns, span), to, form, currency)
    return to.getvalue()


async def test_the_trial_balance_says_where_all_the_money_is_and_closes_behind_every_entry(
    lived: AuditedServices,
) -> None:
    balance = TrialBalance()
    async for booked in journal(lived.dsns):
        for posting in booked.postings:
            balance.add(posting)
        assert balance.open == {}
    assert [(row["account"], row["debit"], row["credit"]) for row in balance.rows] == [
        ("captured", "80.00", "0.00"),
        ("held", "80.00", "80.00"),
        ("released", "0.00", "25.00"),
        ("refunded", "0.00", "55.00"),
        ("sum", "160.00", "160.00"),
    ]


@pytest.mark.parametrize("page", [1, 3, 10_000])
async def test_the_journal_is_the_same_in_pages_of_any_length_and_in_the_order_of_time(
    lived: AuditedServices, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "PAGE", page)
    found = [booked async for booked in journal(lived.dsns)]
    assert [booked.at for booked in found] == sorted(booked.at for booked in found)
    assert Counter(booked.entry.name for booked in found) == {
        "PaymentCaptured": 1,
        "RefundIssued": 2,
        "PaymentReleased": 1,
    }


async def test_both_forms_of_an_export_say_the_same_and_every_entry_balances(lived: AuditedServices) -> None:
    table = list(csv.DictReader(io.StringIO(await written(lived, Format.CSV))))
    lines = [json.loads(line) for line in (await written(lived, Format.JSONL)).splitlines()]
    assert [{name: "" if line[name] is None else str(line[name]) for name in COLUMNS} for line in lines] == table
    sums: Counter[str] = Counter()
    for row in table:
        sums[row["entry"]] += int(Decimal(row["debit"] or 0) * 100) - int(Decimal(row["credit"] or 0) * 100)
    assert len(sums) == 4
    assert not any(sums.values())
    refund = next(row for row in table if row["account"] == "refunded")
    assert (refund["credit"], refund["currency"], refund["reference"]) == ("35.00", "USD", "psp_1")


async def test_a_day_holds_its_own_entries_and_all_days_hold_all(lived: AuditedServices) -> None:
    days = {booked.at.date() async for booked in journal(lived.dsns)}
    by_day = [
        len(list(csv.reader(io.StringIO(await written(lived, Format.CSV, Span.of_days(day, day)))))) for day in days
    ]
    whole = list(csv.reader(io.StringIO(await written(lived, Format.CSV))))
    assert sum(count - 1 for count in by_day) == len(whole) - 1 > 0
    assert await written(lived, Format.JSONL, Span.of_days(date(2020, 1, 1), date(2020, 1, 1))) == ""


async def test_an_export_of_another_currency_is_empty(lived: AuditedServices) -> None:
    assert await written(lived, Format.JSONL, currency="EUR") == ""
    assert await written(lived, Format.JSONL, currency="USD") == await written(lived, Format.JSONL)


def test_a_file_is_there_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "journal.csv"
    with pytest.raises(OSError, match="full"), opened(path) as file:
        file.write("half")
        raise OSError("the disk is full")
    assert not path.exists()
    with opened(path) as file:
        file.write("whole")
    assert [each.name for each in tmp_path.iterdir() if each.suffix == ".csv"] == ["journal.csv"]
    assert path.read_text() == "whole"


async def honest(services: AuditedServices) -> Report:
    """What a provider reports that has moved just what is booked, at those instants."""
    booked = [each async for each in journal(services.dsns) if each.entry.name in ("PaymentCaptured", "RefundIssued")]
    return [
        {
            "kind": "refund" if each.entry.data.get("refund_id") else "capture",
            "payment_id": "pay-1",
            "refund_id": each.entry.data.get("refund_id"),
            "amount": each.entry.data["amount"],
            "at": each.entry.metadata["at"],
        }
        for each in booked
    ]


def as_csv(path: Path, report: Report) -> Path:
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["kind", "payment_id", "refund_id", "amount", "currency", "at"])
        for row in report:
            amount = row["amount"]
            table.writerow(
                [row["kind"], row["payment_id"], row["refund_id"], amount["amount"], amount["currency"], row["at"]]
            )
    return path


def as_json_lines(path: Path, report: Report) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in report))
    return path


@pytest.mark.parametrize("write", [as_csv, as_json_lines])
async def test_a_report_that_says_what_is_booked_has_no_difference(
    lived: AuditedServices, tmp_path: Path, write: Any
) -> None:
    found = await reconciled([write(tmp_path / "report", await honest(lived))], lived.dsns)
    assert found.differences == []
    assert found.lines == [
        "USD booked captures: 1, 80 USD",
        "USD reported captures: 1, 80 USD",
        "USD booked refunds: 2, 55 USD",
        "USD reported refunds: 2, 55 USD",
    ]


async def reported(lived: AuditedServices, tmp_path: Path, change: Any) -> Reconciled:
    return await reconciled([as_csv(tmp_path / "report", change(await honest(lived)))], lived.dsns)


def with_amount(row: dict[str, Any], amount: str, currency: str = "USD") -> dict[str, Any]:
    return {**row, "amount": {"amount": amount, "currency": currency}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: [*rows[:2], with_amount(rows[2], "19.99")], "different: {id} of 19.99 USD is reported"),
        (lambda rows: [*rows[:2], with_amount(rows[2], "20.00", "EUR")], "different: {id} of 20 EUR is reported"),
        (lambda rows: [*rows, rows[2]], "different: {id} of 20 USD is reported"),
        (lambda rows: [*rows, {**rows[2], "refund_id": "rfd_x"}], "unbooked: refund rfd_x of 20 USD is reported"),
        (lambda rows: [rows[0], rows[2]], "unreported: refund"),
        (lambda rows: [*rows, {**rows[0], "kind": "chargeback"}], "unbooked: chargeback pay-1 of 80 USD"),
        (lambda rows: [with_amount(rows[0], "79.00"), *rows[1:]], "different: capture pay-1 of 79 USD is reported"),
    ],
)
async def test_what_a_report_says_otherwise_is_told_once_in_a_line(
    lived: AuditedServices, tmp_path: Path, change: Any, said: str
) -> None:
    refund = (await honest(lived))[2]["refund_id"]
    (line,) = (await reported(lived, tmp_path, change)).differences
    assert line.startswith(said.format(id=f"refund {refund}")), line


async def test_a_day_is_held_against_its_own_report_also_where_an_answer_came_days_later(
    lived: AuditedServices, tmp_path: Path
) -> None:
    rows = await honest(lived)
    earlier = {**rows[2], "at": "2026-03-18T12:00:00Z"}
    path = as_csv(tmp_path / "report", [earlier])
    found = await reconciled([path], lived.dsns)
    assert found.differences == []
    missing = await reconciled(
        [as_csv(tmp_path / "empty", [])], lived.dsns, Span.of_days(date(2026, 3, 1), date(2026, 3, 31))
    )
    assert len(missing.differences) == 2


def at_noon(rows: Report, day: date) -> Report:
    """A movement of another day, of which the books know nothing."""
    return [{**rows[0], "payment_id": "pay-2", "at": f"{day} 12:00:00Z"}]


async def test_what_is_booked_near_midnight_is_looked_for_in_the_neighbouring_days_report_and_never_skipped(
    lived: AuditedServices, tmp_path: Path
) -> None:
    """Here the whole day is near."""
    edge = timedelta(hours=24)
    rows = await honest(lived)
    day = datetime.fromisoformat(rows[2]["at"]).date()
    before, after = day - timedelta(days=1), day + timedelta(days=1)
    days = Span.of_days(day, day)
    empty = as_csv(tmp_path / "empty", [])
    alone = await reconciled([empty], lived.dsns, days, edge)
    assert alone.differences == []
    assert alone.awaited and all(line.startswith("awaited: refund ") for line in alone.awaited)
    assert str(before) in alone.awaited[0]
    late = as_csv(tmp_path / "late", [*at_noon(rows, before), {**rows[2], "at": f"{after} 00:00:01Z"}])
    assert (await reconciled([empty, late], lived.dsns, days, edge)).awaited == []
    both = as_csv(tmp_path / "both", [*at_noon(rows, before), *at_noon(rows, after)])
    missing = await reconciled([empty, both], lived.dsns, days, edge)
    assert missing.awaited == []
    assert [line for line in missing.differences if line.startswith("unreported: refund ")] != []


async def test_the_first_and_the_last_hour_of_a_report_without_a_day_belong_to_it(
    lived: AuditedServices, tmp_path: Path
) -> None:
    """A movement is missing in the middle of its days: the edges are not cut off."""
    rows = await honest(lived)
    found = await reconciled([as_csv(tmp_path / "report", [rows[0], rows[2]])], lived.dsns)
    assert [line.partition(":")[0] for line in [*found.differences, *found.awaited]] == ["unreported"]
    assert found.json["awaited"] == []


async def test_an_empty_report_must_be_told_its_day(lived: AuditedServices, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--day"):
        await reconciled([as_csv(tmp_path / "report", [])], lived.dsns)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"kind": "refund"}\n', "line 1 .* has no amount and kind and payment_id"),
        (
            '{"kind": "refund", "payment_id": "p", "amount": {"amount": 1.5, "currency": "USD"}}\n',
            "has no amount such as",
        ),
        ("{}\n", "line 1"),
        ("{nothing\n", "line 1 .* is no JSON"),
        ("kind,payment_id,amount,currency\nrefund,p,-1.00,USD\n", "line 2 .* has no amount such as 12.34"),
        ("kind,payment_id,amount\nrefund,p,1.00\n", "line 2 .* has no currency"),
        ("kind;payment_id\nrefund;p\n", "line 2 .* has no amount and kind"),
    ],
)
async def test_a_line_that_is_no_movement_is_named(
    lived: AuditedServices, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "report"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        await reconciled([path], lived.dsns)
