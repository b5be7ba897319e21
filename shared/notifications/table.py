"""Table of notifications: by type of event who is told, of which kind, and until when to act; and the policy on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.decider import Send
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.notifications.requests import RequestNotifications

NOTIFY = "notify"
"""The policy's name: its subscription's in storage, and part of the ids of its commands."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A line of the table.

    `to` are the sides that are told, or the name of the event's member that holds the one or all; `due` is the member
    with the instant until which they are to act, `deadline` its kind. Nobody is told where the member `unless` holds,
    or the member `only` does not; where the first of `otherwise` says something, the second is its kind, and the word
    of the member `by`, one of `words`, where it has one, is added to the kind. `asks` is the command that asks for it:
    one of its own where something else is to happen with it.
    """

    kind: str
    to: tuple[str, ...] | str
    due: str = ""
    deadline: str = ""
    rules: tuple[str, ...] = ("S54",)
    unless: str = ""
    only: str = ""
    otherwise: tuple[str, str] = ("", "")
    by: str = ""
    words: tuple[str, ...] = ()
    asks: type[RequestNotifications] = RequestNotifications

    @property
    def kinds(self) -> set[str]:
        """All that it is told as."""
        return {self.kind, *filter(None, self.otherwise[1:]), *(f"{self.kind}_{word}" for word in self.words)}

    def roles(self, event: Event) -> tuple[str, ...]:
        """The sides that are told of this event."""
        if (self.unless and getattr(event, self.unless)) or (self.only and not getattr(event, self.only)):
            return ()
        if not isinstance(self.to, str):
            return self.to
        named: str | tuple[str, ...] = getattr(event, self.to)
        return (named,) if isinstance(named, str) else named

    def kind_of(self, event: Event) -> str:
        """What this event is told as."""
        member, other = self.otherwise
        word = getattr(event, self.by) if self.by else None
        kind = f"{self.kind}_{word}" if word in self.words else self.kind
        return other if member and getattr(event, member) else kind


Notices = Mapping[type[Event], Notice]


def notifications(recorded: Recorded[Any], notices: Notices, about: str) -> Iterable[Send]:
    """The command that asks for what the table says of the event; `about` is the member that names its subject."""
    if not (notice := notices.get(type(recorded.event))) or not (roles := notice.roles(recorded.event)):
        return []
    event = recorded.event
    due_at = getattr(event, notice.due) if notice.due else None
    asked = Send.on(
        recorded,
        NOTIFY,
        0,
        notice.asks,
        source=recorded.stream,
        source_event=recorded.id,
        order_id=recorded.metadata.key,
        kind=notice.kind_of(event),
        roles=roles,
        about=getattr(event, about),
        dispute_id=getattr(event, "dispute_id", None),
        deadline=notice.deadline if due_at else None,
        due_at=due_at,
        amount=_amount(event),
        rules=notice.rules,
    )
    return [asked]


def _amount(event: Event) -> Any:
    """The money that the event is about, its solution's where it has one; nothing is no amount to tell."""
    return getattr(event, "amount", None) or getattr(getattr(event, "solution", None), "amount", None) or None
