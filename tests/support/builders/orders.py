"""Builders of orders: what the shop tells and what has happened; what a test does not name has a plain default, dates
are those of 2026.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from dispute.domain.deadlines import ExpireDeadline
from dispute.domain.decider import decider
from dispute.domain.orders.facts import Fact, FactType, RecordFact
from dispute.domain.orders.registration import RegisteredLine, RegisterOrder
from dispute.domain.orders.state import Order
from dispute.domain.programmes import Programmes
from dispute.domain.reports import ReportSeller
from shared.events.base import SYSTEM, Actor, Command, Event
from shared.events.dispute import RefundNoted, RefundOutcome
from shared.events.ids import derived_uuid
from shared.events.money import Money, total
from shared.events.order import LineAmount, OrderPayment, PaymentReleased, ReportKind, ShipTo, Terms
from tests.support.spec import given

Histories = dict[str, list[Event]]
"""What happened, by stream."""

BUYER = Actor(id="buyer-1", roles=frozenset({"buyer"}))
SELLER = Actor(id="seller-1", roles=frozenset({"seller"}))
OTHER_BUYER = Actor(id="buyer-2", roles=frozenset({"buyer"}))
OTHER_SELLER = Actor(id="seller-2", roles=frozenset({"seller"}))
CASE_TEAM = Actor(id="case-1", roles=frozenset({"case_team"}))
SHOP = Actor(id="shop", roles=frozenset({"service"}))

ORDER = "o1"
ORDER_STREAM = f"order-{ORDER}"


def on(day: str, time: str = "12:00") -> datetime:
    """`on("Mar 11")` is noon of 11 March 2026 in UTC; `on("Mar 11", "00:00")` the day's first instant."""
    return datetime.strptime(f"2026 {day} {time}", "%Y %b %d %H:%M").replace(tzinfo=UTC)


def usd(amount: str) -> Money:
    return Money.parse(amount, "USD")


def programme_documents() -> list[Mapping[str, Any]]:
    """Every programme that the service ships, as data."""
    folder = files("dispute") / "programmes"
    return [tomllib.loads(entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".toml")]


PROGRAMMES = Programmes(programme_documents())
BASIC = PROGRAMMES.resolve("aliexpress_basic", on("Feb 27"))


def terms(**changed: Any) -> Terms:
    """AliExpress Basic with some parameters changed."""
    return Terms.model_validate(dict(BASIC) | changed)


def order_line(line_id: str = "l1", price: str = "50.00", quantity: int = 1, **more: Any) -> RegisteredLine:
    plain: dict[str, Any] = {
        "seller_id": SELLER.id,
        "sku": f"sku-{line_id}",
        "category": "toys",
        "weight_kg": None,
        "dimensions_cm": (),
        "flags": (),
        "listing_warranty": None,
    }
    return RegisteredLine(line_id=line_id, price=usd(price), quantity=quantity, **plain | more)


def facts(**days: str | None) -> tuple[Fact, ...]:
    """`facts(shipped="Mar 1", delivered="Mar 5")`, each at noon."""
    return tuple(Fact(type=FactType(name), at=on(day)) for name, day in days.items() if day)


def register(*lines: RegisteredLine, payment: Mapping[str, Any] | None = None, **changed: Any) -> RegisterOrder:
    """The shop registers an order of one line, paid on 27 February by card into escrow."""
    lines = lines or (order_line(),)
    goods = total([Money(line.price.minor * line.quantity, "USD") for line in lines])
    plain: dict[str, Any] = {
        "order_id": ORDER,
        "buyer_id": BUYER.id,
        "seller_id": SELLER.id,
        "channel": "platform",
        "paid_at": on("Feb 27"),
        "terms": BASIC,
        "buyer_account_status": "good",
        "return_address": None,
        "free_return_confirmed": False,
        "ship_to": ShipTo(country="DE"),
        "promised_by": None,
        "placed_at": on("Feb 27"),
        "facts": (),
        "body_digest": "digest",
    }
    paid = {"payment_id": "pay-1", "method": "visa", "payee": "escrow", "amount": goods} | dict(payment or {})
    body = plain | changed
    at = max([on("Feb 27"), body["placed_at"], *(fact.at for fact in body["facts"])])
    named = {"command_id": derived_uuid("register"), "actor": SHOP, "at": at}
    return RegisterOrder(lines=lines, payment=OrderPayment(**paid), **named | body)


def record(
    name: str,
    at: datetime,
    *,
    order_id: str = ORDER,
    told: datetime | None = None,
    disputes: Iterable[str] = (),
    **more: Any,
) -> RecordFact:
    """One fact of the shop or the carrier, told as it happens, or then; of an order that these disputes are about."""
    fact = Fact(type=FactType(name), at=at, **more)
    named = {"command_id": derived_uuid(name, at, more), "actor": SHOP, "at": told or at}
    return RecordFact(order_id=order_id, fact=fact, disputes=tuple(sorted(disputes)), **named)


def report_seller(at: datetime, actor: Actor = BUYER, **changed: Any) -> ReportSeller:
    """The buyer says that the seller asked for money aside."""
    named = {"command_id": derived_uuid("report", actor.id, at), "actor": actor, "at": at, "order_id": ORDER}
    return ReportSeller(**{"kind": ReportKind.DIRECT_PAYMENT, "text": "By bank transfer, for less."} | named | changed)


def expire_stream(stream: str, kind: str, due_at: datetime, at: datetime | None = None) -> ExpireDeadline:
    """The stream's timer asks at its instant or at a later one."""
    named = {"command_id": derived_uuid(stream, kind, due_at), "actor": SYSTEM, "at": at or due_at}
    return ExpireDeadline(stream=stream, key=ORDER, kind=kind, due_at=due_at, **named)


def expire_order(kind: str, due_at: datetime, at: datetime | None = None) -> ExpireDeadline:
    return expire_stream(ORDER_STREAM, kind, due_at, at)


def after(happened: Mapping[str, Sequence[Event]], *commands: Command) -> Histories:
    """What happened, and what each command added to it; a refused one fails the test."""
    for command in commands:
        happened = given(decider, happened).when(command).accepted.after
    return {name: list(events) for name, events in happened.items()}


def order(
    *lines: RegisteredLine,
    shipped: str | None = None,
    delivered: str | None = None,
    finished: str | None = None,
    **more: Any,
) -> Histories:
    """An order with its facts, each at noon of its day."""
    dated = facts(shipped=shipped, delivered=delivered, finished=finished)
    return after({}, register(*lines, facts=(*dated, *more.pop("facts", ())), **more))


def order_of(happened: Mapping[str, Sequence[Event]]) -> Order:
    folded = decider.fold(ORDER_STREAM, happened[ORDER_STREAM])
    assert isinstance(folded, Order)
    return folded


def payment_released(amount: str = "50.00") -> PaymentReleased:
    """The first line's money went to the seller."""
    parts = (LineAmount(line_id="l1", amount=usd(amount)),)
    return PaymentReleased(order_id=ORDER, lines=parts, amount=usd(amount), dispute_id=None, rules=("S24",))


def refunded(amount: str) -> RefundNoted:
    """So much of the first line went back to the buyer, without a dispute."""
    return RefundNoted(
        refund_id="rfd_9a31",
        order_id=ORDER,
        dispute_id=None,
        outcome=RefundOutcome.ISSUED,
        amount=usd(amount),
        lines=(LineAmount(line_id="l1", amount=usd(amount)),),
        reason=None,
        source_event="payment-o1/4",
        noted_at=on("Mar 14"),
        rules=("S57",),
    )
