"""Small builders of what may be asked: what a test does not name has a plain default, dates are those of 2026."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from dispute.domain.deadlines import ExpireDeadline
from dispute.domain.disputes.cancellation import CancelDispute
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.fulfilment import NoteRefund, NoteReturn
from dispute.domain.disputes.negotiation import AcceptSolution, CounterOffer, ModifyRequest, RespondToDispute
from dispute.domain.disputes.opening import OpenDispute
from dispute.domain.orders.facts import Fact, FactType, RecordFact, RegisteredLine, RegisterOrder
from dispute.domain.programmes import Programmes
from shared.events.base import SYSTEM, Actor, derived_uuid
from shared.events.dispute import Decision, Reason, RefundDue, RefundOutcome, ReturnDue, ReturnOutcome, SolutionType
from shared.events.money import Money, total
from shared.events.order import OrderPayment, ShipTo, Terms

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


BASIC = Programmes(programme_documents()).resolve("aliexpress_basic")


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
    """The shop's word on an order of one line, paid on 27 February by card into escrow."""
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
    named = {"command_id": derived_uuid("register"), "actor": SHOP, "at": on("Feb 27")}
    return RegisterOrder(lines=lines, payment=OrderPayment(**paid), **named, **plain | changed)


def record(name: str, at: datetime, *, order_id: str = ORDER, **more: Any) -> RecordFact:
    """One fact of the shop or the carrier, told as it happens."""
    fact = Fact(type=FactType(name), at=at, **more)
    return RecordFact(command_id=derived_uuid(name, at), actor=SHOP, at=at, order_id=order_id, fact=fact)


def open_dispute(at: datetime, actor: Actor = BUYER, amount: str = "50.00", n: int = 1, **changed: Any) -> OpenDispute:
    """The buyer asks for the whole of the first line's money, since nothing came; `n` tells several disputes apart."""
    plain: dict[str, Any] = {
        "order_id": ORDER,
        "lines": (RequestedLine(line_id="l1", quantity=1),),
        "reason": Reason.NOT_RECEIVED,
        "type": SolutionType.REFUND_ONLY,
        "description": "Nothing came.",
        "evidence": (),
        "contacted_seller": False,
    }
    return OpenDispute(command_id=derived_uuid("open", n), actor=actor, at=at, amount=usd(amount), **plain | changed)


def dispute_id(n: int = 1) -> str:
    """The id of the `n`th dispute."""
    return open_dispute(on("Mar 12"), n=n).dispute_id


def dispute_stream(n: int = 1) -> str:
    return f"dispute-{dispute_id(n)}"


def _on_dispute(name: str, actor: Actor, at: datetime, n: int) -> dict[str, Any]:
    return {"command_id": derived_uuid(name, at, n), "actor": actor, "at": at, "dispute_id": dispute_id(n)}


def offer(amount: str, type_: SolutionType = SolutionType.REFUND_ONLY, **more: Any) -> CounterOffer:
    return CounterOffer(type=type_, amount=usd(amount), **more)


def respond(decision: Decision, at: datetime, actor: Actor = SELLER, n: int = 1, **more: Any) -> RespondToDispute:
    plain: dict[str, Any] = {"solution": None, "reason": None}
    return RespondToDispute(decision=decision, **_on_dispute("respond", actor, at, n), **plain | more)


def counter(at: datetime, amount: str = "20.00", n: int = 1, **more: Any) -> RespondToDispute:
    """The seller offers that much instead, or the `solution` named."""
    return respond(Decision.COUNTER, at, n=n, **{"solution": offer(amount)} | more)


def accept(at: datetime, actor: Actor = BUYER, n: int = 1) -> AcceptSolution:
    return AcceptSolution(**_on_dispute("accept", actor, at, n))


def modify(at: datetime, actor: Actor = BUYER, amount: str | None = None, n: int = 1, **changed: Any) -> ModifyRequest:
    plain: dict[str, Any] = {"type": None, "reason": None, "description": None, "evidence": ()}
    return ModifyRequest(
        amount=usd(amount) if amount else None, **_on_dispute("modify", actor, at, n), **plain | changed
    )


def cancel(at: datetime, actor: Actor = BUYER, acknowledge_release: bool = False, n: int = 1) -> CancelDispute:
    named = _on_dispute("cancel", actor, at, n)
    return CancelDispute(acknowledge_release=acknowledge_release, **named)


def expire(kind: str, due_at: datetime, at: datetime | None = None, stream: str | None = None) -> ExpireDeadline:
    """The timer of the first dispute, or of `stream`, asks at its instant or at a later one."""
    stream = stream or dispute_stream()
    named = {"command_id": derived_uuid(stream, kind, due_at), "actor": SYSTEM, "at": at or due_at}
    return ExpireDeadline(stream=stream, key=ORDER, kind=kind, due_at=due_at, **named)


def expire_order(kind: str, due_at: datetime, at: datetime | None = None) -> ExpireDeadline:
    return expire(kind, due_at, at, ORDER_STREAM)


def note_refund(
    due: RefundDue, at: datetime, outcome: RefundOutcome = RefundOutcome.ISSUED, reason: str | None = None
) -> NoteRefund:
    """The refund service's answer to what the dispute asked for."""
    return NoteRefund(
        command_id=derived_uuid("note_refund", due.refund_id, outcome),
        actor=SYSTEM,
        at=at,
        dispute_id=str(due.dispute_id),
        order_id=due.order_id,
        refund_id=due.refund_id,
        outcome=outcome,
        amount=due.amount,
        lines=due.lines,
        reason=reason,
        source_event=f"payment-{due.order_id}/7",
    )


def note_return(due: ReturnDue, outcome: ReturnOutcome, at: datetime, reason: str | None = None) -> NoteReturn:
    """The return-label service's word on the return that the dispute asked for."""
    return NoteReturn(
        command_id=derived_uuid("note_return", due.return_id, outcome),
        actor=SYSTEM,
        at=at,
        dispute_id=due.dispute_id,
        order_id=due.order_id,
        return_id=due.return_id,
        outcome=outcome,
        reason=reason,
        source_event=f"return-{due.return_id}/2",
    )
