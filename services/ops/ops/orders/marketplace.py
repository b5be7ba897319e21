"""Marketplace orders: the columns of a Brazilian data set, mapped to ours.

Its wall-clock times are those of São Paulo, its amounts centavos of the real. It has no instant of a cancellation, so
it gives no such fact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, NaiveDatetime, ValidationError

from ops.orders.playable import Json, OrderRequests, Unreadable, captures, dispute, money
from shared.events.base import wire_time

ZONE = ZoneInfo("America/Sao_Paulo")
CURRENCY = "BRL"
LOWEST_SCORE = 1
"""The score of a complaint."""
METHODS = {"credit_card": "visa", "debit_card": "maestro", "boleto": "bank_transfer", "voucher": "voucher"}
"""Their payment types as our methods; a voucher is none that the programme covers, and S9 refuses it."""
NO_WORDS = "A review with one star and no words."

Cents = Annotated[int, Field(ge=0, strict=True)]
Id = Annotated[str, Field(min_length=1)]


class Payment(BaseModel):
    """One of the order's payments."""

    type: str
    value_cents: Cents


class Item(BaseModel):
    """One piece of goods, from one seller."""

    item_no: int
    product_id: Id
    category_en: str | None = None
    category_pt: str | None = None
    price_cents: Cents
    weight_g: Cents | None = None
    length_cm: Cents | None = None
    height_cm: Cents | None = None
    width_cm: Cents | None = None
    seller_id: Id


class Review(BaseModel):
    """A review by the buyer, and when it was answered."""

    score: int
    title: str | None = None
    message: str | None = None
    created_at: NaiveDatetime
    answered_at: NaiveDatetime | None = None

    @property
    def at(self) -> datetime:
        return self.answered_at or self.created_at

    @property
    def description(self) -> str:
        return ": ".join(filter(None, (self.title, self.message))) or NO_WORDS


class Row(BaseModel):
    """One line of the file, as far as it is used."""

    order_id: Id
    status: str
    purchased_at: NaiveDatetime
    approved_at: NaiveDatetime | None = None
    carrier_at: NaiveDatetime | None = None
    delivered_at: NaiveDatetime | None = None
    estimated_delivery_at: NaiveDatetime | None = None
    customer_unique_id: Id
    customer_zip_prefix: str | None = None
    customer_state: str | None = None
    country: str = "BR"
    payments: Annotated[list[Payment], Field(min_length=1)]
    items: list[Item]
    reviews: list[Review] = []


def read(line: Json) -> MarketplaceOrder:
    """The order of a line; Unreadable where it cannot be mapped."""
    try:
        row = Row.model_validate(line)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise Unreadable(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}") from None
    if row.country != "BR":
        raise Unreadable(f"country {row.country}: only Brazilian orders have these columns")
    if (kind := _largest(row.payments).type) not in METHODS:
        raise Unreadable(f"payment type {kind} is unknown")
    return MarketplaceOrder(row)


@dataclass(frozen=True, slots=True)
class MarketplaceOrder:
    """An order of the data set. All its instants move by one amount, so that its complaint or else its last fact is
    now.
    """

    row: Row

    @property
    def order_id(self) -> str:
        return self.row.order_id

    @property
    def complaint(self) -> Review | None:
        """The first review with the worst score; one from before the purchase is about something else."""
        worst = (review for review in self.row.reviews if review.score == LOWEST_SCORE)
        return next((review for review in worst if review.at >= self.row.purchased_at), None)

    @property
    def reference(self) -> datetime:
        """The wall-clock time that becomes now: the complaint's, else the last fact's."""
        return (
            self.complaint.at if self.complaint else max(filter(None, (*self._placed_and_paid, *self._facts.values())))
        )

    @property
    def reason(self) -> str:
        """The reason for the complaint, by what had happened until then."""
        delivered, promised = self._known_facts.get("delivered"), self.row.estimated_delivery_at
        if delivered is None:
            return "not_received"
        return "late" if promised and delivered.date() > promised.date() else "not_as_described"

    def requests(self, now: datetime) -> OrderRequests:
        """The order as it stands when its complaint, or else its last fact, is `now`."""
        shift = now - _instant(self.reference)
        body = self._body(now, shift)
        complaint = dispute(self.order_id, body, self.reason, self.complaint.description) if self.complaint else None
        return OrderRequests(
            self.order_id, body, captures(self.order_id, body["payment"]), complaint, tuple(self._notes())
        )

    def first_played_at(self, placed_at: datetime) -> datetime:
        """The `now` at which the order was played first, which follows from when it was placed then."""
        return placed_at + (_instant(self.reference) - _instant(self.row.purchased_at))

    @property
    def _placed_and_paid(self) -> tuple[datetime, datetime]:
        approved_at = self.row.approved_at
        known = approved_at and (self.complaint is None or approved_at <= self.complaint.at)
        return self.row.purchased_at, approved_at if approved_at and known else self.row.purchased_at

    @property
    def _facts(self) -> dict[str, datetime]:
        facts = {"shipped": self.row.carrier_at, "delivered": self.row.delivered_at}
        return {name: at for name, at in facts.items() if at}

    @property
    def _known_facts(self) -> dict[str, datetime]:
        """The facts up to the complaint."""
        return {name: at for name, at in self._facts.items() if self.complaint is None or at <= self.complaint.at}

    def _body(self, now: datetime, shift: timedelta) -> Json:
        row = self.row
        paid_at = self._placed_and_paid[1]
        return {
            "buyer_id": row.customer_unique_id,
            "seller_id": row.items[0].seller_id if row.items else "unknown",
            "channel": "platform",
            "payment": {
                "payment_id": row.order_id,
                "method": METHODS[_largest(row.payments).type],
                "payee": "escrow",
                "amount": money(sum(payment.value_cents for payment in row.payments), CURRENCY),
                "paid_at": _shifted(paid_at, shift),
            },
            "lines": [_line(item) for item in row.items],
            "ship_to": {"country": "BR", "region": row.customer_state, "postal_code": row.customer_zip_prefix},
            "promised_by": self._promised_by(shift),
            "placed_at": _shifted(row.purchased_at, shift),
            "facts": [{"type": name, "at": _shifted(at, shift)} for name, at in self._known_facts.items()],
        }

    def _promised_by(self, shift: timedelta) -> str | None:
        """A date moves by whole days, so that it has passed at the delivery, else at the complaint, exactly where it
        had.
        """
        if not (promised := self.row.estimated_delivery_at):
            return None
        anchor = self._known_facts.get("delivered", self.reference)
        day: date = (_instant(anchor) + shift).date() + (promised.date() - anchor.date())
        return day.isoformat()

    def _is_early(self, review: Review) -> bool:
        return review.score == LOWEST_SCORE and review.at < self.row.purchased_at

    def _notes(self) -> Iterable[str]:
        row, shipped, delivered = self.row, self.row.carrier_at, self.row.delivered_at
        cancelled = row.status == "canceled"
        checks = (
            (len(self._facts) > len(self._known_facts), "facts after the complaint: left out"),
            (cancelled and delivered, "cancelled, yet delivered: the delivery stands (K3)"),
            (cancelled and not delivered, "cancelled at no instant that the file tells: taken as not delivered"),
            (len(row.payments) > 1, "several payments: the largest one's method, their sum"),
            (len({item.seller_id for item in row.items}) > 1, "several sellers: the first line's is disputed (S109)"),
            (self._placed_and_paid[1] == row.purchased_at != row.approved_at, "not approved yet: paid when placed"),
            (_before(delivered, shipped), "delivered before shipped: accepted, whichever comes first opens (K7)"),
            (_before(shipped, row.approved_at), "carrier scan before approval: accepted, facts come in any order"),
            (any(self._is_early(review) for review in row.reviews), "complaint before the purchase: left out"),
        )
        return (name for holds, name in checks if holds)


def _before(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other


def _largest(payments: Sequence[Payment]) -> Payment:
    return max(payments, key=lambda payment: payment.value_cents)


def _line(item: Item) -> Json:
    sides = [item.length_cm, item.height_cm, item.width_cm]
    return {
        "line_id": str(item.item_no),
        "seller_id": item.seller_id,
        "sku": item.product_id,
        "category": item.category_en or item.category_pt or "",
        "price": money(item.price_cents, CURRENCY),
        "quantity": 1,
        "weight_kg": None if item.weight_g is None else f"{item.weight_g // 1000}.{item.weight_g % 1000:03}",
        "dimensions_cm": [] if None in sides else sides,
    }


def _instant(wall_clock: datetime) -> datetime:
    return wall_clock.replace(tzinfo=ZONE).astimezone(UTC)


def _shifted(wall_clock: datetime, shift: timedelta) -> str:
    return wire_time(_instant(wall_clock) + shift)
