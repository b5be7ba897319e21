"""Refunds: where the money is, in lists and one by one, and what people do about one that the provider has not paid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from refund.api.as_of import page_as_of
from refund.api.bodies.refunds import (
    AbandonmentRequest,
    AgreementBody,
    DoubtRequest,
    ManualPaymentRequest,
    RefusalBody,
    ReRequestRequest,
    RetryRequest,
)
from refund.domain.commands import RefundCommand
from refund.domain.decider import decider
from refund.domain.payments.abandonment import AbandonRefund
from refund.domain.payments.doubt import EndDoubt
from refund.domain.payments.manual_payment import PayByHand
from refund.domain.payments.proposals import proposal_id
from refund.domain.payments.re_request import ReRequestRefund
from refund.domain.payments.refund import RefundState
from refund.domain.payments.retries import RETRIERS, RetryRefund
from refund.domain.payments.second_person import AgreeToProposal, DeclineProposal
from refund.domain.payments.state import Payment
from refund.read_models import refunds
from refund.views.proposals import READERS, reasons_of
from refund.views.refunds import RefundRow, RefundView, refund_row, refund_view
from shared.events.dispute import RefundSource
from shared.events.mediation.proposals import ProposalKind
from shared.events.moments import Moment
from shared.events.refund import Destination
from shared.events.slot import PREFIXES, slot_of_id
from shared.eventstore.folding import folded, until
from shared.eventstore.personal import find_text
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.pagination import Cursor, Limit, Listing, Position
from shared.http.responses import command_response, query_response
from shared.http.routing import Router
from shared.parties import barred_from, own_sides
from shared.rejections import Forbidden, NotFound
from shared.subscriptions.freshness import wait_for_head, wait_for_position
from shared.views import Page, TextView

router = Router("refunds")


WAITS: dict[int | str, dict[str, Any]] = {202: {"model": RefundView, "description": "A second person has to agree"}}
Support = Annotated[CommandContext, command("support", key_required=True)]


def _states(text: str | None) -> str | None:
    for word in text.split(",") if text is not None else ():
        if word not in list(RefundState):
            raise PydanticCustomError("state", "These are states of a refund, parted by commas")
    return text


States = Annotated[str | None, AfterValidator(_states), Query(description="States of which it is one, by comma")]

InDoubt = Annotated[bool | None, Query(description="Whether something of it was given up in doubt")]
PaidTwice = Annotated[
    bool | None, Query(description="Whether the provider paid too what people had paid by hand: support sees that")
]


@router.get("/v1/refunds", summary="List refunds", response_model=Page[RefundRow])
async def list_refunds(
    viewer: Annotated[QueryContext, query()],
    order_id: str | None = None,
    dispute_id: str | None = None,
    return_id: str | None = None,
    state: States = None,
    source: RefundSource | None = None,
    destination: Destination | None = None,
    overdue: bool | None = None,
    issued_after: Moment | None = None,
    issued_before: Moment | None = None,
    in_doubt: InDoubt = None,
    paid_twice: PaidTwice = None,
    as_of: Moment | None = None,
    limit: Limit = 25,
    cursor: Cursor = None,
    at_least_position: Position = None,
) -> Response:
    """The newest first: a party's own, or all for those who oversee (S64), for instance all that are `manual,refused`
    and so wait for people (T30a, T31a), are `overdue` (S62), were given up `in_doubt`, or
    `paid_twice` (T31a). With `as_of` as they stood
    then: a page may then be shorter than its limit, and the next one is there as long as `next_cursor` is.
    """
    if paid_twice is not None and "support" not in viewer.actor.roles:
        raise Forbidden("What was paid twice support alone sees.")
    pool = viewer.state.pool
    await wait_for_position(pool, refunds.NAME, at_least_position)
    issued = {"issued_after": issued_after, "issued_before": issued_before}
    asked: dict[str, Any] = {"source": source, "destination": destination, "overdue": overdue, **issued}
    asked |= {"in_doubt": in_doubt or None, "certain": in_doubt is False or None}
    asked |= {"paid_twice": paid_twice or None, "paid_once": paid_twice is False or None}
    listing = Listing("refunds", (order_id, dispute_id, return_id, state, *asked.values(), as_of))
    now = as_of or viewer.at
    shown = partial(refund_row, now=now)
    before = listing.read(cursor, datetime, str)
    states = state.split(",") if state else None
    sides = (*own_sides(viewer.actor), before, *barred_from(viewer.actor))
    wanted = refunds.RefundFilter(order_id, dispute_id, return_id, states, *sides, now=now, **asked)
    if as_of:
        rows, then = await page_as_of(viewer, wanted, as_of, limit + 1)
        return query_response({**listing.page(rows, limit, shown, _cursor), "data": [*map(shown, then)]})
    return query_response(listing.page(await refunds.page(pool, wanted, limit + 1), limit, shown, _cursor))


@router.get("/v1/refunds/{refund_id}", summary="Show a refund", response_model=RefundView)
async def show_refund(
    refund_id: str, viewer: Annotated[QueryContext, query()], as_of: Moment | None = None
) -> Response:
    """Read from the stream: state, destination, when to expect the money, what to check (S58, S63); or as it stood
    at an instant.
    """
    stream = f"payment-{await _order_of(viewer, refund_id)}"
    history = until((await viewer.state.store.load(stream))[0], as_of)
    payment = await folded(decider, stream, history)
    view = refund_view(payment, refund_id, len(history), viewer.actor, as_of or viewer.at)
    return query_response(view, len(history))


@router.get("/v1/refunds/{refund_id}/texts/{ref}", summary="Read a text of a refund", response_model=TextView)
async def show_text(refund_id: str, ref: str, viewer: Annotated[QueryContext, query(READERS)]) -> Response:
    """The reason that somebody of support gives for what is proposed: for support alone."""
    stream = f"payment-{await _order_of(viewer, refund_id)}"
    (history,) = await viewer.state.store.load(stream)
    payment: Payment = await folded(decider, stream, history)
    payment.refund_for(viewer.actor, refund_id, READERS)
    return query_response(await find_text(viewer.state.pool, ref, reasons_of(refund_id, history)))


@router.post(
    "/v1/refunds/{refund_id}/retry", summary="Try a failed refund again", response_model=RefundView, responses=WAITS
)
async def retry_refund(
    refund_id: str,
    caller: Annotated[CommandContext, command(*RETRIERS, key_required=True)],
    body: RetryRequest = None,
) -> Response:
    """For support, or for the buyer who has put the account right (S63), or names another one by the provider's token,
    never its number. Once people took over it takes two persons of support: the first one's request proposes it, and
    the second one agrees to that here, or declines it; or the buyer's other account, where the last no was
    `account_invalid` (T31a).
    """
    return await _answer(caller, refund_id, ProposalKind.RETRY, RetryRefund, body)


@router.post(
    "/v1/refunds/{refund_id}/manual-payment",
    summary="Say that a refund was paid by hand",
    response_model=RefundView,
    responses=WAITS,
)
async def pay_by_hand(refund_id: str, body: ManualPaymentRequest, caller: Support) -> Response:
    """Of a refund that people took over: the money was sent, under this reference of the bank's. It is a proposal, to
    which another person of support agrees here, or declines it (T31a).
    """
    return await _answer(caller, refund_id, ProposalKind.MANUAL_PAYMENT, PayByHand, body)


@router.post(
    "/v1/refunds/{refund_id}/abandonment", summary="Give a refund up", response_model=RefundView, responses=WAITS
)
async def abandon(refund_id: str, body: AbandonmentRequest, caller: Support) -> Response:
    """Of a refund that was refused, or that people took over: nothing is paid, and its dispute ends with what is left.
    It is a proposal, to which another person of support agrees here, or declines it (T30a, T31a).
    """
    return await _answer(caller, refund_id, ProposalKind.ABANDONMENT, AbandonRefund, body)


@router.post(
    "/v1/refunds/{refund_id}/doubt",
    summary="Say whether a refund in doubt was paid",
    response_model=RefundView,
    responses=WAITS,
)
async def end_doubt(refund_id: str, body: DoubtRequest, caller: Support) -> Response:
    """Of a refund that was given up while nobody knew whether its money went: it was paid, under this reference of the
    provider's or the bank's, or it was not, and its money is free. It is a proposal, to which another person of support
    agrees here, or declines it (T31a).
    """
    return await _answer(caller, refund_id, ProposalKind.END_OF_DOUBT, EndDoubt, body)


@router.post(
    "/v1/refunds/{refund_id}/re-request",
    summary="Ask for a refused refund again",
    response_model=RefundView,
    responses=WAITS,
)
async def re_request(refund_id: str, body: ReRequestRequest, caller: Support) -> Response:
    """Of a refund that was refused: its dispute or its order asks for the money again, or for as much of it as the cap
    leaves, as the refund that it is `replaced_by`; if it has been settled otherwise meanwhile, that one is refused as
    `not_due`. It is a proposal, to which another person of support agrees here, or declines it (T30a).
    """
    return await _answer(caller, refund_id, ProposalKind.RE_REQUEST, ReRequestRefund, body)


async def _answer(
    caller: CommandContext, refund_id: str, kind: ProposalKind, proposes: type[RefundCommand], body: Any
) -> Response:
    """What a first person proposes, or a second one's word on it, and the refund as it then stands."""
    ids: dict[str, Any] = {"refund_id": refund_id, "order_id": await _order_of(caller, refund_id)}
    match body:
        case AgreementBody():
            asked: RefundCommand = caller.command(AgreeToProposal, body, **ids, answers=kind)
        case RefusalBody():
            asked = caller.command(DeclineProposal, body, **ids, answers=kind)
        case _:
            asked = caller.command(proposes, body, **ids)
    outcome = await caller.handle(asked)
    payment: Payment = outcome.states[0]
    made = payment.refund(refund_id).proposal
    waits = made is not None and made.proposal_id == proposal_id(asked.order_id, caller.command_id)
    view = refund_view(payment, refund_id, outcome.versions[0], caller.actor, outcome.at)
    return command_response(outcome, view, 202 if waits else 200)


async def _order_of(viewer: QueryContext, refund_id: str) -> str:
    """The order that the refund belongs to, for a stream is found by its order alone; ProjectionBehind where the read
    model may only not know it yet.
    """
    pool = viewer.state.pool
    order_id = await refunds.order_of(pool, refund_id)
    if order_id is None:
        await wait_for_head(pool, refunds.NAME, slot_of_id(PREFIXES["refund"], refund_id))
        order_id = await refunds.order_of(pool, refund_id)
    if order_id is None:
        raise NotFound("There is no such refund.")
    return order_id


def _cursor(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["requested_at"].isoformat(), row["refund_id"]
