"""Reconciliation: a payment provider's reports of some days, held against what the events of those days booked.

Movements are paired by what they are about, amount and currency, each with one other; what is left on one side is a
difference. Both sides lie in a temporary file: memory does not grow with the report.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ops.audit.entry import Data, Entry, in_words, units
from ops.books.journal import Booked, Span, journal
from ops.books.provider_report import Movement, movements

AROUND = timedelta(days=7)
"""How far from the report's days an event may lie that tells of a movement: its answer may have been lost."""
EDGE = timedelta(hours=1)
"""Clocks differ, and days end: what is so near to the end of one may stand in the neighbouring day's report."""
KINDS = {
    "PaymentCaptured": ("capture", "payment_id"),
    "RefundIssued": ("refund", "refund_id"),
    "RefundPartIssued": ("refund", "part_id"),
    "RefundReturnedByBank": ("return", "part_id"),
    "RefundPaidTwice": ("refund", "part_id"),
    "RefundsFrozen": ("chargeback", "payment_id"),
    "RefundsUnfrozen": ("chargeback_reversed", "payment_id"),
}
"""By event: the movement that a provider books, and what says which one it is. What a bank gives back is reversed."""

TABLES = """
create table reported_as_read (kind, about, units, currency, at);
create table booked_as_read (kind, about, units, currency, event, of_days, neighbour);
"""
# The number tells equal movements of one thing apart.
PAIRABLE = """
create table {table} as select *, rowid as n,
    row_number() over (partition by kind, about, units, currency order by rowid) as number from {table}_as_read;
create index {table}_about on {table} (kind, about, units, currency, number);
"""
ALONE = """
select one.* from {table} as one where {which} and not exists (select 1 from {other} as other
    where other.kind = one.kind and other.about = one.about and other.units = one.units
    and other.currency = one.currency and other.number = one.number) order by n
"""
UNBOOKED = ALONE.format(table="reported", other="booked", which="true")
UNREPORTED = ALONE.format(table="booked", other="reported", which="of_days")
BOOKED = "select * from booked where kind = ? and about = ? order by n limit 1"
ANY = "select 1 from reported_as_read where at >= :begin and at < :end limit 1"
PERIOD = "select min(at) as first, max(at) as last from reported_as_read"
SUMS = """
select 'reported' as side, kind, currency, count(*) as times, sum(units) as units from reported
where at is null or (at >= :begin and at < :end) group by kind, currency
union all
select 'booked', kind, currency, count(*), sum(units) from booked where of_days group by kind, currency
order by currency, kind, side
"""


@dataclass(slots=True)
class Reconciled:
    """What the reports came to: each difference in a line, what only a neighbouring day's report can tell, and the sums
    of both sides.
    """

    days: Span
    differences: list[str] = field(default_factory=list)
    awaited: list[str] = field(default_factory=list)
    sums: list[dict[str, Any]] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """A line for each sum."""
        return ["{currency} {side} {kind}s: {times}, {amount}".format(**said) for said in self.sums]

    @property
    def json(self) -> dict[str, Any]:
        days = {"begin": self.days.begin, "end": self.days.end}
        lines = {"differences": self.differences, "awaited": self.awaited}
        return {"ok": not self.differences, **days, **lines, "sums": self.sums}


async def reconciled(
    reports: Sequence[Path], dsns: Mapping[str, str], days: Span | None = None, edge: timedelta = EDGE
) -> Reconciled:
    """The reports compared, for these days or those of their movements; ValueError where neither says which.

    What is booked near the end of the days and stands in no report is awaited from the neighbouring day's, and is a
    difference once that is there too.
    """
    with contextlib.closing(sqlite3.connect("", isolation_level=None)) as database:
        database.row_factory = sqlite3.Row
        database.executescript(f"pragma journal_mode = off; {TABLES}")
        for report in reports:
            rows = map(_reported, movements(report))
            database.executemany("insert into reported_as_read values (?, ?, ?, ?, ?)", rows)
        days = days or _days_of(database)
        near = [span.wider(edge) for span in _missing_neighbours(database, days)]
        async for booked in journal(dsns, days.wider(AROUND)):
            if row := _booked(booked, days, near):
                database.execute("insert into booked_as_read values (?, ?, ?, ?, ?, ?, ?)", row)
        for table in ("reported", "booked"):
            database.executescript(PAIRABLE.format(table=table))
        found = Reconciled(days, sums=_sums(database, days))
        for neighbour, said in _lines(database):
            (found.awaited if neighbour else found.differences).append(said)
        return found


def _reported(movement: Movement) -> tuple[Any, ...]:
    about = movement.get("refund_id") or movement["payment_id"]
    return (movement["kind"], about, *_money(movement["amount"]), _in_utc(movement.get("at")))


def _booked(booked: Booked, days: Span, near: Sequence[Span]) -> tuple[Any, ...] | None:
    """None for what no provider has moved."""
    entry = booked.entry
    if entry.name not in KINDS or entry.data.get("manual") or entry.data.get("parts"):
        return None
    if not (counted := _counted(entry)):
        return None
    kind, name = KINDS[entry.name]
    said = {**entry.data, **(entry.data.get("part") or {})}
    about = said.get(name) or said["refund_id"]
    neighbour = next((_day_of(span) for span in near if booked.at in span), None)
    return (kind, about, counted, entry.data["amount"]["currency"], entry.id, booked.at in days, neighbour)


def _missing_neighbours(database: sqlite3.Connection, days: Span) -> Sequence[Span]:
    """The day before and the day after, where no report says anything of it."""
    if not days.begin or not days.end:
        return ()
    day = timedelta(days=1)
    around = (Span(days.begin - day, days.begin), Span(days.end, days.end + day))
    return [span for span in around if not database.execute(ANY, _texts(span)).fetchone()]


def _day_of(span: Span) -> str:
    """The day in its middle."""
    assert span.begin and span.end
    return (span.begin + (span.end - span.begin) / 2).date().isoformat()


def _texts(span: Span) -> dict[str, str | None]:
    ends = {"begin": span.begin, "end": span.end}
    return {name: _in_utc(at.isoformat()) if at else None for name, at in ends.items()}


def _sums(database: sqlite3.Connection, days: Span) -> list[dict[str, Any]]:
    rows = database.execute(SUMS, _texts(days)).fetchall()
    return [{**dict(row), "amount": in_words(row["units"], row["currency"])} for row in rows]


def _counted(entry: Entry) -> int:
    """The money that moved: of a decided chargeback what came back."""
    amount = units(entry.data["amount"])
    return units(entry.data["contested"]) - amount if entry.name == "RefundsUnfrozen" else amount


def _in_utc(at: str | None) -> str | None:
    """The instant as text whose order is that of time; what names no zone is UTC."""
    if not at:
        return None
    moment = datetime.fromisoformat(at)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _money(amount: Data) -> tuple[int, str]:
    return units(amount), amount["currency"]


def _days_of(database: sqlite3.Connection) -> Span:
    found = database.execute(PERIOD).fetchone()
    if not found["first"]:
        raise ValueError("the report does not say when its money moved: name its --day")
    first, last = (datetime.fromisoformat(at).date() for at in found)
    return Span.of_days(first, last)


def _lines(database: sqlite3.Connection) -> Iterator[tuple[str | None, str]]:
    """What stands on one side alone, each in a line, and the day whose report it awaits, if one; what stands on both
    sides otherwise is told once.
    """
    told = set()
    for row in database.execute(UNBOOKED).fetchall():
        said, about = _in_words(row), (row["kind"], row["about"])
        if booked := database.execute(BOOKED, about).fetchone():
            told.add(about)
            amount = in_words(booked["units"], booked["currency"])
            yield None, f"different: {said} is reported, and {booked['event']} books {amount} once"
        else:
            yield None, f"unbooked: {said} is reported, and no event says so"
    for row in database.execute(UNREPORTED).fetchall():
        if (row["kind"], row["about"]) not in told:
            yield row["neighbour"], _unreported(row)


def _unreported(row: sqlite3.Row) -> str:
    said = f"{_in_words(row)} is booked by {row['event']}"
    if row["neighbour"]:
        return f"awaited: {said} near midnight: give the report of {row['neighbour']} too, in which it may stand"
    return f"unreported: {said}, and the provider has not moved it"


def _in_words(row: sqlite3.Row) -> str:
    return f"{row['kind']} {row['about']} of {in_words(row['units'], row['currency'])}"
