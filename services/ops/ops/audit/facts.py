"""Facts about money and goods, gathered from all logs in one temporary table: sagas and sums are questions in SQL.

The table lies in a temporary file that nobody else sees, with a small cache: memory does not grow with the logs.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ops.audit.entry import Data, Entry, units
from ops.audit.readings.said import FACTS, OUTCOMES, SAYS, TOLD
from ops.books.accounts import postings

COLUMNS = (
    *("service", "stream", "version", "id", "settled", "name", "about", "to_note", "order_id", "dispute_id"),
    *("refund_id", "payment_id", "outcome", "source", "source_event", "units", "currency", "destination", "parts"),
    *("money", "people", "at", "part_id", "manual", "in_doubt"),
)
"""`about` is the refund or the return, `to_note` the outcome that a note must bear, `money` amount and lines as one,
`people` how many are told, `manual` whether people have paid it by hand, `at` when a refund was requested or issued;
`part_id` is the part of a refund that several payments give, else the refund; it may be given up `in_doubt`.
Of a clawback and of a later capture `about` is its own id.
"""
ABOUT = ("replaced_by", "refund_id", "return_id", "clawback_id", "capture_id", "chargeback_id")
"""What an event is about, by the member that names it."""
TABLES = f"""
create table fact ({", ".join(COLUMNS)});
create table part (fact, name, settled, order_id, dispute_id, party, payment_id, refund_id, line_id, units, currency);
create table asked (part_id, refund_id, payment_id, order_id, dispute_id, units, currency, money);
create table movement (kind, order_id, payment_id, refund_id, units, currency, destination, key);
create table journal (fact, account, order_id, line_id, debit, credit, currency, settled);
create table hold (order_id, line_id, dispute_id, short, currency, settled);
create table disputed (dispute_id, order_id, line_id, paid_out, state, settled);
create table ordered (order_id, cancelled, settled);
"""
INDEXES = """
create index fact_about on fact (about, name);
create index fact_source_event on fact (source_event);
create index fact_id on fact (id);
create index fact_name on fact (name);
create index fact_stream on fact (stream, name);
create index part_line on part (order_id, line_id, name);
create index part_refund on part (refund_id, name);
create index asked_part on asked (part_id);
create index asked_refund on asked (refund_id);
create index fact_part on fact (part_id, name);
create index movement_refund on movement (refund_id);
create index hold_line on hold (dispute_id, line_id);
create index disputed_line on disputed (dispute_id, line_id);
create index ordered_id on ordered (order_id);
"""
CACHE_KIB = 8 * 1024
AT_ONCE = 1000

Row = Sequence[Any]
Hold = tuple[str, str, int, str]
"""A line, the dispute that its money waits for, how much of what waits is not there any more, and its currency."""


class Facts:
    """The gathered facts; what is `settled` is old enough that whatever follows from it must be there."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._waiting: dict[str, list[Row]] = {}

    def add(self, service: str, entry: Entry, settled: bool) -> None:
        """An event of a log, if it is one of those that matter here."""
        if entry.name not in FACTS:
            return
        data = entry.data
        amount = data.get("amount") or (data.get("solution") or {}).get("amount") or {}
        about = _of_entry(service, entry, settled)
        self._insert("fact", (*about, *_of_data(data), *_of_money(data, amount), *_otherwise(entry)))
        for payment_id, part_id, part in _parts(entry):
            money = units(part["amount"]), part["amount"]["currency"]
            about = data.get("order_id"), data.get("dispute_id"), data.get("party", "buyer")
            names = (payment_id, part_id, part["line_id"])
            self._insert("part", (entry.id, entry.name, int(settled), *about, *names, *money))
        for posting in postings(entry):
            of_line = data.get("order_id"), posting.line_id
            sums = posting.debit, posting.credit, posting.currency
            self._insert("journal", (entry.id, posting.account, *of_line, *sums, int(settled)))
        for part in asked_parts(data) if entry.name == "RefundRequested" else ():
            named = (part["part_id"], data["refund_id"], part["payment_id"], data["order_id"], data["dispute_id"])
            counted, currency, _, _, money = _of_money(part, part["amount"])
            self._insert("asked", (*named, counted, currency, money))

    def move(self, movement: Data) -> None:
        """A movement of money in the payment provider's books."""
        amount = movement["amount"]
        names = (movement["kind"], movement.get("order_id"), movement["payment_id"], movement.get("refund_id"))
        more = movement.get("destination"), movement.get("idempotency_key")
        self._insert("movement", (*names, units(amount), amount["currency"], *more))

    def order(self, order_id: str, held: Iterable[Hold], cancelled: bool, settled: bool) -> None:
        """The end of an order's stream: which lines' money waits, each for which dispute; whether it was cancelled."""
        self._insert("ordered", (order_id, int(cancelled), int(settled)))
        for hold in held:
            self._insert("hold", (order_id, *hold, int(settled)))

    def dispute(
        self, dispute_id: str, order_id: str, state: str, lines: Iterable[tuple[str, bool]], settled: bool
    ) -> None:
        """The end of a dispute's stream: where it is, and which lines it is about, each with whether its seller was
        paid before.
        """
        for line_id, paid_out in lines:
            self._insert("disputed", (dispute_id, order_id, line_id, int(paid_out), state, int(settled)))

    def finish(self) -> None:
        """Everything is gathered: questions may be asked."""
        for table in list(self._waiting):
            self._flush(table)
        self._database.executescript(INDEXES)

    def ask(self, question: str, *values: Any) -> Iterator[sqlite3.Row]:
        """The rows that answer it, one after the other."""
        yield from self._database.execute(question, values)

    def count(self, question: str) -> int:
        """The one number that answers it."""
        return int(self._database.execute(question).fetchone()[0])

    def _insert(self, table: str, row: Row) -> None:
        rows = self._waiting.setdefault(table, [])
        rows.append(row)
        if len(rows) >= AT_ONCE:
            self._flush(table)

    def _flush(self, table: str) -> None:
        rows = self._waiting.pop(table)
        places = ", ".join("?" * len(rows[0]))
        self._database.executemany(f"insert into {table} values ({places})", rows)  # noqa: S608 - our own words only


@contextlib.contextmanager
def gathering() -> Iterator[Facts]:
    """An empty table, removed at the end."""
    # An empty name is a temporary file.
    with contextlib.closing(sqlite3.connect("", isolation_level=None)) as database:
        database.row_factory = sqlite3.Row
        database.executescript(f"pragma journal_mode = off; pragma cache_size = -{CACHE_KIB};{TABLES}")
        yield Facts(database)


def _of_entry(service: str, entry: Entry, settled: bool) -> Row:
    about = _about(entry.data)
    outcome = None if entry.data.get("reason") == "not_due" else OUTCOMES.get(entry.name)
    to_note = outcome.get(SAYS[entry.name](entry.data)) if isinstance(outcome, Mapping) else outcome
    return (service, entry.stream, entry.version, entry.id, int(settled), entry.name, about, to_note)


def _about(data: Data) -> str | None:
    """What is asked for again is the refund that comes of it."""
    return next((data[name] for name in ABOUT if data.get(name)), None)


def _otherwise(entry: Entry) -> Row:
    of_its_order = "chargeback_id" in entry.data and entry.stream.startswith("dispute-")
    said = len(entry.data["told"]) if entry.name == "MessagePosted" else TOLD.get(entry.name)
    told = None if entry.data.get("again") or of_its_order or _is_last_part(entry) or _is_of_nobody(entry) else said
    at = entry.data.get("issued_at") or entry.data.get("requested_at")
    return told, at, part_of(entry.data), *(int(bool(entry.data.get(name))) for name in ("manual", "in_doubt"))


def _is_of_nobody(entry: Entry) -> bool:
    """A return that no seller is to answer, and a denial whose dispute tells of it."""
    asked = entry.name == "ReturnRequested" and not entry.data.get("respond_by")
    return asked or (entry.name == "ReturnDenied" and bool(entry.data["dispute_id"]))


def _is_last_part(entry: Entry) -> bool:
    """The last part of a refund that is given up is told with the refund."""
    return entry.name == "RefundPartAbandoned" and entry.data["part"]["refund_state"] == "abandoned"


def _of_data(data: Data) -> Row:
    return tuple(data.get(name) for name in COLUMNS[8:15])


def _of_money(data: Data, amount: Data) -> Row:
    counted, currency = (units(amount), amount["currency"]) if amount else (None, None)
    parts = _in_order([line for line in data.get("lines") or () if isinstance(line, Mapping)])
    return (counted, currency, data.get("destination"), parts, f"{counted} {currency}: {parts}")


def _in_order(lines: Sequence[Data]) -> str:
    """The lines as text that is equal for equal lines, whatever their order."""
    return " ".join(sorted(f"{line['line_id']}={_quantity(line)}" for line in lines))


def _quantity(line: Data) -> str:
    if amount := line.get("amount"):
        return f"{units(amount)}{amount['currency']}"
    return str(line.get("quantity"))


def part_of(data: Data) -> str | None:
    """The part of a refund that an event is about: the refund itself, where one payment gives it."""
    step = data.get("part")
    named: str | None = step["part_id"] if step else data.get("refund_id")
    return named


def asked_parts(data: Data) -> Sequence[Data]:
    """What each payment gives of a refund that was requested."""
    return data.get("parts") or [{**data, "part_id": data["refund_id"]}]


def _parts(entry: Entry) -> Iterator[tuple[str | None, str | None, Data]]:
    """The money of an event by line, each with the payment that it is of, and the part of a refund, where the event
    says so.
    """
    data = entry.data
    if entry.name == "OrderPaid":
        yield from ((paid["payment_id"], None, line) for paid in data["payments"] for line in paid["lines"])
    elif entry.name == "RefundRequested":
        parts = asked_parts(data)
        yield from ((part["payment_id"], part["part_id"], line) for part in parts for line in part["lines"])
    elif entry.name not in ("PaymentHeld", "PaymentHoldLifted", "ReturnDue", "ReturnRequested"):
        lines = data.get("lines") or ()
        yield from ((data.get("payment_id"), part_of(data), line) for line in lines)
