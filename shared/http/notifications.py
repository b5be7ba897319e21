"""Notifications: what a party was to be told of, from the service's own log, in the language that the reader likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from shared.events.base import Actor, Instant
from shared.events.notification import NotificationRequested
from shared.http.caller import QueryContext, query
from shared.http.pagination import Cursor, Limit, Listing
from shared.http.request.language import ACCEPT_LANGUAGE, liked_language
from shared.http.responses import query_response
from shared.http.routing import Router
from shared.notifications.renderer import NotificationText, render
from shared.parties import oversees
from shared.views import Page

router = Router("notifications")

ASKED = "select position, data::text as data from events where type = 'makewhole.NotificationRequested.v1'"
OWN, SIDES = "data ->> 'recipient' = {}", "data ->> 'role' = any({}::text[])"
# Who is party of an order is what the streams say in which a service learns it: not everybody is told of something.
NOT_ANOTHERS = """(data ->> 'recipient' = {0} or not exists (
    select from events parties where parties.stream in ('order-' || events.key, 'payment-' || events.key,
        'return-' || (events.data ->> 'about'))
    and ({0} in (parties.data ->> 'buyer_id', parties.data ->> 'seller_id')
        or parties.data @> jsonb_build_object('lines', jsonb_build_array(jsonb_build_object('seller_id', {0}::text))))
))"""
OF_ORDER, OF_KIND, BEFORE = "key = {}", "data ->> 'kind' = {}", "position < {}"


class NotificationView(TypedDict):
    """What a party was to be told: of what, until when to act, and the words for it."""

    id: str
    kind: str
    recipient: str
    order_id: str
    dispute_id: str | None
    about: str
    deadline: str | None
    due_at: Instant | None
    requested_at: Instant
    text: NotificationText


@router.get(
    "/v1/notifications",
    summary="List notifications",
    response_model=Page[NotificationView],
    openapi_extra={"parameters": [ACCEPT_LANGUAGE]},
)
async def list_notifications(
    request: Request,
    viewer: Annotated[QueryContext, query()],
    order_id: str | None = None,
    kind: str | None = None,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Response:
    """The newest first: a party's own, or everybody's for services and those who oversee. They are of this service's
    events, and read from its log, so always up to date (S54).
    """
    listing = Listing("notifications", (order_id, kind))
    (before,) = listing.read(cursor, int) or (None,)
    wanted = {OF_ORDER: order_id, OF_KIND: kind, BEFORE: before, **_own(viewer.actor)}
    sql, values = _query(wanted, limit + 1)
    rows = await viewer.state.pool.fetch(sql, *values)
    page = listing.page(rows, limit, partial(_view, language=liked_language(request)), lambda row: (row["position"],))
    answered = query_response(page)
    answered.add(b"vary", "Accept-Language")
    return answered


def _own(actor: Actor) -> Mapping[str, Any]:
    """Whose notifications the actor sees: a party its own, on the sides that its token names; who oversees everybody's,
    but of an order of which he is a party his own alone (G15).
    """
    if "service" in actor.roles:
        return {}
    if oversees(actor):
        return {NOT_ANOTHERS: actor.id}
    return {OWN: actor.id, SIDES: sorted(actor.roles)}


def _query(wanted: Mapping[str, Any], limit: int) -> tuple[str, Sequence[Any]]:
    """The statement with the conditions that are asked for, so that each finds its index."""
    asked = {condition: value for condition, value in wanted.items() if value is not None}
    conditions = [f"and {condition.format(f'${n}')}" for n, condition in enumerate(asked, 1)]
    return " ".join([ASKED, *conditions, f"order by position desc limit ${len(asked) + 1}"]), [*asked.values(), limit]


def _view(row: Mapping[str, Any], language: str) -> NotificationView:
    asked = NotificationRequested.model_validate_json(row["data"])
    return {
        "id": asked.notification_id,
        "kind": asked.kind,
        "recipient": asked.recipient,
        "order_id": asked.order_id,
        "dispute_id": asked.dispute_id,
        "about": asked.about,
        "deadline": asked.deadline,
        "due_at": asked.due_at,
        "requested_at": asked.requested_at,
        "text": render(asked, language),
    }
