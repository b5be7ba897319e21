"""Builders of warranty claims: what the buyer claims, what the case team finds, what the seller does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dispute.domain.decider import decider
from dispute.domain.warranties.assessment import AssessWarranty
from dispute.domain.warranties.claiming import OpenWarrantyClaim
from dispute.domain.warranties.fulfilment import FulfilWarranty
from dispute.domain.warranties.state import WarrantyClaim
from shared.events.base import Actor, Event
from shared.events.ids import derived_id, derived_uuid
from shared.events.warranty import WarrantyResult
from tests.support.builders.orders import BUYER, CASE_TEAM, ORDER, SELLER


def claim(at: datetime, actor: Actor = BUYER, n: int = 1, **changed: Any) -> OpenWarrantyClaim:
    """The buyer says that the order's one line is faulty."""
    named = {"command_id": derived_uuid("claim", actor.id, n), "actor": actor, "at": at, "order_id": ORDER}
    return OpenWarrantyClaim(**named, **{"line_id": "l1", "fault": "The screen stays black."} | changed)


def warranty_id(n: int = 1, actor: Actor = BUYER) -> str:
    """The id of the `n`th claim."""
    return derived_id("wty", ORDER, derived_uuid("claim", actor.id, n))


def warranty_stream(n: int = 1) -> str:
    return f"warranty-{warranty_id(n)}"


def assess(
    at: datetime, result: str = "repair", actor: Actor = CASE_TEAM, n: int = 1, **changed: Any
) -> AssessWarranty:
    """The case team finds what is to be done about the `n`th claim."""
    named = {"command_id": derived_uuid("assess", actor.id, n), "actor": actor, "at": at, "warranty_id": warranty_id(n)}
    said = {"result": WarrantyResult(result), "rules": ("S94",), "text": "The fault is the maker's."}
    return AssessWarranty(**named, **said | changed)


def fulfil(at: datetime, actor: Actor = SELLER, n: int = 1, **changed: Any) -> FulfilWarranty:
    """The seller sends it; in words where `changed` says so."""
    named = {"command_id": derived_uuid("fulfil", actor.id, n), "actor": actor, "at": at, "warranty_id": warranty_id(n)}
    return FulfilWarranty(**named, **changed or {"tracking_number": "RR123456785DE", "carrier": "DHL"})


def claim_of(happened: Mapping[str, Sequence[Event]], n: int = 1) -> WarrantyClaim:
    """The `n`th claim as these histories leave it."""
    folded: WarrantyClaim = decider.fold("warranty", happened[warranty_stream(n)])
    return folded
