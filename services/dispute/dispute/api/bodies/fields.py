"""Types of fields in request bodies: ids, quantities, instants, flags, and the base of a body."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from shared.events.base import Instant

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]
Quantity = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Measure = Annotated[Decimal, Field(ge=0, le=100_000, max_digits=9, decimal_places=3)]
ShortText = Annotated[str, Field(min_length=1, max_length=64)]

BEGINNING, END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Far from the years where a calendar ends, so that every deadline that follows from an instant still fits behind it.
"""


def _within_reach(at: datetime) -> datetime:
    if not BEGINNING <= at < END:
        raise PydanticCustomError("out_of_reach", "from 1970 to 2199")
    return at


Moment = Annotated[Instant, AfterValidator(_within_reach)]
Day = Annotated[date, Field(ge=BEGINNING.date(), lt=END.date())]


Flag = Literal[
    "free_return",
    "extra_returns",
    "domestic_return",
    "authenticity_assured",
    "advanced",
    "one_year_warranty",
    "not_durable",
    "free_gift",
    "customised",
    "perishable",
    "fragile",
    "hygiene",
    "copiable_media",
    "virtual",
]
"""What a listing may say of a line: rules ask for these, so a word that is none of them is refused."""
