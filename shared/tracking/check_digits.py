"""Check digits of carriers: whether the last character of a number is what those before it say."""

from __future__ import annotations

from collections.abc import Iterable

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def mod10_3_1(number: str) -> bool:
    """GS1's and the posts': digits weigh 3 and 1 in turn, from the right."""
    *rest, check = map(int, number)
    return (_weighed(reversed(rest), (3, 1)) + check) % 10 == 0


def mod10_1_2(number: str) -> bool:
    """The one of UPS: characters weigh 1 and 2 in turn, from the left; a letter has a digit's worth, A that of 2."""
    *rest, check = (int(one) if one.isdigit() else (ord(one) - ord("A") + 2) % 10 for one in number)
    return (_weighed(rest, (1, 2)) + check) % 10 == 0


def luhn(number: str) -> bool:
    """That of ISO/IEC 7812: every second digit from the right counts twice, and of two digits both."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number)))
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


def mod7(number: str) -> bool:
    """The one of airwaybills: what is left of the whole number, divided by seven."""
    return int(number[:-1]) % 7 == int(number[-1])


def mod11_of_s10(number: str) -> bool:
    """The one of the Universal Postal Union's standard S10: eight digits with weights of their own."""
    *rest, check = map(int, number)
    left = 11 - _weighed(rest, (8, 6, 4, 2, 3, 5, 9, 7)) % 11
    return {10: 0, 11: 5}.get(left, left) == check


def mod11_3_1_7(number: str) -> bool:
    """The one of FedEx: digits weigh 3, 1 and 7 in turn, and a ten left of eleven counts as nought."""
    *rest, check = map(int, number)
    return _weighed(rest, (3, 1, 7)) % 11 % 10 == check


def mod37_36(number: str) -> bool:
    """That of ISO 7064, with a letter or a digit as the check."""
    left = 36
    for one in number[:-1]:
        left = ((left + _ALPHABET.index(one)) % 36 or 36) * 2 % 37
    return (left + _ALPHABET.index(number[-1])) % 36 == 1


def _weighed(digits: Iterable[int], weights: tuple[int, ...]) -> int:
    return sum(digit * weights[place % len(weights)] for place, digit in enumerate(digits))
