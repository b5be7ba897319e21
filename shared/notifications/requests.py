"""Request of notifications: one event for each side that is told, each in a stream of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.events.base import Command, Event, Instant, StreamName
from shared.events.ids import derived_id
from shared.events.money import Money
from shared.events.notification import NotificationRequested
from shared.parties import Parties

BUYER, SELLER = "buyer", "seller"
STREAM = "notification"


@dataclass(frozen=True, slots=True)
class Notification:
    """The fold of one notification's stream: whether it was asked for."""

    asked: NotificationRequested | None = None

    def due(self, _: str) -> datetime | None:
        """Nothing of it falls due."""
        return None


def evolve(notification: Notification, event: Event) -> Notification:
    """A notification is asked for once, and nothing more happens to it."""
    return Notification(event) if isinstance(event, NotificationRequested) else notification


def notification_id(key: str, source_event: str, role: str) -> str:
    """The id of what one side is told of an event."""
    return derived_id("ntf", key, source_event, role)


class RequestNotifications(Command):
    """These sides are to be told of an event of the stream `source`."""

    source: str
    source_event: str
    order_id: str
    kind: str
    roles: tuple[str, ...]
    about: str
    dispute_id: str | None = None
    deadline: str | None = None
    due_at: Instant | None = None
    amount: Money | None = None
    rules: tuple[str, ...] = ("S54",)

    @property
    def streams(self) -> Sequence[StreamName]:
        return (*(StreamName(f"{STREAM}-{self.id_of(role)}", self.order_id) for role in self.roles), self._source)

    @property
    def _source(self) -> StreamName:
        return StreamName(self.source)

    def id_of(self, role: str) -> str:
        """The id of this side's notification."""
        return notification_id(self.order_id, self.source_event, role)


def request_notifications(
    command: RequestNotifications, asked: Sequence[Notification], parties: Parties
) -> tuple[Sequence[Event], ...]:
    """Each side once, and nothing of the stream that it follows from (S54)."""
    events = [
        [] if there.asked else [_requested(command, role, parties)]
        for role, there in zip(command.roles, asked, strict=True)
    ]
    return (*events, [])


def _requested(command: RequestNotifications, role: str, parties: Parties) -> NotificationRequested:
    told: dict[str, Any] = command.model_dump(exclude={"command_id", "actor", "at", "source", "roles", "amount"})
    return NotificationRequested(
        **told,
        notification_id=command.id_of(role),
        recipient=party_of(parties, role),
        role=role,
        amount=command.amount,
        requested_at=command.at,
    )


def party_of(parties: Parties, role: str) -> str:
    """Who stands on this side."""
    return {BUYER: parties.buyer_id, SELLER: min(parties.seller_ids)}[role]
