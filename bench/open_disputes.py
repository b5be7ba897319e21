"""Open disputes by the thousand, appended to the log directly: what benchmarks of commands and timers begin with."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import uuid4

from dispute.domain.decider import decider
from migrations.migrator import dsn
from shared.events import codec
from shared.events.base import SYSTEM, StreamName
from shared.events.dispute import DisputeOpened
from shared.events.envelope import Cause, Write
from shared.events.slot import id_in_slot
from shared.eventstore.rows import encode_append
from shared.eventstore.store import EventStore, no_deadlines, open_store

SELLER = "bench-seller"
ANSWER_WITHIN = timedelta(days=6)


async def disputes(server: str, count: int) -> Iterator[str]:
    """The ids of so many open disputes in the dispute service's log."""
    async with open_store(dsn(server, "dispute"), deadlines=decider.deadlines) as store:
        return iter(await opened_disputes(store, count, datetime.now(UTC)))


async def opened_disputes(store: EventStore, count: int, at: datetime) -> list[str]:
    """The ids of so many disputes, all opened at one instant."""
    run = uuid4().hex[:8]
    ids = [id_in_slot(0, "dsp", f"{run}{number:08d}") for number in range(count)]
    for start in range(0, count, 500):
        await asyncio.gather(*(store.append(writes(each, at), cause()) for each in ids[start : start + 500]))
    return ids


def stored_texts() -> tuple[str, str]:
    """Data and metadata of one such event, as the log holds them."""
    [(_, _, _, _, data, metadata)] = encode_append(
        [Write("dispute-1", "o", 0, [opened("1", datetime.now(UTC))])], cause(), codec.encode, no_deadlines
    ).events
    return data.decode(), metadata.decode()


def writes(dispute_id: str, now: datetime) -> list[Write]:
    """The stream of an open dispute."""
    stream = StreamName(f"dispute-{dispute_id}", f"order-of-{dispute_id}")
    return [Write(stream.name, str(stream.key), 0, [opened(dispute_id, now)])]


def cause() -> Cause:
    return Cause(uuid4(), datetime.now(UTC), str(SYSTEM), correlation="bench")


def opened(dispute_id: str, now: datetime) -> DisputeOpened:
    """A dispute as the service would open it, with the seller's time running."""
    changed = {"dispute_id": dispute_id, "seller_id": SELLER, "opened_at": now, "respond_by": now + ANSWER_WITHIN}
    return golden().model_copy(update=changed)


@cache
def golden() -> DisputeOpened:
    """The event as its golden document has it."""
    path = Path(__file__).parents[1] / "tests" / "golden" / "makewhole.DisputeOpened.v1.json"
    return DisputeOpened.model_validate_json(path.read_bytes())
