"""Effects: a due `label_order` asks the carrier for the label, and a due `label_cancellation:<label id>` to take one
back; its answer is recorded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from return_label.domain.deadlines import DeadlineKind, label_in
from return_label.domain.returns.labels.cancellation import (
    CancellationAnswer,
    NotTaken,
    RecordCancelled,
    RecordNotCancelled,
)
from return_label.domain.returns.labels.purchase import NoLabel, PurchaseCommand, RecordLabelBought, RecordNoLabel
from return_label.domain.returns.state import Return
from return_label.gateways.port import Bought, Carrier, LabelCall, Refused, Unanswered, Voided, Way, nowhere
from shared.deadlines.effect import Effect
from shared.events.codec import type_name
from shared.events.return_label import ReturnLabelCancellationOrdered, ReturnLabelOrdered, ReturnRequested

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

PEOPLE_AFTER = timedelta(hours=24)
"""Real time after which a label that nobody has answered for is one for people: the return goes on without."""

UNDER_WAY = timedelta(minutes=5)
"""Real time for which a call may still be under way when what it was for is not wanted any more: far longer than any
has for its answer.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A label that was ordered, and the return that it is for."""

    ordered: ReturnLabelOrdered
    terms: ReturnRequested


Order = ReturnLabelOrdered | ReturnLabelCancellationOrdered
Age = Callable[[Order], Awaitable[timedelta]]
"""How long ago, in real time, something was ordered of the carrier."""
WayOf = Callable[[ReturnRequested], Awaitable[Way]]
"""Where the goods of a return come from and go to; Unanswered where that cannot be read now."""
Answer = Bought | Refused | None
"""None: for so long nobody has answered that people look at it."""


async def unknown(_: ReturnRequested) -> Way:
    """Nobody reads addresses."""
    return await nowhere()


def wanted(return_: Return, kind: str) -> Wanted | None:
    """The label that is still waited for."""
    return Wanted(return_.ordered, return_.terms) if return_.ordered else None


async def ask(name: str | None, carrier: Carrier, age: Age, order: Wanted, ways: WayOf = unknown) -> Answer:
    """The carrier's answer; Unanswered where nobody knows yet.

    One that the setting does not name any more is not asked: another carrier would sell a second label.
    """
    ordered = order.ordered
    try:
        if ordered.carrier != name:
            raise Unanswered(f"the carrier {ordered.carrier} is not set any more")
        call = LabelCall(ordered.label_id, ordered.return_id, ordered.order_id, order.terms.buyer_id)
        return await carrier.buy(replace(call, way=partial(ways, order.terms)))
    except Unanswered:
        if await age(ordered) < PEOPLE_AFTER:
            raise
    return None


def outcome(order: Wanted, answer: Answer, now: datetime) -> PurchaseCommand:
    """The command that records the answer."""
    about = order.ordered, order.terms.buyer_id, now
    match answer:
        case Bought():
            number, document, carrier = answer.tracking_number, answer.document, order.ordered.carrier
            return RecordLabelBought.of(*about, tracking_number=number, document=document, carrier=carrier)
        case Refused():
            return RecordNoLabel.of(*about, code=NoLabel.REFUSED)
        case None:
            return RecordNoLabel.of(*about, code=NoLabel.UNANSWERED)


@dataclass(frozen=True, slots=True)
class NeverSold:
    """There is no label to take back."""


Taken = Voided | NeverSold | Refused | None
"""What became of a label that is to be taken back; None as of an order."""


def to_take_back(return_: Return, kind: str) -> ReturnLabelCancellationOrdered | None:
    """The label whose cancellation is still waited for."""
    last = return_.cancellations.get(label_in(kind))
    return last if isinstance(last, ReturnLabelCancellationOrdered) else None


async def take_back(name: str | None, carrier: Carrier, age: Age, order: ReturnLabelCancellationOrdered) -> Taken:
    """The carrier's answer; Unanswered where nobody knows yet, and where another carrier is set. A label that may have
    been sold is looked for first.
    """
    call = LabelCall(order.label_id, order.return_id, order.order_id)
    try:
        if order.carrier != name:
            raise Unanswered(f"the carrier {order.carrier} is not set any more")
        number = order.tracking_number or await _sold(carrier, age, order, call)
        return await carrier.void(call, number) if number else NeverSold()
    except Unanswered:
        if await age(order) < PEOPLE_AFTER:
            raise
    return None


async def _sold(carrier: Carrier, age: Age, order: ReturnLabelCancellationOrdered, call: LabelCall) -> str | None:
    found = await carrier.find(call)
    if found is None and await age(order) < UNDER_WAY:
        raise Unanswered("the label is not sold, and a call for it may be under way")
    return found.tracking_number if found else None


def taken_back(order: ReturnLabelCancellationOrdered, answer: Taken, now: datetime) -> CancellationAnswer:
    """The command that records it."""
    match answer:
        case Voided():
            return RecordCancelled.of(order, now, tracking_number=answer.tracking_number)
        case NeverSold():
            return RecordCancelled.of(order, now)
        case Refused():
            return RecordNotCancelled.of(order, now, code=NotTaken.REFUSED)
        case None:
            return RecordNotCancelled.of(order, now, code=NotTaken.UNANSWERED)


def effects_of(name: str | None, carrier: Carrier, age: Age, ways: WayOf) -> Mapping[str, Effect[Return, Any, Any]]:
    """What each kind of deadline asks of the carrier of this name; the addresses are asked of `ways`."""
    return {
        DeadlineKind.LABEL: Effect(wanted, partial(ask, name, carrier, age, ways=ways), outcome),
        DeadlineKind.CANCELLATION: Effect(to_take_back, partial(take_back, name, carrier, age), taken_back),
    }


# The log's own clock is the real one, whatever the domain's says.
AGE = """
select clock_timestamp() - max(recorded_at) from events
where stream = $1 and type = $2 and data ->> 'label_id' = $3
"""


def age_in_log(pool: Pool) -> Age:
    """Ages told from the label's last order in the return's stream."""

    async def age(order: Order) -> timedelta:
        stream = f"return-{order.return_id}"
        found: timedelta = await pool.fetchval(AGE, stream, type_name(type(order)), order.label_id)
        return found

    return age
