"""Real files, good and bad ones, and texts that break things: each gets the verdict that it deserves, over HTTP."""

from __future__ import annotations

import asyncio
import csv
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from shared.media.types import HEAD, MediaType, media_type
from tests.support.builders.orders import BUYER, facts, register
from tests.support.pictures import picture
from tests.support.servers.backing import Databases
from tests.support.servers.evidence import Came, EvidenceService, evidence_service

MOST_MEMORY = 300 * 1024 * 1024
PREFLIGHT = "/v1/orders/o1/evidence"
BROKEN_AFTER_ALL = frozenset(
    f"gofuzz/png/{name}.png"
    for name in (
        *("15e96024a96d22be", "4a5e5f4ebd8c4f59", "4b43c105e8752c56", "5b1a9783453da5c5", "62240a0acb24ab28"),
        *("75e7b7bd456951c1", "9876de91518c2b63", "bbc1a5a67b0715e7", "ea7bcb5bad66c28c", "fca5a444f8a81a63"),
    )
) | {"pillow/truncated_end_chunk.png"}
"""Pictures that an older decoder read to their end and ours does not: their data is broken, or a chunk is cut off."""
TAKEN, BROKEN, OTHER = "taken", "undecodable", "unsupported_evidence_type"


@pytest.fixture(scope="module")
async def service(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EvidenceService]:
    """The service with one order."""
    dsn = await databases.migrated("dispute")
    async with evidence_service(dsn, tmp_path_factory.mktemp("images")) as started:
        await started.decide(register(facts=facts(shipped="Mar 1", delivered="Mar 9")))
        await started.start()
        yield started
    await databases.drop(dsn)


def demanded(row: Mapping[str, str], content: bytes) -> str:
    """The verdict that class and rules demand: by the content alone, and no type but those of S32 and K5."""
    kind = media_type(content[:HEAD])
    if kind is None:
        return OTHER
    if kind == MediaType.MP4:
        return TAKEN  # no picture, and a video that is whole (K5)
    return TAKEN if row["decodes"] == "1" and row["file"] not in BROKEN_AFTER_ALL else BROKEN


def verdict(came: Came) -> str:
    assert came.status == 200, came.body
    assert came.body["accepted"] == (not came.body["problems"])
    return TAKEN if came.body["accepted"] else str(came.body["problems"][0]["code"])


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "images" / "index.csv").open(encoding="utf-8") as index:
        return list(csv.DictReader(index))


def some_of_each(found: list[dict[str, str]]) -> list[dict[str, str]]:
    """Two files of each class and ending."""
    seen: Counter[tuple[str, str]] = Counter()
    chosen = []
    for row in found:
        seen[row["class"], row["ext"]] += 1
        if seen[row["class"], row["ext"]] <= 2:
            chosen.append(row)
    return chosen


async def judged(service: EvidenceService, folder: Path, found: list[dict[str, str]]) -> Counter[tuple[str, str]]:
    """How many of each class got which verdict; none gets another one than it deserves."""
    gate, table, wrong = asyncio.Semaphore(3), Counter[tuple[str, str]](), []

    async def one(row: Mapping[str, str]) -> None:
        content = (folder / "images" / row["file"]).read_bytes()
        async with gate:
            came = await service.upload(PREFLIGHT, BUYER, content, name=Path(row["file"]).name, dry_run="true")
        table[row["class"], verdict(came)] += 1
        if verdict(came) != demanded(row, content):
            wrong.append((row["file"], row["class"], verdict(came), demanded(row, content), row["error"]))

    await asyncio.gather(*map(one, found))
    assert wrong == []
    assert service.most_memory < MOST_MEMORY
    return table


async def test_s32_s33_g12_real_files_of_each_class_get_the_verdict_that_they_deserve(
    service: EvidenceService, shared_data: Path
) -> None:
    await judged(service, shared_data, some_of_each(rows(shared_data)))


@pytest.mark.proof
async def test_s32_s33_g12_every_real_file_gets_the_verdict_that_it_deserves(
    service: EvidenceService, shared_data: Path
) -> None:
    table = await judged(service, shared_data, rows(shared_data))
    print(*(f"{count:4} {kind}: {what}" for (kind, what), count in sorted(table.items())), sep="\n")
    print(f"the service had at most {service.most_memory / 2**20:.0f} MiB")
    assert table.total() == 355


def named(text: str) -> str:
    """The text as a file's name: no client sends control characters in a header."""
    return "".join(filter(str.isprintable, text)) or "a"


async def test_naughty_strings_are_captions_or_refused_by_name(service: EvidenceService, shared_data: Path) -> None:
    """As the caption and as the name of a file that is no picture, so that no decoder is asked."""
    strings = json.loads((shared_data / "text" / "blns.json").read_text("utf-8"))
    came: Counter[int] = Counter()
    for text in strings:
        answer = await service.upload(PREFLIGHT, BUYER, b"no picture", name=named(text), caption=text)
        came[answer.status] += 1
        assert answer.status in (400, 415, 422), (text, answer.status)
    assert came.total() == len(strings) > 500
    assert came[415] > 400
    assert (await service.upload(PREFLIGHT, BUYER, picture("PNG"), name="a.png")).status == 201
