"""Marks: what is remembered of the labels of a carrier that keeps no keys, so that none is bought twice.

A mark is made before the carrier is asked and lasts as long as the log: a mark without a number says that a call was
made of which nobody has the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from return_label.domain.returns.labels.purchase import document_ref

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known of one label: its number once it is sold, the media type of its document, and whether its carrier
    was asked to take it back, and has.
    """

    tracking_number: str | None = None
    document: str | None = None
    void_asked: bool = False
    void: bool = False


@dataclass(frozen=True, slots=True)
class Sold:
    """What a carrier has sold, with its document in base64; it shows where its buyer lives."""

    tracking_number: str
    media_type: str
    document: str
    buyer_id: str


class Marks(Protocol):
    """The marks of one service."""

    async def find(self, label_id: str) -> Mark | None:
        """What is known of the label; None where nobody was ever asked for it."""

    async def begin(self, label_id: str) -> bool:
        """Whether this is the first call for the label: then it is marked."""

    async def forget(self, label_id: str) -> None:
        """It is certain that the call has sold nothing."""

    async def sold(self, label_id: str, label: Sold) -> None:
        """The carrier has sold it."""

    async def asks_void(self, label_id: str, asked: bool) -> None:
        """The carrier is about to be asked to take it back; or it has said no."""

    async def voided(self, label_id: str) -> None:
        """The carrier has taken it back."""


_FIND = "select tracking_number, document, void_asked, void from label_marks where label_id = $1"
_BEGIN = "insert into label_marks (label_id) values ($1) on conflict do nothing returning true"
_FORGET = "delete from label_marks where label_id = $1 and tracking_number is null"
_SOLD = "update label_marks set tracking_number = $2, document = $3 where label_id = $1"
_KEEP = """
insert into personal (ref, subject, kind, body) values ($1, $2, 'label_document', $3) on conflict (ref) do nothing
"""
_ASKS_VOID = "update label_marks set void_asked = $2 where label_id = $1"
_VOIDED = "update label_marks set void = true where label_id = $1"


class StoredMarks:
    """Marks beside the log. A document is a text about its buyer, kept and erased as all of them are."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, label_id: str) -> Mark | None:
        """One row."""
        row: Any = await self._pool.fetchrow(_FIND, label_id)
        return Mark(**dict(row)) if row else None

    async def begin(self, label_id: str) -> bool:
        """Whoever makes the row is the first."""
        return bool(await self._pool.fetchval(_BEGIN, label_id))

    async def forget(self, label_id: str) -> None:
        """Not what was sold."""
        await self._pool.execute(_FORGET, label_id)

    async def sold(self, label_id: str, label: Sold) -> None:
        """Number and document at once."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_SOLD, label_id, label.tracking_number, label.media_type)
            await connection.execute(_KEEP, document_ref(label_id), label.buyer_id, label.document)

    async def asks_void(self, label_id: str, asked: bool) -> None:
        """Noted before the call."""
        await self._pool.execute(_ASKS_VOID, label_id, asked)

    async def voided(self, label_id: str) -> None:
        """For good."""
        await self._pool.execute(_VOIDED, label_id)
