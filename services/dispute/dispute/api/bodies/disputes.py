"""Bodies of the parties' requests: the dispute form, the seller's response, the buyer's changes."""

from __future__ import annotations

from dispute.domain.disputes.agreement.replacement import ReceiveReplacement, ShipReplacement
from dispute.domain.disputes.cancellation import CancelDispute
from dispute.domain.disputes.negotiation import ModifyRequest, RespondToDispute
from dispute.domain.disputes.opening.opening import OpenDispute
from shared.http.command_body import CommandBody
from shared.http.request.body import example


class OpenDisputeBody(CommandBody, of=OpenDispute):
    """The dispute form (S29, S30)."""

    model_config = example(
        order_id="order-1001",
        lines=[{"line_id": "1", "quantity": 1}],
        reason="not_received",
        type="refund_only",
        amount={"amount": "50.00", "currency": "USD"},
        description="The promised day has passed and nothing came.",
        contacted_seller=True,
    )


class ResponseBody(CommandBody, of=RespondToDispute):
    """The seller's answer: a counter-offer has a solution; a refusal may have a reason, and evidence (T4)."""

    model_config = example(
        decision="counter",
        solution={"type": "refund_only", "amount": {"amount": "30.00", "currency": "USD"}},
        reason="It was sent on time.",
    )


class ModificationBody(CommandBody, of=ModifyRequest):
    """The buyer's changes: at least one (S43)."""

    model_config = example(amount={"amount": "45.00", "currency": "USD"})


class CancellationBody(CommandBody, of=CancelDispute):
    """The buyer's withdrawal (S47)."""

    model_config = example(acknowledge_release=True)


class ReplacementShipmentBody(CommandBody, of=ShipReplacement):
    """The parcel, as its carrier numbers it (T40)."""

    model_config = example(tracking_number="RR123456785ES", carrier="Correos")


class ReplacementReceiptBody(CommandBody, of=ReceiveReplacement):
    """When it came; now where nothing is said (T40)."""

    model_config = example(received_at="2026-03-20T12:00:00Z")
