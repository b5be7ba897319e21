"""View of refunds at a moment in the past: the rows of the read model, from the payments as they stood then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refund.domain.payments.refund import Refund, RefundState
from shared.events.refund import RefundRefused


def refund_row_of(refund: Refund) -> Mapping[str, Any]:
    """The refund's row as the read model would hold it."""
    request, issued, state = refund.request, refund.issued, refund.state
    nowhere = state is RefundState.REQUESTED or isinstance(request, RefundRefused)
    return {
        "refund_id": request.refund_id,
        "order_id": request.order_id,
        "dispute_id": request.dispute_id,
        "return_id": request.return_id,
        "goodwill_id": request.goodwill_id,
        "replaces": request.replaces,
        "replaced_by": refund.replaced_by,
        "state": state,
        "reason": request.reason if isinstance(request, RefundRefused) else refund.reason,
        "source": None if isinstance(request, RefundRefused) else request.source,
        "amount": refund.money.amount.minor,
        "currency": refund.money.amount.currency,
        "exponent": refund.money.amount.exponent,
        "destination": None if nowhere else refund.destination,
        "requested_at": request.requested_at,
        "issued_at": issued.issued_at if issued else None,
        "expected_from": issued.expected_from if issued else None,
        "expected_until": issued.expected_until if issued else None,
        "settled_at": refund.settled_at,
        "provider_ref": refund.provider_ref,
        "differs": [*refund.differs],
        "returned_at": refund.returned_at,
        "failures": refund.failures,
        "retry_at": refund.retry_at,
        "in_doubt": sum(part.amount.minor for part in refund.in_doubt),
        "paid_twice": any(part.paid_twice for part in refund.parts.values()),
    }
