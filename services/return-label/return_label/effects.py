"""Effects: a due `label_order` asks the carrier for the label, and its answer is recorded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from return_label.domain.deadlines import DeadlineKind
from return_label.domain.returns.labels.purchase import NoLabel, PurchaseCommand, RecordLabelBought, RecordNoLabel
from return_label.domain.returns.state import Return
from return_label.gateways.port import Bought, Carrier, LabelCall, Refused, Unanswered
from shared.deadlines.effect import Effect
from shared.events.return_label import ReturnLabelOrdered, ReturnRequested

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

PEOPLE_AFTER = timedelta(hours=24)
"""Real time after which a label that nobody has answered for is one for people: the return goes on without."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A label that was ordered, and the return that it is for."""

    ordered: ReturnLabelOrdered
    terms: ReturnRequested


Age = Callable[[ReturnLabelOrdered], Awaitable[timedelta]]
"""How long ago, in real time, a label was ordered."""
Answer = Bought | Refused | None
"""None: for so long nobody has answered that people look at it."""


def wanted(return_: Return, kind: str) -> Wanted | None:
    """The label that is still waited for."""
    return Wanted(return_.ordered, return_.terms) if return_.ordered else None


async def ask(name: str | None, carrier: Carrier, age: Age, order: Wanted) -> Answer:
    """The carrier's answer; Unanswered where nobody knows yet.

    One that the setting does not name any more is not asked: another carrier would sell a second label.
    """
    ordered = order.ordered
    try:
        if ordered.carrier != name:
            raise Unanswered(f"the carrier {ordered.carrier} is not set any more")
        return await carrier.buy(LabelCall(ordered.label_id, ordered.return_id, ordered.order_id))
    except Unanswered:
        if await age(ordered) < PEOPLE_AFTER:
            raise
    return None


def outcome(order: Wanted, answer: Answer, now: datetime) -> PurchaseCommand:
    """The command that records the answer."""
    about = order.ordered, order.terms.buyer_id, now
    match answer:
        case Bought():
            return RecordLabelBought.of(*about, tracking_number=answer.tracking_number, carrier=order.ordered.carrier)
        case Refused():
            return RecordNoLabel.of(*about, code=NoLabel.REFUSED)
        case None:
            return RecordNoLabel.of(*about, code=NoLabel.UNANSWERED)


def effects_of(name: str | None, carrier: Carrier, age: Age) -> Mapping[str, Effect[Return, Any, Any]]:
    """What each kind of deadline asks of the carrier of this name."""
    return {DeadlineKind.LABEL: Effect(wanted, partial(ask, name, carrier, age), outcome)}


# The log's own clock is the real one, whatever the domain's says.
AGE = """
select clock_timestamp() - max(recorded_at) from events
where stream = $1 and split_part(type, '.', 2) = 'ReturnLabelOrdered'
"""


def age_in_log(pool: Pool) -> Age:
    """Ages told from the last order of the return's stream."""

    async def age(ordered: ReturnLabelOrdered) -> timedelta:
        found: timedelta = await pool.fetchval(AGE, f"return-{ordered.return_id}")
        return found

    return age
