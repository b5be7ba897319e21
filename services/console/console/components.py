"""Components: pills, tables and notices that several parts of the page are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from console.format import label, money, time_element
from console.markup import Html, Node, el
from console.services_client import ServiceResponse

NUMBERS = frozenset({"No.", "Amount", "Paid", "Refunded", "Released"})
"""Columns that are read from the right."""


def pill(text: str, tone: str = "", title: str | None = None) -> Html:
    """A short word in a coloured field; the colour never says more than the word."""
    return el("span", text, class_=f"pill {tone}".strip(), title=title)


def ledger_table(ledger: ServiceResponse, empty: str) -> Html:
    """The ledger's lines as a table."""
    if not ledger.ok:
        return unavailable("The payment provider's ledger", ledger)
    if not ledger.data:
        return el("p", empty, class_="empty")
    head = ("No.", "What", "Order", "Refund", "Amount", "When")
    return table(head, [_line(row) for row in ledger.data], "Movements of money")


def _line(row: Mapping[str, Any]) -> Sequence[Node]:
    order = str(row.get("order_id"))
    tone = {"capture": "info", "refund": "good"}.get(str(row.get("kind")), "warn")
    refund = el("code", str(row["refund_id"])) if row.get("refund_id") else "–"
    link = el("a", el("code", order), href="/?" + urlencode({"order": order}))
    return (
        str(row.get("id")),
        pill(label(str(row.get("kind"))), tone),
        link,
        refund,
        el("b", money(row.get("amount"))),
        time_element(row.get("at")),
    )


def table(head: Sequence[str], rows: Sequence[Sequence[Node]], caption: str) -> Html:
    """A table that scrolls inside itself where the page is narrow."""
    top = el("thead", el("tr", [el("th", name, scope="col", class_=_align(name)) for name in head]))
    body = el(
        "tbody",
        [el("tr", [el("td", cell, class_=_align(name)) for name, cell in zip(head, row, strict=True)]) for row in rows],
    )
    whole = el("table", el("caption", caption, class_="unseen"), top, body)
    return el("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _align(name: str) -> str | None:
    return "number" if name in NUMBERS else None


def unavailable(what: str, response: ServiceResponse) -> Html:
    """A notice that something cannot be shown, and why."""
    return el("p", el("strong", what), f" is not available: {response.detail}.", class_="unavailable")
