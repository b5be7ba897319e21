"""Numbers of the sandbox's carrier: as the posts write them, of a country whose post carries nothing."""

from __future__ import annotations

from shared.tracking.check_digits import mod11_of_s10

SANDBOX = "sandbox"
"""The carrier that prints labels as long as no other does."""
_NOWHERE = "AQ"
"""Antarctica has a code and no post: no parcel of anybody's has such a number."""
_SERVICES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def sandbox_number(label_id: str) -> str:
    """The tracking number of a label: the same one each time, with the check digit of the standard S10."""
    of_label = int(label_id.rpartition("_")[2], 16)
    serial, service = f"{of_label % 10**8:08}", _SERVICES[of_label // 10**8 % len(_SERVICES)]
    check = next(digit for digit in "0123456789" if mod11_of_s10(serial + digit))
    return f"C{service}{serial}{check}{_NOWHERE}"
