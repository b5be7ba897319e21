"""Evidence, read by the audit itself: what each event of an item's stream makes of its row, and its one deadline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ops.audit.entry import Data, Entry, instant

State = dict[str, Any]

COLUMNS = ("version", "order_id", "party_id", "sha256", "state", "dispute_id", "sent_at", "expires_at")
EXPIRY = "evidence_expiry"


def beginning() -> State:
    """An item of which nothing is known."""
    return dict.fromkeys(COLUMNS)


def fold(evidence: State, entry: Entry) -> None:
    """The item after one more event; a view changes nothing but the version."""
    evidence["version"] = entry.version
    if step := STEPS.get(entry.name):
        step(evidence, entry.data)


def wanted(evidence: State) -> dict[str, datetime]:
    """The deadline that an item waits for which no form has named."""
    return {EXPIRY: evidence["expires_at"]} if evidence["state"] == "unattached" else {}


def row(evidence: State) -> State | None:
    """The item's row; None before it was sent."""
    return dict(evidence) if evidence["order_id"] else None


def _uploaded(evidence: State, data: Data) -> None:
    item = data["item"]
    evidence.update(order_id=data["order_id"], party_id=data["party_id"], sha256=item["sha256"], state="unattached")
    evidence.update(sent_at=instant(item["sent_at"]), expires_at=instant(data["expires_at"]))


def _added(evidence: State, data: Data) -> None:
    evidence.update(state="attached", dispute_id=data["dispute_id"])


def _removed(evidence: State, _: Data) -> None:
    evidence["state"] = "removed"


def _expired(evidence: State, _: Data) -> None:
    evidence["state"] = "expired"


STEPS: Mapping[str, Callable[[State, Data], None]] = {
    "EvidenceUploaded": _uploaded,
    "EvidenceAdded": _added,
    "EvidenceRemoved": _removed,
    "EvidenceExpired": _expired,
}
