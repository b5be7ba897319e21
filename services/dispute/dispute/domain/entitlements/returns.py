"""Returns of what is merely unwanted: Free Return, and the seller's own Extra and Domestic Returns (K20)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from dispute.domain.disputes.opening.eligibility import guard_platform, guard_wanted_back
from dispute.domain.entitlements.entitlement import EntitlementKind, FromReceipt, Question
from dispute.domain.orders.line import Line
from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.orders.state import Order
from dispute.domain.rejections import (
    ConfirmationRequired,
    CountryNotEligible,
    ItemExcluded,
    NotFreeReturnItem,
    ReasonNotCovered,
    ReturnServiceSuspended,
    ReturnWindowClosed,
)
from shared.events.calendar import within_days
from shared.events.dispute import Payer
from shared.events.order import Remedy, Terms

EXCLUDED_FROM_FREE_RETURN = frozenset({"perishable", "hygiene", "virtual", "free_gift", "customised"})
"""S68: numbers 2 to 6, by what the listing said; number 1 shows in what the buyer declares, and at the inspection."""


class FreeReturn(FromReceipt):
    """S67: the platform pays (K26), and no reason is asked."""

    kind = EntitlementKind.FREE_RETURN
    name = None
    rules = ("S67",)
    payer = Payer.PLATFORM
    remedies = (Remedy.RETURN,)
    over = ReturnWindowClosed

    def __init__(self, question: Question) -> None:
        self.version = question.terms.version

    def due(self, question: Question, group: PieceGroup, received_at: datetime) -> datetime:
        return within_days(received_at, question.terms.return_free_days, question.terms.timezone)

    def guard(self, question: Question, line: Line) -> None:
        guard_platform(question.order)
        if "free_return" not in line.flags:
            raise NotFreeReturnItem("The listing did not bear the label of Free Return.")
        if EXCLUDED_FROM_FREE_RETURN.intersection(line.flags):
            raise ItemExcluded("Goods of this kind have no Free Return.", rules=("S68",))
        guard_places(question)
        guard_confirmed(question)


def guard_places(question: Question) -> None:
    """S74, S72, S73: Free Return is offered there, and returns are not suspended."""
    place = question.order.ship_to
    assert place
    if place.country not in question.places.free_countries:
        raise CountryNotEligible("Free Return is not offered where the order went.")
    if area := question.places.suspended(place):
        raise ReturnServiceSuspended("No return is possible from there for the time being.", rules=area.rules)


def guard_confirmed(question: Question) -> None:
    """S71: large orders, and overseas territories, need a word before the order."""
    order, place = question.order, question.order.ship_to
    assert place
    if order.free_return_confirmed:
        return
    for holds, rule in ((is_large(order, question.terms), "S69"), (question.places.is_overseas(place), "S70")):
        if holds:
            detail = "The seller or support did not confirm the Free Return before the order."
            raise ConfirmationRequired(detail, rules=("S71", rule))


def is_large(order: Order, terms: Terms) -> bool:
    """S69: any one parcel is; where none was measured, each piece of a line is a parcel."""
    shipped = [(one.dimensions_cm, one.weight_kg) for one in order.shipments.parcels.values()]
    measured = [parcel for parcel in shipped if any(parcel)]
    ordered = [(line.listing.dimensions_cm, line.listing.weight_kg) for line in order.lines.values()]
    return any(_is_large(sides, weight, terms) for sides, weight in measured or ordered)


def _is_large(sides: Iterable[Decimal], weight: Decimal | None, terms: Terms) -> bool:
    lengths = list(sides)
    longest, together = max(lengths, default=Decimal(0)), sum(lengths, Decimal(0))
    return (
        longest > terms.return_large_side_cm
        or together > terms.return_large_sum_cm
        or (weight or Decimal(0)) > terms.return_large_kg
    )


class SellersReturn(FromReceipt):
    """What the seller offers beyond the programme; the buyer pays the freight (S83, K20, K26)."""

    name = None
    payer = Payer.BUYER
    remedies = (Remedy.RETURN,)
    over = ReturnWindowClosed
    flag: str

    def __init__(self, question: Question) -> None:
        self.version = question.terms.version

    def guard(self, question: Question, line: Line) -> None:
        guard_platform(question.order)
        if self.flag not in line.flags or not self.is_offered(question.order, line):
            raise ReasonNotCovered("The seller does not offer it for this line.", rules=self.rules)
        guard_wanted_back([line])
        if EXCLUDED_FROM_FREE_RETURN.intersection(line.flags):
            raise ItemExcluded("Goods of this kind do not go back.", rules=("S68",))

    def is_offered(self, order: Order, line: Line) -> bool:
        """Whether the order allows for what the line has the flag of."""
        return True


class ExtraReturn(SellersReturn):
    """S85: the seller takes back what is merely unwanted."""

    kind = EntitlementKind.EXTRA_RETURN
    rules = ("S85", "S13", "S83")
    flag = "extra_returns"

    def due(self, question: Question, group: PieceGroup, received_at: datetime) -> datetime:
        return within_days(received_at, question.terms.return_extra_days, question.terms.timezone)


class DomesticReturn(SellersReturn):
    """S84: the goods go back inside the country."""

    kind = EntitlementKind.DOMESTIC_RETURN
    rules = ("S84", "S83")
    flag = "domestic_return"

    def is_offered(self, order: Order, line: Line) -> bool:
        """The seller has an address in the country that the order went to; of an order with several it is the first
        one's (K22).
        """
        assert order.ship_to
        is_there = order.return_address_ref is not None and order.return_country == order.ship_to.country
        return is_there and line.seller_id == order.seller_id

    def due(self, question: Question, group: PieceGroup, received_at: datetime) -> datetime:
        return within_days(received_at, question.terms.return_domestic_days, question.terms.timezone)
