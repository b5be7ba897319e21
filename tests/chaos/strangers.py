"""Strangers write to the topics while orders are played: nobody is paid for it, and nobody stops."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping, Sequence
from uuid import UUID

from confluent_kafka import Producer

from shared.events.logs import LOGS, PARTITIONS
from tests.chaos.run import Kept, Run, seconds
from tests.chaos.stories import Wave
from tests.e2e.client import SERVICES
from tests.e2e.log import open_logs
from tests.e2e.topics import Record, read_all

EACH = 60
"""Records that strangers write to each topic: fewer than make a worker not ready."""
PAUSE = 0.05
COPIES, PACE = 2, 1.0
FAR = 2**40
QUARANTINED = "select split_part(reason, ':', 1) as kind, count(*) as n from quarantine group by 1"

Forged = tuple[bytes | None, Mapping[str, bytes], bytes | None]
"""Key, headers and value."""


async def strangers(run: Run) -> Kept:
    """Foreign, forged, far and senseless records stand in every topic beside those of the stories."""
    began, dice = time.monotonic(), random.Random(run.waves)
    await run.play("before")
    templates = await asyncio.to_thread(read_all, run.stack.kafka, [log.topic for log in LOGS.values()])
    async with asyncio.TaskGroup() as group:
        playing = group.create_task(run.play("strangers", COPIES, PACE))
        written = await _write(run, templates, dice)
    wave: Wave = playing.result()
    counts = {"written": written, **await _quarantined(run), **await run.ended([wave])}
    for service in SERVICES:
        words = ("parked", "drop", service.replace("_", "-"), "--all", "--yes", "--reason", "strangers")
        await run.stack.makewhole(*words)
    return Kept("strangers in the topics", {**counts, **seconds(began)})


async def _write(run: Run, templates: Sequence[Record], dice: random.Random) -> int:
    """Writes as any client of the cluster does, here and there; how much."""
    producer, written = Producer({"bootstrap.servers": run.stack.kafka, "linger.ms": 0}), 0
    for n in range(EACH):
        for log in LOGS.values():
            record = dice.choice([each for each in templates if each.topic == log.topic])
            key, headers, value = KINDS[n % len(KINDS)](record)
            producer.produce(log.topic, value, key, dice.randrange(PARTITIONS), headers=list(headers.items()))
            written += 1
        assert await asyncio.to_thread(producer.flush, 180) == 0
        await asyncio.sleep(PAUSE)
    return written


def _foreign(record: Record) -> Forged:
    """Of another installation that shares the cluster."""
    return record.key, {**dict(record.headers), "ce_logid": str(UUID(int=7)).encode()}, record.value


def _forged(record: Record) -> Forged:
    """The same again as something new, under the signature of what it was."""
    value = json.loads(record.value) | {"refund_id": "rfd_000forged", "forged": True}
    headers = dict(record.headers)
    position = int(headers["ce_position"])
    return record.key, {**headers, "ce_position": b"%d" % (position + 1)}, json.dumps(value).encode()


def _far(record: Record) -> Forged:
    """Ahead of everything, unsigned."""
    headers = {name: text for name, text in record.headers if name != "ce_signature"}
    return record.key, {**headers, "ce_position": b"%d" % FAR, "ce_previous": b"%d" % (FAR - 1)}, record.value


def _tombstone(record: Record) -> Forged:
    return record.key, {}, None


def _garbage(record: Record) -> Forged:
    return None, {"ce_id": b"\xff\x00"}, record.value[:7] + b"\xff"


KINDS = (_foreign, _forged, _far, _tombstone, _garbage)


async def _quarantined(run: Run) -> Mapping[str, int]:
    """By kind: how many records all followers together have quarantined."""
    await run.client.at_rest()
    found: dict[str, int] = {}
    async with open_logs(run.stack.database_url) as logs:
        for service in SERVICES:
            for row in await logs.rows(service, QUARANTINED):
                found[row["kind"]] = found.get(row["kind"], 0) + row["n"]
    assert {"unsigned", "malformed"} <= found.keys(), found
    return dict(sorted(found.items()))
