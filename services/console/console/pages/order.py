"""Order section: the status of one order, its disputes with their histories, its refunds and its money."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from console.components import ledger_table, pill, table, unavailable
from console.fetch import OrderData
from console.format import instant, is_money, label, money, plain, time_element
from console.markup import Html, Node, el
from console.services_client import ServiceResponse

Json = Mapping[str, Any]

MILESTONES = (
    "placed_at",
    "paid_at",
    "shipped_at",
    "delivered_at",
    "opens_at",
    "protection_ends_at",
    "finished_at",
    "cancelled_at",
)
NAMES = {"opens_at": "Dispute opens", "protection_ends_at": "Protection ends"}
TONES = dict.fromkeys(("refunded", "closed", "issued", "settled"), "good") | dict.fromkeys(
    ("escalated", "failed", "refused"), "bad"
)
TONES |= {"held": "warn", "released": "info"}
LONGEST_VALUE = 160
NOT_FOUND = 404


def order_section(order: OrderData | None, now: datetime | None) -> Html | None:
    """Everything that the services say about the order."""
    if order is None:
        return None
    parts = [_status(order, now), _disputes(order, now), _refunds(order.refunds, now), _money(order)]
    return el("section", parts, class_="order", aria_labelledby="h-order")


def _status(order: OrderData, now: datetime | None) -> Html:
    title = el("h2", "Order ", el("code", order.order_id), id="h-order")
    if order.status.status == NOT_FOUND:
        return el("div", title, el("p", "The dispute service knows no order with this id.", class_="empty"))
    if not order.status.ok or not isinstance(order.status.body, Mapping):
        return el("div", title, unavailable("The order's status", order.status))
    body = order.status.body
    pills = [
        pill(plain(str(body[name])), TONES.get(str(body[name]), "info"))
        for name in ("label", "payout")
        if body.get(name)
    ]
    flags = [pill(label(name), "quiet") for name in ("completed", "protection_expired") if body.get(name) is True]
    about = f"Programme {label(str(body['programme']))}" if body.get("programme") else None
    headline = el("div", title, el("p", pills, flags), class_="headline")
    return el("div", headline, el("p", about, class_="hint"), _milestones(body, now), _lines(body), _raw(body))


def _milestones(body: Json, now: datetime | None) -> Html | None:
    found = sorted((at, name) for name in MILESTONES if (at := instant(body.get(name))))
    steps = [
        el(
            "li",
            el("span", NAMES.get(name, label(name))),
            time_element(body[name], now),
            class_="past" if now and at <= now else None,
        )
        for at, name in found
    ]
    return el("ol", steps, class_="milestones") if steps else None


def _lines(body: Json) -> Html | None:
    lines = [line for line in body.get("lines") or [] if isinstance(line, Mapping)]
    rows = [
        (
            el("code", str(line.get("line_id"))),
            *(money(line.get(x)) for x in ("cap", "refunded", "released")),
            _held(line),
        )
        for line in lines
    ]
    return table(("Line", "Paid", "Refunded", "Released", "Held by"), rows, "The order's lines") if rows else None


def _held(line: Json) -> Node:
    return el("code", str(line["held_by"])) if line.get("held_by") else "–"


def _disputes(order: OrderData, now: datetime | None) -> Html:
    heading = el("h3", "Disputes")
    if not order.disputes.ok and not order.shown_disputes:
        return el("div", heading, unavailable("The list of disputes", order.disputes))
    if not order.shown_disputes:
        return el("div", heading, el("p", "None so far.", class_="empty"))
    return el(
        "div", heading, [_dispute(row, order.histories.get(str(row.get("id"))), now) for row in order.shown_disputes]
    )


def _dispute(row: Json, history: ServiceResponse | None, now: datetime | None) -> Html:
    state = str(row.get("state", ""))
    pills = [pill(plain(state), TONES.get(state, "warn"))] if state else []
    facts = [plain(str(row[name])) for name in ("reason", "type") if row.get(name)]
    due = el("p", "Next deadline ", time_element(row["due_at"], now), class_="due") if row.get("due_at") else None
    summary = el(
        "p", " · ".join(facts), [" · ", el("b", money(row["amount"]))] if is_money(row.get("amount")) else None
    )
    heading = el("header", el("h4", el("code", str(row.get("id")))), el("p", pills))
    return el("article", heading, summary, due, _history(history, now), _raw(row), class_="dispute")


def _history(history: ServiceResponse | None, now: datetime | None) -> Html | None:
    if history is None:
        return None
    if not history.ok:
        return unavailable("The history", history)
    return el("ol", [_entry(entry, now) for entry in history.data], class_="history")


def _entry(entry: Json, now: datetime | None) -> Html:
    rules = [el("a", pill(str(rule), "rule"), href=f"/rules/{rule}") for rule in entry.get("rules") or []]
    who = el("span", "by ", str(entry.get("actor", "")).replace(":", " "), class_="who")
    return el(
        "li",
        el("p", el("b", label(str(entry.get("action")))), " ", who, " ", rules),
        el("p", time_element(entry.get("at"), now)),
        _detail(entry, now),
    )


def _detail(entry: Json, now: datetime | None) -> Html | None:
    detail = entry.get("detail")
    facts = list(_facts(detail, now)) if isinstance(detail, Mapping) else []
    return el("dl", [el("div", el("dt", name), el("dd", value)) for name, value in facts]) if facts else None


def _facts(detail: Json, now: datetime | None) -> Iterator[tuple[str, Node]]:
    """What can be said in a word or two; the rest is in the record itself."""
    for name, value in detail.items():
        if is_money(value):
            yield label(name), el("b", money(value))
        elif instant(value):
            yield label(name), time_element(value, now)
        elif isinstance(value, bool):
            yield label(name), "yes" if value else "no"
        elif isinstance(value, str | int):
            yield label(name), plain(str(value))[:LONGEST_VALUE]
        elif isinstance(value, Mapping) and value:
            yield label(name), ", ".join(_plain(part) for part in value.values() if part is not None)[:LONGEST_VALUE]


def _plain(value: Any) -> str:
    if is_money(value):
        return money(value)
    return plain(str(value)) if isinstance(value, str | int) else "…"


def _refunds(refunds: ServiceResponse, now: datetime | None) -> Html:
    heading = el("h3", "Refunds")
    if not refunds.ok:
        return el("div", heading, unavailable("The refund service", refunds))
    if not refunds.data:
        return el("div", heading, el("p", "None so far.", class_="empty"))
    rows = [_refund(row, now) for row in refunds.data]
    return el(
        "div", heading, table(("Refund", "State", "Amount", "Destination", "Expected"), rows, "The order's refunds")
    )


def _refund(row: Json, now: datetime | None) -> Sequence[Node]:
    state = str(row.get("state") or "–")
    window = row.get("expected_credit")
    bounds = (
        [part for value in window.values() if value for part in (" to ", time_element(value))][1:]
        if isinstance(window, Mapping)
        else []
    )
    amount, destination = el("b", money(row.get("amount"))), str(row.get("destination") or "–")
    return (
        el("code", str(row.get("id"))),
        pill(plain(state), TONES.get(state, "")),
        amount,
        destination,
        bounds or "–",
    )


def _money(order: OrderData) -> Html:
    return el(
        "div",
        el("h3", "Money, as the payment provider booked it"),
        ledger_table(order.ledger, "Nothing has been captured for this order."),
    )


def _raw(body: Json) -> Html:
    text = json.dumps(body, indent=2, ensure_ascii=False)
    return el("details", el("summary", "As the API answers it"), el("pre", el("code", text), tabindex="0"))
