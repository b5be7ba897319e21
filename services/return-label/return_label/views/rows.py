"""Row of a return in a list: members of the return, under the same names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import TypedDict

from return_label.domain.returns.state import ReturnState
from shared.events.base import Instant
from shared.events.dispute import Payer, Reason, ReturnKind
from shared.events.open_enums import Open


class ReturnRow(TypedDict):
    """A return: whose it is, on what ground, where the goods are, and until when they may be sent."""

    id: str
    href: str
    order_id: str
    dispute_id: str | None
    version: int
    kind: Open[ReturnKind]
    state: ReturnState
    reason: Open[Reason]
    buyer_id: str
    seller_id: str
    freight_payer: Open[Payer]
    ship_by: Instant | None


SAME = ("order_id", "dispute_id", "version", "kind", "state", "reason", "buyer_id", "seller_id", "freight_payer")


def return_row(row: Mapping[str, Any]) -> ReturnRow:
    """The row as anybody sees it who sees the return."""
    return_id, same = row["return_id"], {name: row[name] for name in (*SAME, "ship_by")}
    return {"id": return_id, "href": f"/v1/returns/{return_id}", **same}  # type: ignore[typeddict-item]
