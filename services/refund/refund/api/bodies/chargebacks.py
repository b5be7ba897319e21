"""Bodies of the commands about chargebacks: what a bank says, and that it was told of a refund (S103)."""

from __future__ import annotations

from refund.domain.payments.chargebacks.facts import OpenChargeback, ResolveChargeback
from refund.domain.payments.chargebacks.representment import CloseRepresentment
from shared.events.outside.ids import Id
from shared.http.command_body import CommandBody
from shared.http.request.body import example


class ChargebackBody(CommandBody, of=OpenChargeback):
    """A buyer's bank has taken this much of a payment back (T34)."""

    model_config = example(
        order_id="order-1001",
        chargeback_id="cb-2026-4711",
        amount={"amount": "68.00", "currency": "USD"},
        reason_code="13.1",
        opened_at="2026-11-26T10:00:00Z",
    )

    order_id: Id
    chargeback_id: Id


class ResultBody(CommandBody, of=ResolveChargeback):
    """The bank has decided: the buyer was paid, so much or all of it, or was not (T35)."""

    model_config = example(order_id="order-1001", result="buyer_not_paid", resolved_at="2027-01-15T10:00:00Z")

    order_id: Id


class RepresentmentBody(CommandBody, of=CloseRepresentment):
    """The bank was told of the refund, as this ticket says (T34)."""

    model_config = example(ticket="CASE-4711")
