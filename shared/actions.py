"""Actions: what a party may do now and what not, by the guards of the commands; a service's views list them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, NotRequired

from typing_extensions import TypedDict

from shared.events.base import Instant
from shared.rejections import Forbidden, NotFound, Rejected


class ActionView(TypedDict):
    """A command, as a link."""

    rel: str
    method: str
    href: str


class UploadLimits(TypedDict):
    """Which files may still be sent: their types, how large, and how many."""

    types: Sequence[str]
    max_bytes: int
    video_max_bytes: int
    left: int


class AvailableAction(ActionView):
    """What can be done now; silence until `due_at` has consequences where it is mandatory. `limits` stand where files
    are taken.
    """

    due_at: Instant | None
    mandatory: bool
    limits: NotRequired[UploadLimits]


class UnavailableAction(ActionView):
    """What cannot be done now: code, words and rules of the refusal, and from when on it can, where that is known."""

    code: str
    reason: str
    rules: Sequence[str]
    allowed_at: Instant | None


class Actions(TypedDict):
    """What the caller may do with the resource, and what not."""

    available_actions: list[AvailableAction]
    unavailable_actions: list[UnavailableAction]


class Offer(NamedTuple):
    """Of what can be done: until when, whether silence has consequences, and which files are taken."""

    due_at: datetime | None = None
    mandatory: bool = False
    limits: UploadLimits | None = None


class Action(NamedTuple):
    """One thing that a party may do: the question for the offer, which raises what the guard of its command refuses it
    with, or the refusal itself where that is known unasked: most of a list is, and raising costs more than the rest.
    """

    rel: str
    href: str
    offer: Callable[[], Offer] | Rejected
    method: str = "POST"


def rendered(actions: Iterable[Action]) -> Actions:
    """What is possible now, and what is not with the code that says why; what is not the actor's at all is left out."""
    available: list[AvailableAction] = []
    unavailable: list[UnavailableAction] = []
    for action in actions:
        if isinstance(action.offer, Rejected):
            unavailable.append(_refused(action, action.offer))
            continue
        try:
            available.append(_offered(action, action.offer()))
        except (Forbidden, NotFound):
            continue
        except Rejected as refusal:
            unavailable.append(_refused(action, refusal))
    return {"available_actions": available, "unavailable_actions": unavailable}


def _refused(action: Action, refusal: Rejected) -> UnavailableAction:
    return {
        "rel": action.rel,
        "method": action.method,
        "href": action.href,
        "code": refusal.code,
        "reason": refusal.detail or refusal.code,
        "rules": refusal.cited,
        "allowed_at": _when(refusal),
    }


def _offered(action: Action, offer: Offer) -> AvailableAction:
    offered: AvailableAction = {
        "rel": action.rel,
        "method": action.method,
        "href": action.href,
        "due_at": offer.due_at,
        "mandatory": offer.mandatory,
    }
    if offer.limits:
        offered["limits"] = offer.limits
    return offered


def _when(refusal: Rejected) -> datetime | None:
    if not (members := refusal.members):
        return None
    return members.get("opens_at") or members.get("allowed_at") or members.get("resets_at")
