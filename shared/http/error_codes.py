"""Error codes: status, title and default detail of each refusal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shared.rejections import Rejected

STATUS: Mapping[str, int] = {
    "malformed_json": 400,
    "malformed_form": 400,
    "malformed_request": 400,
    "idempotency_key_required": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "conflict_of_interest": 403,
    "same_reviewer": 403,
    "account_not_in_good_standing": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "request_timeout": 408,
    "stream_full": 409,
    "erased": 410,
    "version_conflict": 412,
    "too_large": 413,
    "event_too_large": 413,
    "unsupported_media_type": 415,
    "unsupported_evidence_type": 415,
    "misdirected_request": 421,
    "not_eligible_off_platform": 422,
    "payment_method_not_accepted": 422,
    "reason_not_covered": 422,
    "item_excluded": 422,
    "validation_failed": 422,
    "evidence_required": 422,
    "too_many": 422,
    "amount_exceeds_cap": 422,
    "bonus_not_eligible": 422,
    "unexplained_decision": 422,
    "unstorable": 422,
    "idempotency_key_reused": 422,
    "if_match_required": 428,
    "rate_limited": 429,
    "internal": 500,
    "busy": 503,
    "identity_unavailable": 503,
    "newer_version": 503,
    "outcome_unknown": 503,
    "projection_behind": 503,
}
"""The status of each code; a domain refusal that is not here is a 409."""

REFUSED = 409
RETRYABLE = frozenset({408, 429, 503})
"""Where the very same request may succeed later."""

TITLES: Mapping[str, str] = {
    "malformed_json": "The body is not JSON",
    "malformed_request": "This is not a request in HTTP",
    "idempotency_key_required": "This command needs an Idempotency-Key header",
    "idempotency_key_reused": "This Idempotency-Key was used for another request",
    "if_match_required": "This command needs an If-Match header",
    "stream_full": "Nothing more can be recorded here",
    "version_conflict": "It has changed since you saw it",
    "misdirected_request": "Nothing is served under this name here",
    "not_found": "There is no such thing for you",
    "validation_failed": "The request does not fit",
    "too_large": "Too large",
    "unsupported_evidence_type": "No such file is taken as evidence here",
    "too_many": "As many items as there may be",
    "rate_limited": "Too many requests: later again",
    "busy": "Busy: the same again may succeed",
    "outcome_unknown": "Nobody knows yet whether this was recorded",
    "projection_behind": "The read model has not come that far yet",
    "identity_unavailable": "The identity provider does not answer",
    "newer_version": "A newer version of this service is being rolled out",
    "internal": "A fault of ours",
}
"""Titles that say more than the code spelled out."""

DETAILS: Mapping[str, str] = {
    "outcome_unknown": "Send the same request with the same Idempotency-Key again: it is recorded at most once.",
    "busy": "Nothing was recorded. Send the same request again.",
    "stream_full": "It has as many entries as it may have: nothing was recorded. Support can go on with it.",
    "newer_version": "What happened here needs it, and nothing was recorded. Send the same request again.",
    "internal": "It is logged under the request id, which support can look up.",
}


def title(code: str) -> str:
    """The title of a code: its own, or the code spelled out."""
    return TITLES.get(code) or code.replace("_", " ").capitalize()


def known_codes() -> list[str]:
    """Every code that this process can answer: those of the edge and those of the domain's refusals that it has
    imported.
    """
    return sorted({*STATUS, *(_codes(Rejected))})


def _codes(kind: type[Rejected]) -> Iterable[str]:
    for child in kind.__subclasses__():
        yield child.code
        yield from _codes(child)
