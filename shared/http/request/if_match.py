"""If-Match: the version of a stream that a caller has seen, from its entity tag (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from shared.http.problems import Faults, Refusal, fault

_ENTITY_TAG = re.compile(rb'"(0|[1-9][0-9]{0,17})"|(0|[1-9][0-9]{0,17})')


def expected_version(headers: Mapping[bytes, bytes], required: bool) -> tuple[int | None, Faults]:
    """The version, and what is wrong with the tag; 428 where a required one is missing.

    `handle` compares it with the first stream's version: another one is 412.
    """
    match = headers.get(b"if-match") or None
    if match is None:
        if required:
            raise Refusal(
                "if_match_required", "Send the ETag of what you have seen: nobody agrees to what has changed since."
            )
        return None, []
    if (tag := _ENTITY_TAG.fullmatch(match)) is None:
        detail = 'If-Match is one strong entity tag as ETag gave it, such as "7".'
        return None, [fault(("header", "If-Match"), "if_match", detail)]
    return int(tag[1] or tag[2]), []
