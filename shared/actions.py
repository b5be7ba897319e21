"""Actions: what a party may do now and what not, by the guards of the commands themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.events.base import wire_time
from shared.rejections import Forbidden, NotFound, Rejected

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a party may do, if the guard does not refuse."""

    rel: str
    href: str
    guard: Callable[[], None]
    due_at: datetime | None = None
    mandatory: bool = False
    method: str = "POST"


def rendered(actions: Iterable[Action]) -> Json:
    """What is possible now, and what is not with the code that says why; what is not the actor's at all is left out."""
    available: list[Json] = []
    unavailable: list[Json] = []
    for action in actions:
        named = {"rel": action.rel, "method": action.method, "href": action.href}
        try:
            action.guard()
        except (Forbidden, NotFound):
            continue
        except Rejected as refusal:
            unavailable.append({**named, "code": refusal.code, "rules": list(refusal.cited), **_when(refusal)})
        else:
            due = wire_time(action.due_at) if action.due_at else None
            available.append({**named, "due_at": due, "mandatory": action.mandatory})
    return {"available_actions": available, "unavailable_actions": unavailable}


def _when(refusal: Rejected) -> Json:
    known = refusal.members.get("opens_at") or refusal.members.get("allowed_at")
    return {"allowed_at": known} if known else {}
