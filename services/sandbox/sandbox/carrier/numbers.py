"""Numbers of the sandbox's carrier: as the posts write them (S10), of a country whose post carries nothing."""

from __future__ import annotations

_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_NOWHERE = "AQ"
"""Antarctica has a code and no post: no parcel of anybody's has such a number."""
_SERVICES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def number_of(label: int) -> str:
    """The tracking number of the label with this running number, with its check digit; each has another."""
    rest, serial = divmod(label, 10**8)
    digits = f"{serial:08}"
    left = 11 - sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11
    return f"L{_SERVICES[rest % len(_SERVICES)]}{digits}{({10: 0, 11: 5}).get(left, left)}{_NOWHERE}"
