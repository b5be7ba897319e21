"""Stripe behind the port, through its own SDK: `stripe+https://<secret key>@api.stripe.com`."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import aiohttp
import stripe
from pydantic import ValidationError

from refund.gateways.guard import ANSWER_LIMIT, AT_ONCE
from refund.gateways.port import Answer, Declined, Gateway, Pending, RefundCall, Unanswered, Unavailable
from refund.gateways.stripe.refunds import KEY, REFUND_ID, StripeRefund, is_charge, said_of, units_of
from refund.gateways.stripe.transport import Transport
from shared.events.refund import Destination

CONNECT_LIMIT = 2.0
PAGE = 100
REASONS = {
    "resource_missing": "payment_unknown",
    "charge_already_refunded": "amount_exceeds_capture",
    "amount_too_large": "amount_exceeds_capture",
}
"""What Stripe calls by another name than we do; all else keeps Stripe's."""


class StripeGateway:
    """Refunds at Stripe. A payment's id is the one that Stripe gave it, of a payment intent or a charge.

    Stripe may keep an error of its own under a key, and may as well not have taken the call: what became of it is asked
    at once, and where there is no such refund the same call with the same key is made again later.
    """

    def __init__(self, client: stripe.StripeClient) -> None:
        self._refunds = client.v1.refunds

    async def refund(self, call: RefundCall) -> Answer | Pending:
        """Creates the refund, and asks after one that Stripe has not done yet, or answered by an error of its own."""
        if refused := _not_payable(call):
            return refused
        try:
            made = _parsed(await self._refunds.create_async(_params(call), {"idempotency_key": call.idempotency_key}))
        except stripe.StripeError as error:
            return await self._refused(call, error)
        # The first answer to a key is its last: what has become of the refund since is read from the refund itself.
        now = made if made.is_final else await self._read(made.id)
        return now.answer_to(call)

    async def find(self, call: RefundCall) -> Answer | Pending | None:
        """The refund that went or is on its way, under whichever key; else one that failed under this key."""
        made = [refund async for refund in self._of_payment(call) if refund.is_of(call)]
        going = [refund for refund in made if not refund.has_failed]
        failed = [refund for refund in made if refund.is_under_key_of(call)]
        return next((refund.answer_to(call) for refund in going or failed), None)

    async def _refused(self, call: RefundCall, error: stripe.StripeError) -> Answer | Pending:
        """What an error comes to. A payment that is in the books counts more than a refusal to make it."""
        if isinstance(error, stripe.InvalidRequestError | stripe.CardError):
            code = error.code or "declined"
            return await self.find(call) or Declined(REASONS.get(code, code), said_of(call))
        if isinstance(error, stripe.APIError) and (error.http_status or 0) >= 500:
            if found := await self.find(call):
                return found
            raise Unanswered(f"Stripe answers {error.http_status}, and knows of no such refund yet") from error
        raise _unknown(error) from error

    async def _read(self, stripe_id: str) -> StripeRefund:
        try:
            return _parsed(await self._refunds.retrieve_async(stripe_id))
        except stripe.StripeError as error:
            raise _unknown(error) from error

    async def _of_payment(self, call: RefundCall) -> AsyncIterator[StripeRefund]:
        """Every refund of the call's payment; none where Stripe knows no such payment."""
        try:
            params: Any = {**_payment(call), "limit": PAGE}
            page = await self._refunds.list_async(params)
            async for refund in page.auto_paging_iter():
                yield _parsed(refund)
        except stripe.InvalidRequestError as error:
            if error.code != "resource_missing":
                raise _unknown(error) from error
        except stripe.StripeError as error:
            raise _unknown(error) from error


def stripe_gateway(address: str) -> AbstractAsyncContextManager[Gateway]:
    """The plug-in: `https://<secret key>@<host>`. ValueError where that lacks something."""
    try:
        place = urlsplit(address)
        is_whole = place.username and place.hostname and place.port != 0
    except ValueError:  # whose words would repeat the key
        is_whole = False
    if not is_whole or place.scheme not in ("https", "http") or place.path not in ("", "/"):
        raise ValueError("stripe is asked at https://<secret key>@api.stripe.com") from None
    return _opened(place)


@contextlib.asynccontextmanager
async def _opened(place: SplitResult) -> AsyncIterator[Gateway]:
    limits = aiohttp.ClientTimeout(total=ANSWER_LIMIT, connect=CONNECT_LIMIT)
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(timeout=limits, connector=connector) as session:
        client = stripe.StripeClient(
            unquote(place.username or ""),
            base_addresses={"api": f"{place.scheme}://{place.netloc.rpartition('@')[2]}"},
            max_network_retries=0,  # what is tried again, and when, is the due loop's to say
            http_client=Transport(session),
        )
        yield StripeGateway(client)


def _params(call: RefundCall) -> Any:
    metadata = {REFUND_ID: call.refund_id, KEY: call.idempotency_key}
    return {**_payment(call), "amount": units_of(call.amount), "metadata": metadata}


def _payment(call: RefundCall) -> dict[str, Any]:
    return {"charge" if is_charge(call.payment_id) else "payment_intent": call.payment_id}


def _not_payable(call: RefundCall) -> Declined | None:
    """What Stripe is not even asked for: it pays back to where the money came from, in its own units."""
    if call.destination is not Destination.ORIGINAL:
        return Declined("destination_unknown", said_of(call))
    if call.account:
        return Declined("account_unknown", said_of(call))
    return Declined("amount_invalid", said_of(call)) if units_of(call.amount) is None else None


def _parsed(refund: Any) -> StripeRefund:
    try:
        return StripeRefund.model_validate(refund.to_dict())
    except ValidationError as error:
        raise Unanswered("Stripe answers something else than a refund") from error


def _unknown(error: stripe.StripeError) -> Unanswered:
    """Nobody knows: without the message, which may repeat what was sent."""
    said = f"Stripe answers {type(error).__name__}, {error.http_status}"
    # A key that is used at once by two, or by another body, says nothing of Stripe itself.
    busy = isinstance(error, stripe.IdempotencyError) or error.http_status == 409
    return Unanswered(said) if busy else Unavailable(said)
