"""Orders, read by the audit itself: what each event of an order's stream makes of its row, its lines and its money."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from ops.audit.entry import SCALE, Data, Entry, exponent, instant, minor
from ops.audit.readings import chargebacks, clawbacks

State = dict[str, Any]

INSTANTS = {"OrderPaid": "paid_at", "OrderCancelled": "cancelled_at"}
"""The instant that an event tells: both bear the same name."""
COLUMNS = (
    *("version", "buyer_id", "seller_ids", "programme", "currency", "exponent", "placed_at", "promised_by", "paid_at"),
    *("protection_ends_at", "expired", "release_at", "completed"),
)
ONE_DAY = timedelta(days=1)
"""How far before its order a fact may lie; one that was told first and lies further is none of it."""


def beginning() -> State:
    """An order of which nothing is known."""
    return {
        **dict.fromkeys(COLUMNS),
        "version": 0,
        "seller_ids": [],
        "expired": False,
        "completed": False,
        "lines": {},
        "cancelled_at": None,
        "released_whole": False,
        "returning": {},
        "chargebacks": set(),
    }


def fold(order: State, entry: Entry) -> None:
    """The order after one more event."""
    name, data = entry.name, entry.data
    order["version"] = entry.version
    if column := INSTANTS.get(name):
        order[column] = instant(data[column])
    if ends_at := data.get("protection_ends_at"):
        order["protection_ends_at"] = instant(ends_at)
    if step := STEPS.get(name):
        step(order, data)


def wanted(order: State) -> dict[str, datetime]:
    """The deadlines that the order waits for, by kind."""
    if order["completed"] or order["cancelled_at"] or order["chargebacks"]:
        return {}
    protection = None if order["expired"] else order["protection_ends_at"]
    unpaid = [line for line in order["lines"].values() if not line["holds"] and _releasable(line) > 0]
    release = order["release_at"] if (unpaid or _spent(order)) and not order["released_whole"] else None
    return {kind: at for kind, at in (("protection_end", protection), ("release", release)) if at}


def _spent(order: State) -> bool:
    """Nothing is left on any line, and nothing waits: R is the end of an order of which not all was taken."""
    lines = order["lines"].values()
    return not any(left(line) or line["holds"] or line["held_by"] or line["promised"] for line in lines)


def row(order: State) -> State:
    """The order's row in `order_status`, its lines as a set of texts."""
    return {**{name: order[name] for name in COLUMNS}, "lines": {_line(*item) for item in order["lines"].items()}}


def left(line: Mapping[str, Any]) -> int:
    """What is neither released nor refunded nor promised nor in doubt of a line; what was refunded after the release is
    the seller's affair. What a bank has paid the buyer may have gone before.
    """
    gone = line["refunded"] + (line["released"] or 0) + sum(line["promised"].values()) + sum(line["doubts"].values())
    there = int(line["cap"] - gone + line["reclaimed"])
    return max(0, there - line["charged_back"]) if line["charged_back"] else there


def held(order: State) -> Iterator[tuple[str, str, int, str]]:
    """Each line with each dispute or return that its money waits for, how much of what waits is not there any more, in
    ten-thousandths, and its currency.
    """
    for name, line in order["lines"].items():
        short = max(0, -_releasable(line) - line["charged_back"]) * 10 ** (SCALE - order["exponent"])
        yield from ((name, dispute, short, order["currency"]) for dispute in line["held_by"])


def _releasable(line: Mapping[str, Any]) -> int:
    """What no open dispute is about."""
    return left(line) - int(sum(line["held_by"].values()))


def _registered(order: State, data: Data) -> None:
    terms, paid = data["terms"], data["payment"]["amount"]
    order.update(
        buyer_id=data["buyer_id"],
        seller_ids=sorted({data["seller_id"], *(line["seller_id"] for line in data["lines"])}),
        programme=terms["programme"],
        currency=paid["currency"],
        exponent=exponent(paid),
        placed_at=instant(data["placed_at"]),
        promised_by=date.fromisoformat(data["promised_by"]) if data["promised_by"] else None,
        lines={line["line_id"]: _new_line(line) for line in data["lines"]},
    )
    if order["cancelled_at"] and order["cancelled_at"] < order["placed_at"] - ONE_DAY:
        order["cancelled_at"] = None


def _new_line(line: Data) -> State:
    money = {"cap": minor(line.get("captured") or line["cap"]), "refunded": 0, "released": None, "reclaimed": 0}
    money["charged_back"] = 0
    return {**money, "sku": line["sku"], "promised": {}, "doubts": {}, "held_by": {}, "holds": set(), "paid_out": set()}


def _captured(order: State, data: Data) -> None:
    for part in data["lines"]:
        order["lines"][part["line_id"]]["cap"] += minor(part["amount"])


def _lines(order: State, names: Iterable[str]) -> Iterable[State]:
    return [order["lines"][name] for name in names]


def _held_for(order: State, data: Data) -> None:
    claimant = _claimant(data)
    for part in data["lines"]:
        line = order["lines"][part["line_id"]]
        if part["line_id"] in (data.get("paid_out") or ()):
            line["held_by"][claimant] = 0
            line["paid_out"].add(claimant)
        elif claimant:
            line["held_by"][claimant] = minor(part["cap"])
        else:
            line["holds"].add(data["hold"])


def _lifted(order: State, data: Data) -> None:
    for line in _lines(order, data["lines"]):
        if claimant := _claimant(data):
            line["held_by"].pop(claimant)
        else:
            line["holds"].discard(data["hold"])


def _claimant(data: Data) -> str | None:
    """The dispute, or the return without one, that the money waits for."""
    named: str | None = data["dispute_id"] or data.get("return_id")
    return named


def _released(order: State, data: Data) -> None:
    for part in data["lines"]:
        line = order["lines"][part["line_id"]]
        line["released"] = (line["released"] or 0) + minor(part["amount"])
        line["held_by"].pop(data["dispute_id"], None)
        line["reclaimed"] += minor(part["amount"]) if data.get("clawback_id") else 0
    order["released_whole"] = order["released_whole"] or not data["dispute_id"]


def _asked(order: State, data: Data) -> None:
    """A seller's goodwill waits for its payment; what is asked for again waits in the place of what was refused. What a
    return asks for is of what waits for it.
    """
    if data.get("return_id"):
        order["returning"][data["refund_id"]] = data["return_id"]
    if data.get("goodwill_id"):
        _settled(order, data.get("replaces"))
        for part in data["lines"]:
            order["lines"][part["line_id"]]["promised"][data["refund_id"]] = minor(part["amount"])


def _settled(order: State, refund_id: str | None) -> None:
    for line in order["lines"].values():
        line["promised"].pop(refund_id, None)


def _refunded(order: State, data: Data) -> None:
    if data["outcome"] in ("issued", "abandoned"):
        _settled(order, data["refund_id"])
    _doubted(order, data)
    if data["outcome"] in ("issued", "found_paid"):
        for part in data["lines"]:
            line = order["lines"][part["line_id"]]
            line["refunded"] += minor(part["amount"])
            claimant = data["dispute_id"] or order["returning"].get(data["refund_id"])
            if claimant in line["paid_out"]:
                line["reclaimed"] += minor(part["amount"])
            elif claimant in line["held_by"]:
                line["held_by"][claimant] -= minor(part["amount"])


def _doubted(order: State, data: Data) -> None:
    """What was given up while nobody knew whether it was paid is kept until that is known."""
    said = {part["line_id"]: minor(part["amount"]) for part in data.get("in_doubt") or ()}
    over = {part["line_id"]: minor(part["amount"]) for part in data["lines"]}
    for name, line in order["lines"].items():
        before = line["doubts"].get(data["refund_id"], 0)
        if data["outcome"] in ("issued", "abandoned"):
            now = said.get(name, 0)
        else:
            now = before - over.get(name, 0) if data["outcome"] in ("found_paid", "found_unpaid") else before
        if data["dispute_id"] not in line["paid_out"]:
            line["doubts"][data["refund_id"]] = now
            if data["dispute_id"] in line["held_by"]:
                line["held_by"][data["dispute_id"]] -= now - before


def _expired(order: State, data: Data) -> None:
    order.update(expired=True, release_at=instant(data["release_at"]))


def _moved(order: State, data: Data) -> None:
    if data["kind"] == "protection_end":
        order.update(protection_ends_at=instant(data["due_at"]), expired=False, release_at=None)
    if data["kind"] == "release":
        order["release_at"] = instant(data["due_at"])


def _completed(order: State, _: Data) -> None:
    order["completed"] = True


STEPS: Mapping[str, Callable[[State, Data], None]] = {
    "OrderRegistered": _registered,
    "OrderCaptured": _captured,
    "PaymentHeld": _held_for,
    "PaymentHoldLifted": _lifted,
    "PaymentReleased": _released,
    **chargebacks.OF_AN_ORDER,
    "RefundDue": _asked,
    **clawbacks.OF_AN_ORDER,
    "RefundNoted": _refunded,
    "ProtectionExpired": _expired,
    "DeadlineMoved": _moved,
    "OrderCompleted": _completed,
}


def _line(name: str, line: State) -> str:
    released = "-" if line["released"] is None else line["released"]
    held = ",".join(line["held_by"]) or "-"
    money = f"{line['cap']}|{line['refunded']}|{released}|{held}|{line['reclaimed']}|{line['charged_back']}"
    return f"{name}|{money}|{line['sku']}"
