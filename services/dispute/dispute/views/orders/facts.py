"""View of a fact: whether it was new, and why it was not."""

from __future__ import annotations

from typing_extensions import TypedDict

from dispute.domain.orders.facts import Fact, NotRecorded, why_unchanged
from dispute.domain.orders.state import Order
from dispute.views.orders.order import OrderRegistrationView


class NotRecordedView(TypedDict):
    """Why a fact changed nothing: `known_already`, `first_instant_stands`, `later_one_stands`, or a word to come."""

    code: str
    detail: str


class FactView(OrderRegistrationView):
    """The fact is known; `recorded` says whether it was new, and `not_recorded` why it was not."""

    recorded: bool
    not_recorded: NotRecordedView | None


_WHY = {
    NotRecorded.KNOWN_ALREADY: "This was told before.",
    NotRecorded.FIRST_INSTANT_STANDS: "It was told with another instant before, and the first one stands.",
    NotRecorded.LATER_ONE_STANDS: "It was told with a later instant before, and that one stands.",
}


def fact_view(order_id: str, order: Order, version: int, fact: Fact, is_news: bool) -> FactView:
    """What became of a fact."""
    return _view(order_id, version, None if is_news else why_unchanged(order, fact))


def clawback_fact_view(order_id: str, version: int, is_news: bool) -> FactView:
    """What became of a clawback's end."""
    return _view(order_id, version, None if is_news else NotRecorded.KNOWN_ALREADY)


def _view(order_id: str, version: int, why: NotRecorded | None) -> FactView:
    not_recorded: NotRecordedView | None = {"code": why.value, "detail": _WHY[why]} if why else None
    return {"order_id": order_id, "version": version, "recorded": why is None, "not_recorded": not_recorded}
