"""Conditional requests: the versions of a stream that a caller has seen, by their entity tags (RFC 9110, 13.1)."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence

from shared.faults import Faults, fault
from shared.http.problems import Refusal

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_LIST = re.compile(rf"[ \t]*(?:{_TAG})?(?:[ \t]*,[ \t]*(?:{_TAG})?)*[ \t]*")
_EACH = re.compile(_TAG)
_OURS = re.compile(r'"(0|[1-9][0-9]{0,17})(?:-[0-9a-f]+)?"')
"""The version, and what tells the answers of two parties apart: a command asks for the version alone."""
ANY = "*"
_EVERY = range(1, 2**63)


def seen_versions(headers: Mapping[bytes, bytes], required: bool) -> tuple[Container[int] | None, Faults]:
    """The versions that If-Match names, and what is wrong with it; 428 where a required one is missing.

    None where there is no condition. A weak tag, or one that is not ours, names none: nothing strong equals it. `*` is
    any version of what exists.
    """
    match = headers.get(b"if-match", b"").decode("latin-1").strip()
    if not match:
        if required:
            raise Refusal(
                "if_match_required", "Send the ETag of what you have seen: nobody agrees to what has changed since."
            )
        return None, []
    if match == ANY:
        return _EVERY, []
    if not _LIST.fullmatch(match) or not (tags := _EACH.findall(match)):
        detail = 'If-Match is *, or entity tags as ETag gave them, such as "7".'
        return None, [fault(("header", "If-Match"), "if_match", detail)]
    return frozenset(int(ours[1]) for tag in tags if (ours := _OURS.fullmatch(tag))), []


def is_known(headers: Mapping[bytes, bytes], tag: str) -> bool:
    """Whether If-None-Match names this tag: the caller has what would be answered."""
    known = headers.get(b"if-none-match", b"").decode("latin-1").strip()
    return known == ANY or tag in (each.removeprefix("W/") for each in _tags(known))


def is_another(headers: Mapping[bytes, bytes], tag: str | None) -> bool:
    """Whether If-Match names other tags than this one: what would be answered is not what the caller asks about."""
    wanted = headers.get(b"if-match", b"").decode("latin-1").strip()
    return wanted not in ("", ANY) and tag not in _tags(wanted)


def wants_new(headers: Mapping[bytes, bytes]) -> bool:
    """Whether If-None-Match says that nothing may be there yet."""
    return headers.get(b"if-none-match", b"").strip() == ANY.encode()


def _tags(text: str) -> Sequence[str]:
    """The entity tags of a list, none of what is no such list."""
    return _EACH.findall(text) if _LIST.fullmatch(text) else ()
