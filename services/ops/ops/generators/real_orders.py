"""Table of real orders: `python -m ops.generators.real_orders <orders file>` registers each by the decider under every
programme that is shipped, asks for every right, and writes what was granted and refused, by rule, to
`docs/real-orders.md`.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from dispute.api.bodies.orders import OrderBody
from dispute.app import load_programmes
from dispute.domain.entitlements.entitlement import EntitlementKind, Judged, Question
from dispute.domain.entitlements.judging import best, judge
from dispute.domain.orders.pieces import named_pieces
from dispute.domain.orders.registration import RegisterOrder, register_order
from dispute.domain.orders.state import Order, after
from dispute.domain.programmes import Programmes
from ops.orders.file import FileLine, OrdersFile
from ops.orders.playable import Json, OrderRequests, PlayableOrder
from shared.events.base import Actor
from shared.events.dispute import Reason
from shared.events.ids import derived_uuid
from shared.faults import faults
from shared.http.responses import to_json
from shared.rejections import Rejected

ROOT = Path(__file__).resolve().parents[4]
PAGE = ROOT / "docs" / "real-orders.md"
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
"""All instants of an order are moved by one amount, so that its complaint or last fact is now: any now will do."""
AT_ONCE = 100
"""Orders that a processor takes at a time."""
SHOP = Actor(id="shop", roles=frozenset({"service"}))
BODY = TypeAdapter(OrderBody)
PROGRAMMES_OWN = frozenset({"S22", "S90", "S91", "S98", "S99", "S100", "S101"})
COMPLAINTS, RIGHTS, LAW, BEST = "complaints", "rights", "law", "best"

Row = tuple[str, str, str]
"""What was asked for, what came of it, and the rules."""


@dataclass
class Tally:
    """How many orders came to each row of each table, by programme."""

    counts: Counter[tuple[str, Row, str]] = field(default_factory=Counter)
    read: int = 0
    unreadable: int = 0

    def add(self, table: str, row: Row, programme: str) -> None:
        """One order more."""
        self.counts[table, row, programme] += 1

    def merge(self, other: Tally) -> None:
        """With what another one counted."""
        self.counts.update(other.counts)
        self.read += other.read
        self.unreadable += other.unreadable

    def table(self, name: str) -> Mapping[Row, Mapping[str, int]]:
        """The rows of a table, each by programme."""
        rows: dict[Row, Counter[str]] = {}
        for (table, row, programme), count in self.counts.items():
            if table == name:
                rows.setdefault(row, Counter())[programme] = count
        return rows


def main() -> None:
    """Reads the file, writes the page, and says how long it took."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m ops.generators.real_orders <orders file>")
    started = time.monotonic()
    tally = tallied(Path(sys.argv[1]))
    PAGE.write_text("\n".join(page(tally)) + "\n", "utf-8")
    print(f"{tally.read} orders, {len(names())} programmes: {time.monotonic() - started:.1f} s; {PAGE.name} written")


@cache
def programmes() -> Programmes:
    """What is shipped."""
    return load_programmes()


@cache
def names() -> Sequence[str]:
    """The programmes that are shipped, by name."""
    return [one.id for one in programmes().all if one.kind == "programme"]


def tallied(path: Path) -> Tally:
    """Every order of the file under every programme, some at a time on each processor."""
    whole = Tally()
    with OrdersFile(path) as file, ProcessPoolExecutor() as pool:
        for part in pool.map(counted, _parts(file)):
            whole.merge(part)
    return whole


def _parts(lines: Iterable[FileLine]) -> Iterator[list[FileLine]]:
    found = iter(lines)
    while part := list(islice(found, AT_ONCE)):
        yield part


def counted(lines: Sequence[FileLine]) -> Tally:
    """What became of these lines."""
    tally = Tally(read=len(lines), unreadable=sum(line.order is None for line in lines))
    for line in lines:
        if line.order:
            _judge(line.order, tally)
    return tally


def _judge(order: PlayableOrder, tally: Tally) -> None:
    requests = order.requests(NOW)
    try:
        command, body = _registration(requests)
    except ValidationError as error:
        first = faults(error.errors())[0]
        for name in names():
            tally.add(
                COMPLAINTS, ("not registered", "validation_failed", f"`{first['pointer']}` {first['code']}"), name
            )
        return
    for name in names():
        terms = programmes().resolve(name, NOW, body.ship_to.country, body.flags)
        try:
            events = register_order(command.model_copy(update={"terms": terms}), Order())
        except Rejected as refusal:
            tally.add(COMPLAINTS, ("not registered", refusal.code, ", ".join(refusal.cited)), name)
        else:
            _count(after(Order(), events), requests.dispute, name, tally)


def _registration(requests: OrderRequests) -> tuple[RegisterOrder, OrderBody]:
    """The shop's command, under the default programme as yet."""
    body = BODY.validate_json(to_json(requests.body), strict=True)
    command = RegisterOrder(
        command_id=derived_uuid("real order", requests.order_id),
        actor=SHOP,
        at=NOW,
        terms=programmes().resolve(None, NOW),
        **body.fields(requests.order_id),
    )
    return command, body


def _asked(order: Order, dispute: Json | None) -> tuple[Reason | None, Sequence[tuple[str, int]]]:
    """The complaint's reason and lines; without one all of them."""
    if dispute is None:
        return None, [(name, line.quantity) for name, line in order.lines.items()]
    return Reason(dispute["reason"]), [(line["line_id"], line["quantity"]) for line in dispute["lines"]]


def _count(order: Order, dispute: Json | None, name: str, tally: Tally) -> None:
    reason, lines = _asked(order, dispute)
    question = Question(order, reason, NOW, programmes().places(name, NOW))
    found = judge(question, named_pieces(order, lines))
    for judged in found:
        kind = judged.entitlement.kind
        if kind == EntitlementKind.PROGRAMME:
            tally.add(COMPLAINTS, _row(reason or "no complaint", judged), name)
        else:
            tally.add(LAW if kind == EntitlementKind.STATUTORY else RIGHTS, _row(_name(judged), judged), name)
    winner = best(found)
    refused = "the programme grants" if _by_programme(found).is_granted else "the programme refuses"
    tally.add(BEST, (refused, _name(winner) if winner else "nothing", ""), name)


def _by_programme(found: Iterable[Judged]) -> Judged:
    return next(judged for judged in found if judged.entitlement.kind == EntitlementKind.PROGRAMME)


def _name(judged: Judged) -> str:
    one = judged.entitlement
    return one.kind if one.name is None or one.kind == EntitlementKind.PROGRAMME else f"{one.kind} {one.name}"


def _row(what: str, judged: Judged) -> Row:
    if refusal := judged.refusal:
        return what, refusal.code, ", ".join(refusal.cited or judged.entitlement.rules)
    is_dispute = judged.entitlement.kind == EntitlementKind.PROGRAMME
    return what, "granted", ", ".join(x for x in judged.entitlement.rules if not (is_dispute and x in PROGRAMMES_OWN))


def page(tally: Tally) -> Iterator[str]:
    """The page: a table for the complaints, one for the other rights, one for the law, one for what is best."""
    yield _INTRODUCTION.format(read=f"{tally.read:,}", unreadable=tally.unreadable)
    yield from _table("Under the programme", _ASKED, tally, COMPLAINTS)
    yield from _table("Beside the programme", _BESIDE, tally, RIGHTS)
    yield from _table("By the law of Brazil", _BY_LAW, tally, LAW)
    yield from _table("The best right", _THE_BEST, tally, BEST)


_INTRODUCTION = """# Real orders by every programme

Written by `make orders ORDERS=<file>` from the anonymised orders of a Brazilian marketplace, which are not part of
this project: {read} read, {unreadable} unreadable. Each order is registered by the service's own decider, once under
each programme that is shipped; then every right is judged as `GET /v1/orders/{{order_id}}/eligibility` does it, at the
instant of the buyer's complaint, or else of the last fact. Rule ids are those of [the rule book](rules/README.md)."""
_ASKED = """A complaint is judged with its reason by the guards that `OpenDispute` asks about order, time and ground (G1
to G6); what the form asks for besides, such as pictures (S30), is another matter. An order without a complaint is asked
whether anything could be disputed. A grant rests on the programme's own rules too: S22, S90 and S98; S91; S99; S100;
S101. Each column adds up to all orders."""
_BESIDE = """What the seller, the listing or the order's state gives. This marketplace's listings bear no labels, so
most is refused for want of one."""
_BY_LAW = (
    """The rights of Brazil's pack, the same under every programme: no terms are stricter than the law (S17, S96)."""
)
_THE_BEST = "What the buyer is shown as the best right of all."
SUMMED = frozenset({COMPLAINTS, BEST})
"""Tables in which each order stands once."""


def _table(title: str, words: str, tally: Tally, name: str) -> Iterator[str]:
    rows = sorted(tally.table(name).items(), key=lambda item: (item[0][0], item[0][1] != "granted", item[0]))
    yield f"\n## {title}\n\n{words}\n"
    yield f"| Asked | Outcome | Rules | {' | '.join(f'`{one}`' for one in names())} |"
    yield f"|---|---|---|{'---:|' * len(names())}"
    for (what, outcome, rules), counts in rows:
        numbers = " | ".join(f"{counts.get(one, 0):,}" for one in names())
        yield f"| {what} | {outcome} | {rules or '–'} | {numbers} |"
    if name in SUMMED:
        sums = " | ".join(f"{sum(counts.get(one, 0) for _, counts in rows):,}" for one in names())
        yield f"| all | | | {sums} |"


if __name__ == "__main__":
    main()
