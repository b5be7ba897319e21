"""Builders of entitlements: what an order is judged for at an instant."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dispute.domain.entitlements.entitlement import Judged, Question
from dispute.domain.entitlements.judging import judge
from dispute.domain.orders.pieces import named_pieces
from shared.events.dispute import Reason
from shared.events.order import ShipTo, Terms
from tests.support.builders.orders import PROGRAMMES, Histories, on, order, order_line, order_of


def terms_in(country: str, programme: str = "aliexpress_basic") -> Terms:
    """What an order that goes to this country is bound to."""
    return PROGRAMMES.resolve(programme, on("Feb 27"), country)


def sold(
    *flags: str, country: str = "DE", programme: str = "aliexpress_basic", category: str = "toys", **more: Any
) -> Histories:
    """An order of one line with these flags, received on 5 March where nothing else is said."""
    place = {name: more.pop(name) for name in ("region", "postal_code") if name in more}
    told = {"shipped": "Mar 1", "delivered": "Mar 5"} | more.pop("facts_of", {})
    listing = {name: more.pop(name) for name in ("listing_warranty", "weight_kg", "dimensions_cm") if name in more}
    line = order_line(flags=flags, category=category, **listing)
    return order(line, ship_to=ShipTo(country=country, **place), terms=terms_in(country, programme), **told, **more)


NOT_SHIPPED: dict[str, Any] = {"facts_of": {"shipped": None, "delivered": None}}
NOT_RECEIVED: dict[str, Any] = {"facts_of": {"delivered": None}}


def all_judged(happened: Histories, at: datetime, reason: Reason | None = None, *lines: str) -> dict[str, Judged]:
    """Every entitlement by its kind and name (`warranty advanced`)."""
    state = order_of(happened)
    assert state.terms
    question = Question(state, reason, at, PROGRAMMES.places(state.terms.programme, at))
    named = named_pieces(
        state, [(name, line.quantity) for name, line in state.lines.items() if name in (lines or state.lines)]
    )
    found = judge(question, named)
    return {" ".join(filter(None, (one.entitlement.kind, one.entitlement.name))): one for one in found}


def judged(what: str, happened: Histories, day: str, time: str = "12:00", reason: Reason | None = None) -> Judged:
    """One entitlement at an instant of 2026."""
    return all_judged(happened, on(day, time), reason)[what]


def code_of(what: str, happened: Histories, day: str, time: str = "12:00", reason: Reason | None = None) -> str:
    """The code of the refusal, or `granted`."""
    refusal = judged(what, happened, day, time, reason).refusal
    return refusal.code if refusal else "granted"


def rules_of(one: Judged) -> tuple[str, ...]:
    """The rules of the refusal, or of the grant."""
    return tuple(one.refusal.cited) if one.refusal else one.entitlement.rules
