"""Stored events to Kafka records: key, value, partition and CloudEvents headers."""

from __future__ import annotations

from collections.abc import Sequence

from shared.events import codec
from shared.events.envelope import Stored
from shared.events.slot import slot_of
from shared.kafka.records import Outgoing
from shared.kafka.signatures import SIGNATURE, LogKeys
from shared.relay.progress import RelayProgress
from shared.resilience.retry import Halted


def outgoing(
    progress: RelayProgress, rows: Sequence[Stored], source: str, keys: LogKeys | None = None
) -> list[Outgoing]:
    """The rows as records, their data as it is stored: an event of a version that we do not know goes through too.

    Each names the position before it in its partition, so that a reader notices when the topic has lost one, and is
    signed where there are keys.
    """
    if [row.position for row in rows] != list(range(progress.position + 1, progress.position + 1 + len(rows))):
        raise Halted(f"the log has a hole behind position {progress.position}: restore it from a backup")
    previous = {partition: tail.position for partition, tail in progress.tails.items()}
    batch = []
    for row in rows:
        partition = slot_of(row.key) % progress.partitions
        headers = codec.headers(row, source, progress.log_id, progress.lineage)
        headers.append(("ce_previous", str(previous.get(partition, 0)).encode()))
        if keys:
            headers.append((SIGNATURE, keys.sign(partition, dict(headers), row.key.encode(), row.data)))
        batch.append(Outgoing(partition, row.key.encode(), row.data, headers))
        previous[partition] = row.position
    return batch
