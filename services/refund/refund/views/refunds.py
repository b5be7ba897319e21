"""A refund as a party sees it: the same renderer for a command's answer and for a query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from typing_extensions import TypedDict

from refund.domain.deadlines import business_days
from refund.domain.payments.abandonment import guard_abandonment
from refund.domain.payments.allocation import methods_of
from refund.domain.payments.doubt import guard_end_of_doubt
from refund.domain.payments.manual_payment import guard_pay_by_hand
from refund.domain.payments.re_request import guard_re_request
from refund.domain.payments.refund import Refund, RefundState
from refund.domain.payments.retries import guard_correction, guard_retry
from refund.domain.payments.second_person import guard_answer
from refund.domain.payments.state import Payment
from refund.views.checks import RefundCheck, checks
from refund.views.parts import PartView, line_views, part_view
from refund.views.proposals import DeclinedView, ProposalView, declined_view, proposal_views
from shared.actions import Action, Actions, Offer, rendered
from shared.events.base import Actor, Instant
from shared.events.dispute import RefundSource
from shared.events.mediation.proposals import ProposalKind
from shared.events.money import Money, total
from shared.events.open_enums import Open
from shared.events.refund import Destination, RefundIssued, RefundRefused
from shared.views import LineAmountView


class CreditWindow(TypedDict):
    """When the bank credits: from the end of the first business day that counts, before the end of the last (S58)."""

    from_at: Instant
    until_at: Instant


class RefundRow(TypedDict):
    """A refund in a list: members of the refund, under the same names; `amount` was asked for, or once issued paid. One
    that was refused may be `replaced_by` another, as which support asks for its money again, and which `replaces` it
    (T30a). `provider_ref` is what the provider last called its payment, `differs` what in its answer is not as asked.
    So much of it was given up `in_doubt`: nobody knows whether it was paid, until support has found out.
    """

    id: str
    href: str
    order_id: str
    dispute_id: str | None
    return_id: str | None
    goodwill_id: str | None
    replaces: str | None
    replaced_by: str | None
    state: RefundState
    reason: str | None
    source: Open[RefundSource] | None
    amount: Money
    destination: Open[Destination] | None
    requested_at: Instant
    issued_at: Instant | None
    expected_credit: CreditWindow | None
    settled_at: Instant | None
    provider_ref: str | None
    differs: Sequence[str]
    returned_at: Instant | None
    overdue: bool
    failures: int
    retry_at: Instant | None
    in_doubt: Money | None


class RefundView(RefundRow, Actions):
    """A refund. `version` is that of its order's payment; `reason` is the last refusal; `source`, `destination` and
    `expected_business_days` are unknown of a refund that was refused; what was paid by hand is `manual`, and has the
    bank's reference. `confirmed_at` is when the buyer was told that it is issued (S61), `held_by` is the chargeback
    that it waits for (T34). Each payment that gives has one of the `parts`.
    """

    version: int
    payment_id: str | None
    confirmed_at: Instant | None
    lines: Sequence[LineAmountView]
    expected_business_days: tuple[int, int] | None
    manual: bool
    held_by: str | None
    parts: Sequence[PartView]
    proposals: Sequence[ProposalView]
    declined: DeclinedView | None
    checks: Sequence[RefundCheck]
    rules: Sequence[str]


class _Ground(TypedDict):
    source: Open[RefundSource] | None
    destination: Open[Destination] | None
    expected_business_days: tuple[int, int] | None


def refund_view(payment: Payment, refund_id: str, version: int, actor: Actor, now: datetime) -> RefundView:
    """The refund as the actor sees it now; NotFound for a stranger. `version` is the payment stream's."""
    refund = payment.refund_for(actor, refund_id)
    request, issued, captured = refund.request, refund.issued, payment.capture_of(refund)
    return {
        "id": request.refund_id,
        "href": _path(request.refund_id),
        "order_id": request.order_id,
        "dispute_id": request.dispute_id,
        "return_id": request.return_id,
        "goodwill_id": request.goodwill_id,
        "replaces": request.replaces,
        "replaced_by": refund.replaced_by,
        "payment_id": captured.payment_id if captured else None,
        "version": version,
        "state": refund.state,
        "reason": request.reason if isinstance(request, RefundRefused) else refund.reason,
        "amount": refund.money.amount,
        "lines": line_views(refund.money.lines),
        **_ground(refund, _methods(payment, refund)),
        "manual": issued is not None and issued.manual,
        "held_by": refund.held_by,
        "parts": [part_view(part, payment.captures.get(part.payment_id), actor) for part in refund.parts.values()],
        "proposals": proposal_views(payment, refund, _path(refund_id), actor, now),
        "declined": declined_view(payment, refund, _path(refund_id), actor),
        "requested_at": request.requested_at,
        "issued_at": issued.issued_at if issued else None,
        "expected_credit": _window(issued),
        "confirmed_at": refund.confirmed_at if issued else None,
        "settled_at": refund.settled_at,
        "provider_ref": refund.provider_ref,
        "differs": [*refund.differs],
        "returned_at": refund.returned_at,
        "overdue": _overdue(issued.expected_until if issued else None, refund.settled_at, now),
        "failures": refund.failures,
        "retry_at": refund.retry_at if refund.state is RefundState.FAILED else None,
        "in_doubt": total([part.amount for part in refund.in_doubt]) if refund.in_doubt else None,
        "checks": checks(_methods(payment, refund)),
        "rules": request.rules,
        **rendered(refund_actions(payment, refund_id, actor, now)),
    }


def refund_row(row: Mapping[str, Any], now: datetime) -> RefundRow:
    """A row of the read model, as lists show it."""
    until = row["expected_until"]
    return {
        "id": row["refund_id"],
        "href": _path(row["refund_id"]),
        "order_id": row["order_id"],
        "dispute_id": row["dispute_id"],
        "return_id": row["return_id"],
        "goodwill_id": row["goodwill_id"],
        "replaces": row["replaces"],
        "replaced_by": row["replaced_by"],
        "state": row["state"],
        "reason": row["reason"],
        "source": row["source"],
        "amount": Money(row["amount"], row["currency"], row["exponent"]),
        "destination": row["destination"],
        "requested_at": row["requested_at"],
        "issued_at": row["issued_at"],
        "expected_credit": {"from_at": row["expected_from"], "until_at": until} if until else None,
        "settled_at": row["settled_at"],
        "provider_ref": row["provider_ref"],
        "differs": row["differs"],
        "returned_at": row["returned_at"],
        "overdue": _overdue(until, row["settled_at"], now),
        "failures": row["failures"],
        "retry_at": row["retry_at"] if row["state"] == RefundState.FAILED else None,
        "in_doubt": Money(row["in_doubt"], row["currency"], row["exponent"]) if row["in_doubt"] else None,
    }


class WayOn(NamedTuple):
    """What can be done about a refund that is not paid, and the names of its actions and of its route."""

    proposes: str
    agrees: str
    route: str
    guard: Callable[[Payment, str, Actor], object]


WAYS_ON = {
    ProposalKind.RETRY: WayOn("retry", "agree-retry", "retry", guard_retry),
    ProposalKind.MANUAL_PAYMENT: WayOn(
        "record-manual-payment", "agree-manual-payment", "manual-payment", guard_pay_by_hand
    ),
    ProposalKind.ABANDONMENT: WayOn("abandon", "agree-abandonment", "abandonment", guard_abandonment),
    ProposalKind.END_OF_DOUBT: WayOn("end-doubt", "agree-end-doubt", "doubt", guard_end_of_doubt),
    ProposalKind.RE_REQUEST: WayOn("re-request", "agree-re-request", "re-request", guard_re_request),
}


def refund_actions(payment: Payment, refund_id: str, actor: Actor, now: datetime) -> Sequence[Action]:
    """Everything that can be done with a refund and by whom, each with the guard of its command."""

    path = _path(refund_id)
    return [
        action
        for kind, way in WAYS_ON.items()
        for action in (
            Action(way.proposes, f"{path}/{way.route}", _offer(way.guard, payment, refund_id, actor)),
            Action(way.agrees, f"{path}/{way.route}", _offer(guard_answer, payment, refund_id, actor, now, kind)),
        )
    ] + [Action("correct-account", f"{path}/retry", _offer(guard_correction, payment, refund_id, actor))]


def _offer(guard: Callable[..., object], *asked: object) -> Callable[[], Offer]:
    def offer() -> Offer:
        guard(*asked)
        return Offer()

    return offer


def _path(refund_id: str) -> str:
    return f"/v1/refunds/{refund_id}"


def _methods(payment: Payment, refund: Refund) -> Iterable[str]:
    """How its money was paid, and goes back; of one that was refused that of the order's first payment."""
    captured = payment.capture_of(refund)
    return methods_of(payment, refund.parts.values()) or [captured.method if captured else ""]


def _ground(refund: Refund, methods: Iterable[str]) -> _Ground:
    """Why and how it is paid; unknown of one that was refused."""
    if isinstance(refund.request, RefundRefused):
        return {"source": None, "destination": None, "expected_business_days": None}
    return {
        "source": refund.request.source,
        "destination": refund.destination,
        "expected_business_days": business_days(refund.request, methods),
    }


def _window(issued: RefundIssued | None) -> CreditWindow | None:
    return {"from_at": issued.expected_from, "until_at": issued.expected_until} if issued else None


def _overdue(until: datetime | None, settled_at: datetime | None, now: datetime) -> bool:
    """S62: no failure, but time to look at the checks."""
    return until is not None and settled_at is None and now >= until
