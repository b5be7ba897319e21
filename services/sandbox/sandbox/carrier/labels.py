"""The carrier's books: labels, each bought once under its key, and the scans of their parcels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import TypedDict

from sandbox.carrier.numbers import number_of
from shared.events.base import Instant, Message
from shared.events.outside.ids import Id
from shared.http.request.body import example

if TYPE_CHECKING:
    from sandbox.database import Pool

ScanKind = Literal["accepted", "in_transit", "delayed", "delivered", "returned_to_sender", "lost"]

_BUY = """
with sold as (
    insert into carrier_labels (idempotency_key, reference, at) values ($1, $2, $3)
    on conflict (idempotency_key) do nothing returning id
)
select id from sold
"""
_NUMBER = "update carrier_labels set tracking_number = $2 where id = $1"
_LABEL = """
select label.*, exists (
    select from carrier_scans scan where scan.tracking_number = label.tracking_number) as used
from carrier_labels label where
"""
_BY_KEY, _BY_NUMBER = f"{_LABEL} idempotency_key = $1", f"{_LABEL} tracking_number = $1"
_VOID = """
update carrier_labels label set void_at = coalesce(void_at, $2) where tracking_number = $1
and not exists (select from carrier_scans scan where scan.tracking_number = label.tracking_number)
"""
_SCAN = """
insert into carrier_scans (tracking_number, kind, at)
select tracking_number, $2, $3 from carrier_labels where tracking_number = $1 and void_at is null returning id
"""
_SEEN = "select scan.*, reference from carrier_scans scan join carrier_labels using (tracking_number) where"
_SCANS = f"{_SEEN} tracking_number = $1 order by scan.id"


class LabelRequest(Message):
    """A label to buy; `reference` is the buyer's own word for what it is for."""

    model_config = example(reference="ret_02a7")

    reference: Id


class ScanRequest(Message):
    """What happens to a parcel."""

    model_config = example(kind="delivered")

    kind: ScanKind


class CarrierLabelView(TypedDict):
    """A label under its key: bought, used once its parcel was seen, void; or refused, and then not kept."""

    idempotency_key: str
    reference: str
    status: Literal["bought", "used", "void", "refused"]
    tracking_number: str | None
    code: str | None
    at: Instant


class ScanView(TypedDict):
    """A scan of a parcel, with the buyer's reference of its label; its id is the same however often it is told."""

    id: str
    tracking_number: str
    reference: str
    kind: ScanKind
    at: Instant


class LabelsFound(TypedDict):
    """The labels that were sold: one under a key, or none."""

    data: list[CarrierLabelView]


class ScansFound(TypedDict):
    """What is known of a parcel, in the order of its way."""

    data: list[ScanView]


@dataclass(frozen=True, slots=True)
class CarrierStore:
    """The books behind one pool."""

    pool: Pool

    async def buy(self, key: str, reference: str, at: datetime) -> tuple[CarrierLabelView, bool]:
        """The label under the key, and whether it was there before."""
        async with self.pool.acquire() as connection, connection.transaction():
            sold = await connection.fetchval(_BUY, key, reference, at)
            if sold:
                await connection.execute(_NUMBER, sold, number_of(sold))
            row = await connection.fetchrow(_BY_KEY, key)
        return _label(row), not sold

    async def find(self, key: str) -> list[CarrierLabelView]:
        """The label under the key, if one was sold."""
        return [_label(row) for row in await self.pool.fetch(_BY_KEY, key)]

    async def void(self, number: str, at: datetime) -> CarrierLabelView | None:
        """The label, void unless its parcel was seen; None where there is none."""
        await self.pool.execute(_VOID, number, at)
        row = await self.pool.fetchrow(_BY_NUMBER, number)
        return _label(row) if row else None

    async def scan(self, number: str, kind: ScanKind, at: datetime) -> ScanView | None:
        """Notes what happens to a parcel; None where there is no label that it can travel with."""
        scanned = await self.pool.fetchval(_SCAN, number, kind, at)
        return _scan(await self.pool.fetchrow(f"{_SEEN} scan.id = $1", scanned)) if scanned else None

    async def scans(self, number: str) -> list[ScanView]:
        """All scans of a parcel."""
        return [_scan(row) for row in await self.pool.fetch(_SCANS, number)]


def _label(row: Any) -> CarrierLabelView:
    return {
        "idempotency_key": row["idempotency_key"],
        "reference": row["reference"],
        "status": "void" if row["void_at"] else "used" if row["used"] else "bought",
        "tracking_number": row["tracking_number"],
        "code": None,
        "at": row["at"],
    }


def _scan(row: Any) -> ScanView:
    return {
        "id": f"scan_{row['id']}",
        "tracking_number": row["tracking_number"],
        "reference": row["reference"],
        "kind": row["kind"],
        "at": row["at"],
    }
