"""Refunds: one row each, for "where is my money" by order and by dispute (S64), and whose they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Text, and_, any_, bindparam, false, func, literal_column, or_, select, true, tuple_, union_all
from sqlalchemy.dialects.postgresql import ARRAY

from refund.domain.payments.refund import RefundState
from refund.read_models import chargebacks, tables
from shared.events import refund as refunds
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.events.mediation.proposals import ProposalAgreed, ProposalDeclined, ProposalMade
from shared.subscriptions.changes import Change, Computed, change, insert, row_by_row, update, upsert
from shared.subscriptions.statements import Statement, compiled

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

NAME = "refunds"
TABLES = (tables.payments, tables.captures, tables.refunds, tables.chargebacks)
STREAMS = ("payment-",)
_BESIDE = (ProposalMade, ProposalAgreed, ProposalDeclined, refunds.RefundConfirmed, refunds.RefundSettlementOverdue)
"""Events that change of a refund's row nothing but how far it goes."""
_GONE = dict.fromkeys(("issued_at", "expected_from", "expected_until", "settled_at"))


def changes(recorded: Recorded[Event]) -> Iterator[Change]:  # noqa: C901 - one arm an event
    """Keeps the payment's row and the rows of its refunds."""
    match recorded.event:
        case refunds.PaymentCaptured() as event:
            parties = {"buyer_id": event.buyer_id, "seller_id": event.seller_id}
            yield upsert(tables.payments, event.order_id, payment_id=event.payment_id, method=event.method, **parties)
            yield insert(tables.captures, event.payment_id, event.order_id)
        case refunds.RefundRequested() as event:
            yield _begin(recorded, event, state=RefundState.REQUESTED, source=event.source, seller_id=event.seller_id)
        case refunds.RefundRefused() as event:
            yield _begin(recorded, event, state=RefundState.REFUSED, reason=event.reason, seller_id=event.seller_id)
        case refunds.RefundApproved() as event:
            yield _set(recorded, event.refund_id, state=RefundState.APPROVED, destination=event.destination)
        case refunds.RefundIssued() as event:
            window = {"expected_from": event.expected_from, "expected_until": event.expected_until}
            paid = {"amount": event.amount.minor, "issued_at": event.issued_at, "retry_at": None, **window}
            paid |= {"in_doubt": _minor(event.in_doubt)}
            yield _set(recorded, event.refund_id, state=RefundState.ISSUED, **paid, **_answered(event.provider_ref))
        case refunds.RefundFailed() as event:
            failure = {"failures": event.failures, "reason": event.reason, **_answered()}
            yield _set(recorded, event.refund_id, **_stands(event, RefundState.FAILED, event.retry_at), **failure)
        case refunds.RefundRetried() as event:
            yield _set(recorded, event.refund_id, **_stands(event, RefundState.APPROVED))
        case refunds.RefundSentToManual() as event:
            doubt = event.reason != refunds.ManualReason.RETRIES_USED_UP
            said = {"reason": str(event.reason), **_answered(event.provider_ref, event.differs)}
            yield _set(recorded, event.refund_id, **_stands(event, RefundState.MANUAL), **(said if doubt else {}))
        case event if isinstance(event, _BESIDE) and event.refund_id:
            yield _set(recorded, event.refund_id)
        case refunds.RefundHeld() | refunds.RefundPaidTwice() as event:
            twice = {"paid_twice": True} if isinstance(event, refunds.RefundPaidTwice) else {}
            yield _set(recorded, event.refund_id, **({"retry_at": event.part.retry_at} if event.part else {}), **twice)
        case refunds.RefundAbandoned() as event:
            yield _set(recorded, event.refund_id, state=RefundState.ABANDONED, in_doubt=_minor(event.in_doubt))
        case refunds.RefundDoubtEnded() as event:
            yield _set(recorded, event.refund_id, **_stands(event, RefundState.ABANDONED))
            yield change(tables.refunds, event.refund_id, by=_known(event))
        case refunds.RefundReRequested() as event:
            yield _set(recorded, event.refund_id, replaced_by=event.replaced_by)
        case refunds.RefundPartIssued() | refunds.RefundPartAbandoned() as event:
            yield _set(recorded, event.refund_id, **_stands(event, RefundState.ISSUED))
        case refunds.RefundSettled() as event:
            settled = {"settled_at": event.settled_at} if event.is_last else {}
            yield _set(recorded, event.refund_id, **_stands(event, RefundState.SETTLED), **settled)
        case refunds.RefundReturnedByBank() as event:
            said = {"failures": event.failures, "reason": event.reason, "returned_at": event.returned_at}
            back = {**_GONE, **said, **_answered(), "in_doubt": 0}
            yield _set(recorded, event.refund_id, **_stands(event, RefundState.RETURNED_BY_BANK), **back)
        case _:
            yield from chargebacks.changes(recorded)


project = row_by_row(changes, STREAMS)


def _begin(recorded: Recorded[Event], event: refunds.RefundRequested | refunds.RefundRefused, **columns: Any) -> Change:
    return upsert(
        tables.refunds,
        event.refund_id,
        position=recorded.position,
        order_id=event.order_id,
        dispute_id=event.dispute_id,
        return_id=event.return_id,
        replaces=event.replaces,
        goodwill_id=event.goodwill_id,
        amount=event.amount.minor,
        currency=event.amount.currency,
        exponent=event.amount.exponent,
        requested_at=event.requested_at,
        **columns,
    )


def _set(recorded: Recorded[Event], refund_id: str, **columns: Any) -> Change:
    return update(tables.refunds, refund_id, position=recorded.position, **columns)


def _answered(provider_ref: str | None = None, differs: Sequence[str] = ()) -> Mapping[str, Any]:
    """What the provider, or the bank, said last of the money."""
    return {"provider_ref": provider_ref, "differs": [*differs]}


def _stands(event: Any, state: RefundState, retry_at: datetime | None = None) -> Mapping[str, Any]:
    """Where the refund is, and when it is tried again: of one that several payments give, as the event says."""
    if event.part:
        return {"state": event.part.refund_state, "retry_at": event.part.retry_at}
    return {"state": state, "retry_at": retry_at}


def _known(event: refunds.RefundDoubtEnded) -> Computed:
    """So much less is in doubt."""
    return lambda row: {"in_doubt": row["in_doubt"] - event.amount.minor}


def _minor(lines: Sequence[Any]) -> int:
    return sum(line.amount.minor for line in lines)


async def order_of(pool: Pool, refund_id: str) -> str | None:
    """The order whose payment's stream holds the refund."""
    rows = await _ORDER_OF.fetch(pool, refund_id=refund_id)
    return rows[0]["order_id"] if rows else None


@dataclass(frozen=True, slots=True)
class RefundFilter:
    """Which refunds a list shows; of nobody in particular where neither buyer nor seller is named, of either where both
    are. Overdue is what no bank has credited though its window has ended `now` (S62). None that somebody is a party of
    who is `not` to look through them.
    """

    order_id: str | None = None
    dispute_id: str | None = None
    return_id: str | None = None
    states: Sequence[str] | None = None
    buyer_id: str | None = None
    seller_id: str | None = None
    before: Sequence[Any] | None = None
    not_buyer_id: str | None = None
    not_seller_id: str | None = None
    source: str | None = None
    destination: str | None = None
    overdue: bool | None = None
    issued_after: datetime | None = None
    issued_before: datetime | None = None
    now: datetime | None = None
    in_doubt: Literal[True] | None = None
    certain: Literal[True] | None = None
    paid_twice: Literal[True] | None = None
    paid_once: Literal[True] | None = None

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Whether a refund is one that is wanted, as it stands in this row."""
        issued_at, until = row["issued_at"], row["expected_until"]
        overdue = bool(until and self.now and row["settled_at"] is None and until <= self.now)
        return (
            (not self.states or row["state"] in self.states)
            and self.destination in (None, row["destination"])
            and self.overdue in (None, overdue)
            and (not self.issued_after or bool(issued_at and issued_at > self.issued_after))
            and (not self.issued_before or bool(issued_at and issued_at < self.issued_before))
            and not (self.certain if row["in_doubt"] else self.in_doubt)
            and not (self.paid_once if row["paid_twice"] else self.paid_twice)
        )


async def page(pool: Pool, wanted: RefundFilter, limit: int) -> Sequence[Mapping[str, Any]]:
    """The newest refunds first, from behind the one whose `requested_at` and `refund_id` are `before`."""
    statement, values = query(wanted, limit)
    return await statement.fetch(pool, **values)


def query(wanted: RefundFilter, limit: int) -> tuple[Statement, Mapping[str, Any]]:
    """The statement behind `page`, and its values."""
    given = {name: value for name in (*_CONDITIONS, *_PARTIES) if (value := getattr(wanted, name)) is not None}
    requested_at, refund_id = wanted.before or (None, None)
    return _page(tuple(given)), {
        **given,
        "last_requested_at": requested_at,
        "last_refund_id": refund_id,
        "now": wanted.now,
        "limit": limit,
    }


_REFUNDS, _PAYMENTS = tables.refunds, tables.payments
_ORDER_OF = compiled(select(_REFUNDS.c.order_id).where(_REFUNDS.c.refund_id == bindparam("refund_id")))
_OVERDUE = and_(_REFUNDS.c.settled_at.is_(None), _REFUNDS.c.expected_until <= bindparam("now"))
_SELLER = func.coalesce(_REFUNDS.c.seller_id, _PAYMENTS.c.seller_id)
_CONDITIONS = {
    "not_buyer_id": _PAYMENTS.c.buyer_id.is_distinct_from(bindparam("not_buyer_id")),
    "not_seller_id": _SELLER.is_distinct_from(bindparam("not_seller_id")),
    "order_id": _REFUNDS.c.order_id == bindparam("order_id"),
    "dispute_id": _REFUNDS.c.dispute_id == bindparam("dispute_id"),
    "return_id": _REFUNDS.c.return_id == bindparam("return_id"),
    "source": _REFUNDS.c.source == bindparam("source"),
    "destination": _REFUNDS.c.destination == bindparam("destination"),
    "overdue": func.coalesce(_OVERDUE, false()) == bindparam("overdue"),
    "issued_after": _REFUNDS.c.issued_at > bindparam("issued_after"),
    "issued_before": _REFUNDS.c.issued_at < bindparam("issued_before"),
    "states": _REFUNDS.c.state == any_(bindparam("states", type_=ARRAY(Text))),
    "in_doubt": _REFUNDS.c.in_doubt > literal_column("0"),
    "paid_twice": _REFUNDS.c.paid_twice,
    "paid_once": ~_REFUNDS.c.paid_twice,
    "certain": _REFUNDS.c.in_doubt == literal_column("0"),
    "before": tuple_(_REFUNDS.c.requested_at, _REFUNDS.c.refund_id)
    < tuple_(bindparam("last_requested_at"), bindparam("last_refund_id")),
}

# A refund that names no seller is the payment's seller's; each half finds its index.
_NAMED, _UNNAMED, _PAID = _REFUNDS.alias("named"), _REFUNDS.alias("unnamed"), _PAYMENTS.alias("paid")
_OF_SELLER = union_all(
    select(_NAMED.c.refund_id).where(_NAMED.c.seller_id == bindparam("seller_id")),
    select(_UNNAMED.c.refund_id)
    .join(_PAID, _PAID.c.order_id == _UNNAMED.c.order_id)
    .where(_PAID.c.seller_id == bindparam("seller_id"), _UNNAMED.c.seller_id.is_(None)),
)
_PARTIES = {
    "buyer_id": _PAYMENTS.c.buyer_id == bindparam("buyer_id"),
    "seller_id": _REFUNDS.c.refund_id.in_(_OF_SELLER),
}


@cache
def _page(given: tuple[str, ...]) -> Statement:
    # Only the conditions that are given, so that each query finds its index.
    conditions = [condition for name, condition in _CONDITIONS.items() if name in given]
    parties = [party for name, party in _PARTIES.items() if name in given]
    return compiled(
        select(_REFUNDS)
        .outerjoin(_PAYMENTS, _PAYMENTS.c.order_id == _REFUNDS.c.order_id)
        .where(*conditions, or_(*parties) if parties else true())
        .order_by(_REFUNDS.c.requested_at.desc(), _REFUNDS.c.refund_id.desc())
        .limit(bindparam("limit"))
    )
