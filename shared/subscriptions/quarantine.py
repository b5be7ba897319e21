"""Quarantine: records not of the log that is followed, so kept for a person to look at while the partition goes on."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.kafka.records import Headers
from shared.observability import metrics
from shared.subscriptions.follower import Quarantined

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection, Pool

MOST = 10_000
"""So many are kept of a subscription, more are only counted: a topic that others write to must not fill the disk."""
BEGINNING = 16 * 1024
"""Bytes of a value, and letters of a header, that are kept to be looked at: the topic has the rest."""

KEEP = """
insert into quarantine (subscription, topic, partition, record_offset, reason, key, headers, value, size)
select $1, new.* from unnest($2::text[], $3::int[], $4::bigint[], $5::text[], $6::bytea[], $7::jsonb[], $8::bytea[],
    $9::int[]) as new
where (select count(*) from quarantine where subscription = $1) < $10
on conflict do nothing
"""
COUNT = "select count(*) from quarantine where subscription = $1"

log = logging.getLogger(__name__)


async def keep(connection: Connection | Pool, subscription: str, found: Sequence[Quarantined]) -> None:
    """Keeps the records, each once however often it is read, tells of them and counts them."""
    records = [each.record for each in found]
    await connection.execute(
        KEEP,
        subscription,
        [record.topic for record in records],
        [record.partition for record in records],
        [record.offset for record in records],
        [plain(each.reason) for each in found],
        [None if record.key is None else record.key[:BEGINNING] for record in records],
        [headers_as_text(record.headers, BEGINNING) for record in records],
        [record.value[:BEGINNING] for record in records],
        [len(record.value) for record in records],
        MOST,
    )
    _tell(subscription, found)


async def count(pool: Pool, subscription: str) -> int:
    """How many are kept; Prometheus is told."""
    found = int(await pool.fetchval(COUNT, subscription))
    metrics.QUARANTINED.labels(subscription).set(found)
    return found


def headers_as_text(headers: Headers, most: int | None = None) -> str:
    """JSON that PostgreSQL takes, whatever stands in them; of each at `most` so many letters."""
    return json.dumps([[plain(name), plain(text.decode(errors="backslashreplace"))[:most]] for name, text in headers])


def plain(text: str) -> str:
    """The text without zero bytes and half surrogates, which PostgreSQL's text does not hold."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


def _tell(subscription: str, found: Sequence[Quarantined]) -> None:
    for kind, number in Counter(each.reason.partition(":")[0] for each in found).items():
        metrics.QUARANTINED_TOTAL.labels(subscription, kind).inc(number)
    first = found[0].record
    log.error(
        "%s quarantined %d records, the first of them %s/%d/%d (%s): `makewhole parked list`",
        subscription,
        len(found),
        first.topic,
        first.partition,
        first.offset,
        plain(found[0].reason),
    )
