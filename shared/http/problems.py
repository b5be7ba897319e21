"""Problems (RFC 9457): every exception as status, code, rules, errors and actions.

Nothing that somebody sent is repeated here but the place of a fault (a JSON pointer) and its code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError
from starlette.exceptions import HTTPException

from shared.events import codec
from shared.events.errors import NewerVersion
from shared.eventstore.command_handling import StaleVersion
from shared.eventstore.errors import WrongExpectedVersion
from shared.faults import faults_of
from shared.http.error_codes import DETAILS, REFUSED, RETRYABLE, STATUS, title
from shared.rejections import Rejected
from shared.resilience.retry import transient
from shared.rules.links import rule_links
from shared.subscriptions.freshness import ProjectionBehind

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 1  # seconds

_BY_STATUS = {
    400: "malformed_form",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
}


class Refusal(HTTPException):
    """A refusal at the edge, before any decision. An HTTPException, so that FastAPI passes it on as it is."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(STATUS[code], detail, headers)
        self.code = code
        self.errors = errors
        self.members = members


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem before it is written: `members` stand beside the standard ones."""

    code: str
    detail: str = ""
    rules: Sequence[str] = ()
    errors: Sequence[Mapping[str, Any]] = ()
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The status of its code."""
        return STATUS.get(self.code, REFUSED)

    def body(self, request_id: str) -> dict[str, Any]:
        """The document."""
        return {
            "type": f"/problems/{self.code}",
            "title": title(self.code),
            "status": self.status,
            "detail": self.detail or DETAILS.get(self.code, ""),
            "code": self.code,
            "rules": list(self.rules),
            "rule_links": rule_links(self.rules),
            "errors": list(self.errors),
            "request_id": request_id,
            "retryable": self.status in RETRYABLE,
            **self.members,
        }


def problem_of(error: Exception, support: str = "/support") -> Problem:
    """The problem that an exception becomes. `support` is where a refused person reaches a human (S106)."""
    match error:
        case Refusal():
            return Problem(
                error.code, error.detail, errors=error.errors, members=error.members, headers=error.headers or {}
            )
        case StaleVersion():
            return _stale(error, support)
        case Rejected():
            return _refused(error, support)
        case HTTPException():
            return Problem(_BY_STATUS.get(error.status_code, "internal"), headers=error.headers or {})
        case _:
            return _unwell(error)


def _refused(error: Rejected, support: str) -> Problem:
    actions = list(error.members.get("actions", ()))
    if not any(action.get("rel") == "contact-support" for action in actions):
        actions.append({"rel": "contact-support", "method": "GET", "href": support})
    return Problem(error.code, error.detail, error.cited, error.errors, {**error.members, "actions": actions})


def _stale(error: StaleVersion, support: str) -> Problem:
    # Without their data: what a party may see of an event is for the views to say.
    between = [
        {"version": recorded.version, "type": codec.type_name(type(recorded.event)), "at": recorded.metadata.at}
        for recorded in error.events
    ]
    refused = _refused(error, support)
    # Without an ETag: that of what is there depends on who looks, and nobody agrees to what was not looked at.
    return replace(refused, members={**refused.members, "events": between})


def _unwell(error: Exception) -> Problem:
    if isinstance(error, ProjectionBehind):
        return Problem("projection_behind", headers=_later())
    if isinstance(error, WrongExpectedVersion):
        return Problem("busy", headers=_later())
    if (code := getattr(error, "code", None)) in STATUS:
        return Problem(str(code), headers=_later(error) if transient(error) or isinstance(error, NewerVersion) else {})
    return Problem("busy", headers=_later()) if transient(error) else Problem("internal")


def _later(error: Exception | None = None) -> dict[str, str]:
    return {"Retry-After": str(getattr(error, "retry_after", RETRY_AFTER))}


def invalid(error: ValidationError, value: Any = None) -> Refusal:
    """A body that does not fit its model; by `value`, its JSON, a union's variant is told from a member."""
    return Refusal("validation_failed", errors=faults_of(error, value))
