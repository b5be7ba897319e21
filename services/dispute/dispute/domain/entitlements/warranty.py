"""Warranties: of Advanced protection, bought with the device, or as the listing gives it (K11)."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime

from dispute.domain.entitlements.entitlement import EntitlementKind, FromReceipt, Question
from dispute.domain.orders.categories import words_of
from dispute.domain.orders.line import Line
from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.rejections import ReasonNotCovered, WarrantyNotApplicable
from shared.events.calendar import within_years
from shared.events.dispute import Payer, Reason
from shared.events.order import Remedy

DEFECTS = frozenset({Reason.DEFECTIVE, Reason.DAMAGED})
ONE_YEAR = 1


class Warranty(FromReceipt):
    """A warranty against defects, at the seller's freight (K26)."""

    kind = EntitlementKind.WARRANTY
    payer = Payer.SELLER
    over = WarrantyNotApplicable

    def __init__(self, question: Question) -> None:
        self.version = question.terms.version

    def guard(self, question: Question, line: Line) -> None:
        if question.reason and question.reason not in DEFECTS:
            raise ReasonNotCovered("A warranty is against defects.", rules=self.rules)
        if not self.covers(question, line):
            raise WarrantyNotApplicable("This line has no such warranty.", rules=self.rules)

    @abstractmethod
    def covers(self, question: Question, line: Line) -> bool:
        """Whether the line has it at all."""


class AdvancedWarranty(Warranty):
    """S91: for the products that bear the flag, all of them where none does; a replacement is due (S92, K12)."""

    name = "advanced"
    rules = ("S91", "S92", "K12")
    remedies = (Remedy.REPLACEMENT, Remedy.REPAIR)

    def covers(self, question: Question, line: Line) -> bool:
        flagged = {name for name, one in question.order.lines.items() if "advanced" in one.flags}
        return question.terms.warranty_years > 0 and (line.line_id in flagged or not flagged)

    def due(self, question: Question, group: PieceGroup, received_at: datetime) -> datetime:
        return within_years(received_at, question.terms.warranty_years, question.terms.timezone)


class OneYearWarranty(Warranty):
    """S93: bought with a device, in the buyer's own country."""

    name = "one_year"
    rules = ("S93", "K12")
    remedies = (Remedy.REPLACEMENT, Remedy.REPAIR)

    def covers(self, question: Question, line: Line) -> bool:
        place = question.order.ship_to
        assert place
        sold = {f"{device} {place.country}" for device in words_of(line.listing.category)}
        return "one_year_warranty" in line.flags and not sold.isdisjoint(question.terms.warranty_one_year)

    def due(self, question: Question, group: PieceGroup, received_at: datetime) -> datetime:
        return within_years(received_at, ONE_YEAR, question.terms.timezone)


class ListingWarranty(Warranty):
    """S97: what the listing said, in its own words; how long it runs is for a person to read."""

    name = "listing"
    rules = ("S97", "K11")
    remedies = (Remedy.REPLACEMENT, Remedy.REPAIR)

    def covers(self, question: Question, line: Line) -> bool:
        return bool(line.listing.listing_warranty)

    def due(self, question: Question, group: PieceGroup, received_at: datetime) -> None:
        return None
