"""Accept: what the caller takes, of an answer in JSON or of a choice of media types (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.http.problems import Refusal

_RANGES = ("application/json", "application/*", "*/*")
_USUAL = frozenset({b"", b"*/*", b"application/json"})


def refuse_unless_json(headers: Mapping[bytes, bytes]) -> None:
    """406 where Accept names media types and JSON is none of them."""
    sent = headers.get(b"accept", b"")
    if sent in _USUAL:
        return
    accept = sent.decode("latin-1").lower()
    if not accept.strip():
        return
    weights = dict(_weighted(each) for each in accept.split(","))
    named = next((weights[one] for one in _RANGES if one in weights), 0.0)
    # A caller who takes problems takes what else is JSON here.
    if not named and not weights.get("application/problem+json"):
        raise Refusal("not_acceptable", "Answers are application/json.")


def preferred(accept: str, offered: Sequence[str]) -> str:
    """The media type that is liked best of those that are offered, the first of equals; 406 where none is taken."""
    weights = dict(_weighted(each) for each in (accept.lower() or "*/*").split(","))

    def weight(offer: str) -> float:
        ranges = (offer, f"{offer.partition('/')[0]}/*", "*/*")
        return next((weights[one] for one in ranges if one in weights), 0.0)

    best = max(offered, key=weight)
    if not weight(best):
        raise Refusal("not_acceptable", f"There is {', '.join(offered)}.")
    return best


def _weighted(media_range: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in media_range.split(";"))
    weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return name, float(weight)
    except ValueError:
        return name, 1.0
