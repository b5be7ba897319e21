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
    match = _text(headers, b"if-match")
    if not match and required:
        raise Refusal(
            "if_match_required", "Send the ETag of what you have seen: nobody agrees to what has changed since."
        )
    if not match or (versions := _versions(match)) is None:
        return None, [*_wrong(match, "If-Match", "if_match"), *_wrong_none_match(headers)]
    return versions, _wrong_none_match(headers)


def unwanted_versions(headers: Mapping[bytes, bytes]) -> Container[int]:
    """The versions that If-None-Match names, of which none may be there: a weak tag counts too (RFC 9110, 13.1.2)."""
    if b"if-none-match" not in headers:
        return ()
    return _versions(_text(headers, b"if-none-match").replace('W/"', '"')) or ()


def _wrong_none_match(headers: Mapping[bytes, bytes]) -> Faults:
    """A command whose condition cannot be read is not carried out as if there were none."""
    if b"if-none-match" not in headers:
        return []
    return _wrong(_text(headers, b"if-none-match"), "If-None-Match", "if_none_match")


def _wrong(text: str, name: str, code: str) -> Faults:
    if not text or _versions(text) is not None:
        return []
    return [fault(("header", name), code, f'{name} is *, or entity tags as ETag gave them, such as "7".')]


def _versions(text: str) -> Container[int] | None:
    """The versions that these tags name; None of what is no list of tags."""
    if one := _OURS.fullmatch(text):
        return frozenset((int(one[1]),))
    if text == ANY:
        return _EVERY
    tags = _tags(text)
    return frozenset(int(ours[1]) for tag in tags if (ours := _OURS.fullmatch(tag))) if tags else None


def is_known(headers: Mapping[bytes, bytes], tag: str) -> bool:
    """Whether If-None-Match names this tag: the caller has what would be answered."""
    known = _text(headers, b"if-none-match")
    return known == ANY or tag in (each.removeprefix("W/") for each in _tags(known))


def is_another(headers: Mapping[bytes, bytes], tag: str | None) -> bool:
    """Whether If-Match names other tags than this one: what would be answered is not what the caller asks about."""
    wanted = _text(headers, b"if-match")
    return wanted not in ("", ANY) and tag not in _tags(wanted)


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1").strip()


def _tags(text: str) -> Sequence[str]:
    """The entity tags of a list, none of what is no such list."""
    return _EACH.findall(text) if _LIST.fullmatch(text) else ()
