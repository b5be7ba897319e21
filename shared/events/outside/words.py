"""Words of events: names and descriptions in any script, but nothing that tells of a person or pays for one.

What an event says stands in the log and on the topics for ever, so it holds no number of a card, no address of mail and
no telephone.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

_CARD = re.compile(r"(?<![0-9A-Za-z])[0-9](?:[^0-9A-Za-z]{0,2}[0-9]){13,18}(?![0-9A-Za-z])")
_ISSUED = re.compile(
    "4|5[0-8]|6[0-9]|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)|3[47]|3(?:0[0-5]|[689])|35(?:2[89]|[3-8])"
)
"""How the numbers of the cards in use begin: most other long numbers, of parcels above all, do not."""
_PRINTED = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9][ ./_-])"
    r"[0-9]{4}([ ./_-])(?:[0-9]{4}\1[0-9]{4}\1[0-9]{4}|[0-9]{6}\1[0-9]{4,5})"
    r"(?![ ./_-]?[0-9A-Za-z])"
)
"""Digits in the groups in which they stand on a card."""
_MAIL = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]")
_TELEPHONE = re.compile(r"(?<![0-9])\+?[0-9](?:[ ()/.-]{0,2}[0-9]){6,14}(?![0-9])")
_DIGITS_OF_A_NAME = 4
_GAP = re.compile(r"[\W_]+")
_DIGIT = re.compile("[0-9]")


def holds_card_number(text: str) -> bool:
    """Whether a card's number stands in the text: 14 to 19 digits that begin as one does, with the check digit."""
    if text.isascii() and not _DIGIT.search(text):
        return False
    plain = _GAP.sub(" ", _plain(text))
    return any(
        _ISSUED.match(digits) and _luhn(digits)
        for digits in (re.sub("[^0-9]", "", one) for one in _CARD.findall(plain))
    )


def _plain(text: str) -> str:
    """With the digits of every script as 0 to 9: a wide one is one, and so is an Arabic one."""
    if text.isascii():
        return text
    decimals = ((letter, unicodedata.decimal(letter, None)) for letter in unicodedata.normalize("NFKC", text))
    return "".join(letter if digit is None else str(digit) for letter, digit in decimals)


def _luhn(digits: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def _code(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("unprintable", "This is one line of visible characters")
    plain = _plain(text)
    if holds_card_number(plain):
        raise PydanticCustomError("card_number", "This reads like the number of a card, which is kept nowhere")
    if _MAIL.search(plain):
        raise PydanticCustomError("personal_data", "This reads like an address of mail, which no event keeps")
    return text


def _tracking(text: str) -> str:
    # An id of the carrier's: one of ten long numbers has a card's check digit by chance, so digits alone say nothing.
    if any(holds_card_number(printed[0]) for printed in _PRINTED.finditer(text)):
        raise PydanticCustomError("card_number", "This reads like the number of a card, which is kept nowhere")
    return text


def _words(text: str) -> str:
    if _TELEPHONE.search(_plain(_code(text))):
        raise PydanticCustomError("personal_data", "This reads like a telephone number, which no event keeps")
    return text


def _name(text: str) -> str:
    if sum(letter.isdigit() for letter in _code(text)) > _DIGITS_OF_A_NAME:
        raise PydanticCustomError("personal_data", "A name has at most four digits: more read like a person's number")
    if not any(letter.isalnum() for letter in text):
        raise PydanticCustomError("nothing_to_read", "A name has a letter or a digit")
    return text


Code = Annotated[str, Field(max_length=128), AfterValidator(_code)]
"""What a shop calls a thing: visible characters, whatever they mean."""
Words = Annotated[str, Field(max_length=256), AfterValidator(_words)]
"""What a listing says in a few words."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), AfterValidator(_name)]
"""What a carrier, a region or a way of payment is called, in any script."""
TrackingNumber = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9 ./_-]{0,78}[A-Za-z0-9])?$"),
    AfterValidator(_tracking),
]
"""What a carrier calls a parcel, in any grouping: taken as it is, but for what is written as a card's number is. One
that is printed digit by digit, 34 of them with their gaps, is longer than 64 characters.
"""
PostalCode = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9 -]{0,8}[A-Za-z0-9])?$")
]
