"""Tracking numbers as people type them: the right one is kept as the carrier writes it, a mistyped one is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.rejections import ValidationFailed
from shared.tracking.formats import FORMATS, carrier_named, formats_of

_GAPS = re.compile("[^0-9A-Z]")
_OWN = tuple(one for one in FORMATS if one.own)


class NumberCheck(StrEnum):
    """What is known of a tracking number: its check digit is right, it looks like the carrier's, or nothing."""

    CHECK_DIGIT = "check_digit"
    FORMAT = "format"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Tracking:
    """A number as it is kept, its carrier where that is known, and what was checked."""

    number: str
    carrier: str | None
    check: NumberCheck


def compact(number: str) -> str:
    """The number without its gaps, in capitals: two that are the same so are one."""
    return _GAPS.sub("", number.upper())


def tracking(number: str, carrier: str | None) -> Tracking:
    """What a party typed, judged; ValidationFailed for a number that no parcel of that carrier can have.

    Without a carrier, or with one that the table does not have, only numbers that can be nobody else's are judged.
    """
    plain, known = compact(number), carrier_named(carrier) if carrier else None
    formats = formats_of(known) if known else _OWN
    if right := next((one for one in formats if one.is_right(plain)), None):
        check = NumberCheck.CHECK_DIGIT if right.check else NumberCheck.FORMAT
        return Tracking(plain, known or carrier or carrier_named(right.carrier), check)
    fitting = [one.name for one in formats if one.fits(plain)]
    if known or fitting:
        raise _mistyped(known, fitting)
    return Tracking(number, carrier, NumberCheck.NONE)


def number_check(number: str, carrier: str | None) -> NumberCheck:
    """What was checked of a number that is kept; one of an earlier day may be none of its carrier's."""
    try:
        return tracking(number, carrier).check
    except ValidationFailed:
        return NumberCheck.NONE


def _mistyped(carrier: str | None, fitting: Sequence[str]) -> ValidationFailed:
    if fitting:
        told = f"the check digit is wrong for a number of the kind {' or '.join(fitting)}: was it mistyped?"
        return ValidationFailed.at("/tracking_number", "check_digit", told, "S81")
    told = f"no number of {carrier} looks like this: was it mistyped? Without `carrier` any number is taken."
    return ValidationFailed.at("/tracking_number", "format", told, "S81")
