"""Ids from outside as the world has them: order numbers such as `SO/2026/00012` or `#1001`, subjects such as
`auth0|5f7c` or an address, in any script.
"""

from __future__ import annotations

import string
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

LONGEST = 255
"""What OpenID Connect allows a subject (Core, 2); no order number is longer."""
_UNRESERVED = frozenset((string.ascii_letters + string.digits + "-._~").encode())
"""What a URI says as it is (RFC 3986, 2.3)."""
_LOST = "\ufffd"
"""What stands for bytes that were no UTF-8: ids that differ in such bytes alone could not be told apart."""


def is_outside_id(text: str) -> bool:
    """Whether this may be an id: visible characters, single spaces between them, and no step of a path."""
    return (
        1 <= len(text) <= LONGEST
        and text.isprintable()
        and text == " ".join(text.split())
        and _LOST not in text
        and text not in (".", "..")
    )


def is_party_id(text: str) -> bool:
    """Whether this may be a party's id, the `sub` of a token: visible characters alone."""
    return is_outside_id(text) and " " not in text


def _outside_id(text: str) -> str:
    if not is_outside_id(text):
        raise PydanticCustomError("outside_id", "An id is 1 to 255 visible characters")
    return text


def _party_id(text: str) -> str:
    if not is_party_id(text):
        raise PydanticCustomError("party_id", "A party's id is 1 to 255 visible characters without spaces")
    return text


Id = Annotated[str, Field(min_length=1, max_length=LONGEST), AfterValidator(_outside_id)]
PartyId = Annotated[str, Field(min_length=1, max_length=LONGEST), AfterValidator(_party_id)]


def path_of(*parts: str) -> str:
    """The path of these parts, each percent-encoded: what is in an id parts nothing."""
    return "".join("/" + "".join(map(_written, part.encode())) for part in parts)


def _written(byte: int) -> str:
    return chr(byte) if byte in _UNRESERVED else f"%{byte:02X}"
