"""Orders by the hundred thousand in a log, as the service would have recorded them: most are delivered and paid out,
some are disputed, decided and refunded.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

import asyncpg

from shared.events import codec
from shared.events.envelope import Cause, Metadata
from shared.events.ids import derived_uuid
from tests.support.builders import mediation
from tests.support.builders.disputes import dispute_id
from tests.support.builders.orders import ORDER, Histories, order

DISPUTED = 5
"""One order in so many."""
AT_ONCE = 200
"""Orders whose events stand between each other's."""
LIFE = "create temp table life (disputed bool, step int, stream text, version int, type text, data text, metadata text)"
FILL = """
with lives as (
    select n / $2::int as turn, step, n, version, type, metadata,
        replace(replace(stream, $4, 'dsp_' || tag || n), 'order-' || $3, 'order-' || tag || n) as stream,
        tag || n as key,
        replace(replace(data, $4, 'dsp_' || tag || n), '"' || $3 || '"', '"' || tag || n || '"') as data
    from generate_series(1, $1::int) n join life on life.disputed = (n % $5::int = 0),
        (select substr(md5(clock_timestamp()::text), 1, 6) || '-' as tag) tags
)
insert into events (position, stream, version, key, type, data, metadata, recorded_at)
select row_number() over (order by turn, step, n) + (select coalesce(max(position), 0) from events),
    stream, version, key, type, data::jsonb, metadata::jsonb, now()
from lives order by 1
"""
WARM = "vacuum (analyze) events", "checkpoint"


def wanted_events(otherwise: int) -> int:
    """How many events a log is filled with: BENCH_EVENTS, or else so many."""
    return int(os.environ.get("BENCH_EVENTS", otherwise))


async def filled(dsn: str, events: int, warm: bool = True) -> int:
    """Adds about so many events to the log; how many they are."""
    plain, disputed = order(shipped="Mar 1", delivered="Mar 8"), mediation.paid(mediation.decided())
    sizes = [sum(map(len, life.values())) for life in (plain, disputed)]
    orders = events * DISPUTED // (sizes[0] * (DISPUTED - 1) + sizes[1])
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(LIFE)
        for life, is_disputed in ((plain, False), (disputed, True)):
            await connection.copy_records_to_table("life", records=_steps(life, is_disputed))
        before = await connection.fetchval("select count(*) from events")
        await connection.execute(FILL, orders, AT_ONCE, ORDER, dispute_id(), DISPUTED)
        for statement in WARM if warm else ():
            await connection.execute(statement)
        return int(await connection.fetchval("select count(*) from events") - before)
    finally:
        await connection.close()


def _steps(life: Histories, disputed: bool) -> list[tuple[object, ...]]:
    cause = Cause(derived_uuid("bench"), datetime.now(UTC), "system:bench", correlation="bench")
    metadata = Metadata.of(cause, ORDER).to_json().decode()
    events = [(stream, version, event) for stream, found in life.items() for version, event in enumerate(found, 1)]
    encoded = [(stream, version, *codec.encode(event)) for stream, version, event in events]
    return [
        (disputed, step, stream, version, name, data.decode(), metadata)
        for step, (stream, version, name, data) in enumerate(encoded)
    ]
