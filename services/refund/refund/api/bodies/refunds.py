"""Bodies of the commands about refunds: what a person of support proposes, and another one's word on it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Tag

from refund.domain.payments.abandonment import AbandonRefund
from refund.domain.payments.doubt import EndDoubt
from refund.domain.payments.manual_payment import PayByHand
from refund.domain.payments.re_request import ReRequestRefund
from refund.domain.payments.retries import RetryRefund
from refund.domain.payments.second_person import AgreeToProposal, DeclineProposal
from shared.http.command_body import CommandBody
from shared.http.request.body import example
from shared.http.request.second_person import AGREEMENT, REFUSAL, answer_or


class AgreementBody(CommandBody, of=AgreeToProposal):
    """A second person's yes to what is proposed under this id."""

    model_config = example(agree="prp_0a1b2c3d4e5f60718293a4b5c6d7e8f9")


class RefusalBody(CommandBody, of=DeclineProposal):
    """A second person's no."""

    model_config = example(decline="prp_0a1b2c3d4e5f60718293a4b5c6d7e8f9", reason="The bank knows of no such payment.")


class ManualPaymentBody(CommandBody, of=PayByHand):
    """What was paid by hand: the bank's reference, when, and why (T31a)."""

    model_config = example(
        bank_reference="2026-11-26/4711",
        paid_at="2026-11-26T10:00:00Z",
        ticket="CASE-4711",
        reason="The buyer's card is closed; the bank has sent it to the account that the buyer named.",
    )


class AbandonmentBody(CommandBody, of=AbandonRefund):
    """Why a refund is given up (T30a, T31a)."""

    model_config = example(ticket="CASE-4711", reason="The buyer has the money by another way, and says so.")


class DoubtBody(CommandBody, of=EndDoubt):
    """What was found of money that was given up in doubt: what was paid has a reference and an instant (T31a)."""

    model_config = example(
        found="paid",
        reference="re_1Nispe2eZvKYlo2Cd31jOCgZ",
        paid_at="2026-11-26T10:00:00Z",
        ticket="CASE-4711",
        reason="The provider's report of that day has it.",
    )


class ReRequestBody(CommandBody, of=ReRequestRefund):
    """Why a refund that was refused is asked for again, and how much of which lines; without them all of it (T30a)."""

    model_config = example(
        ticket="CASE-4711",
        reason="Another refund of the line was given up since.",
        lines=[{"line_id": "1", "amount": {"amount": "60.00", "currency": "USD"}}],
    )


class RetryBody(CommandBody, of=RetryRefund):
    """Of which part another try is wanted, where several payments give the refund, and with which account: the
    provider's token of one that the buyer names (S63).
    """

    model_config = example(part_id="rfd_0a1b2c3d4e5f60718293a4b5c6d7e8f9.2")


Agreement = Annotated[AgreementBody, Tag(AGREEMENT)]
Refusal = Annotated[RefusalBody, Tag(REFUSAL)]
RetryRequest = Annotated[
    Annotated[Annotated[RetryBody, Tag("a_proposal")] | Agreement | Refusal, answer_or("a_proposal")] | None,
    BeforeValidator(lambda body: None if body == {} else body),
]
"""Another try, or a second person's word on it; an object without members asks for one."""
ManualPaymentRequest = Annotated[
    Annotated[ManualPaymentBody, Tag("a_proposal")] | Agreement | Refusal, answer_or("a_proposal")
]
"""What was paid by hand, or a second person's word on it."""
AbandonmentRequest = Annotated[
    Annotated[AbandonmentBody, Tag("a_proposal")] | Agreement | Refusal, answer_or("a_proposal")
]
"""Why it is given up, or a second person's word on that."""
DoubtRequest = Annotated[Annotated[DoubtBody, Tag("a_proposal")] | Agreement | Refusal, answer_or("a_proposal")]
"""Whether it was paid, or a second person's word on that."""
ReRequestRequest = Annotated[Annotated[ReRequestBody, Tag("a_proposal")] | Agreement | Refusal, answer_or("a_proposal")]
"""Why and how much is asked for again, or a second person's word on that."""
