"""Bodies of requests about goods that came after the refund (S65)."""

from __future__ import annotations

from dispute.domain.disputes.afterwards.repayment import AgreeRepayment, ArrivalCommand, ReceiveRepayment
from shared.http.command_body import CommandBody
from shared.http.request.body import example


class LateArrivalBody(CommandBody, of=ArrivalCommand):
    """When the goods came, and which; all that were disputed where no lines are named."""

    model_config = example(arrived_at="2026-04-02T12:00:00Z", text="It came after all, three weeks late.")


class RepaymentBody(CommandBody, of=AgreeRepayment):
    """How much of the refund is paid back, through the platform or to the seller (K23)."""

    model_config = example(amount={"amount": "30.00", "currency": "USD"}, way="platform")


class RepaymentReceiptBody(CommandBody, of=ReceiveRepayment):
    """When it came, and its bank's reference; now where nothing is said."""

    model_config = example(received_at="2026-04-05T12:00:00Z", reference="bank-4711")
