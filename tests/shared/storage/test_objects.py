"""Object storage: what every storage promises, a folder, memory, S3."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
from obstore.store import MemoryStore

from shared.storage.objects import StoredObjects, open_objects
from shared.storage.port import NotStored, ObjectStorage, StorageUnavailable
from tests.support.servers.s3 import BUCKET, KEY_ID, SECRET, running_s3

NAME = "ab" + "0" * 62
CONTENT = bytes(range(256)) * 40


def address_of(endpoint: str) -> str:
    return f"s3://{KEY_ID}:{quote(SECRET, safe='')}@{BUCKET}/evidence?region=eu-north-1&endpoint={endpoint}"


@pytest.fixture(params=["folder", "memory", "s3"])
async def objects(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ObjectStorage]:
    if request.param == "folder":
        yield open_objects((tmp_path / "two words").as_uri())
        return
    if request.param == "memory":
        yield StoredObjects(MemoryStore())
        return
    async with running_s3() as endpoint:
        yield open_objects(address_of(endpoint))


async def read(objects: ObjectStorage, name: str = NAME, start: int = 0, end: int = len(CONTENT)) -> bytes:
    return b"".join([piece async for piece in objects.read(name, start, end)])


async def test_what_is_put_is_there(objects: ObjectStorage) -> None:
    await objects.put(NAME, io.BytesIO(CONTENT))
    assert await objects.size(NAME) == len(CONTENT)
    assert await read(objects) == CONTENT


async def test_what_is_put_again_is_there_once_and_stays(objects: ObjectStorage) -> None:
    await objects.put(NAME, io.BytesIO(CONTENT))
    await objects.put(NAME, io.BytesIO(CONTENT))
    assert await read(objects) == CONTENT


async def test_what_was_cut_off_is_put_anew(objects: ObjectStorage) -> None:
    await objects.put(NAME, io.BytesIO(CONTENT[:100]))
    await objects.put(NAME, io.BytesIO(CONTENT))
    assert await read(objects) == CONTENT


@pytest.mark.parametrize(("start", "end"), [(0, 1), (100, 356), (len(CONTENT) - 1, len(CONTENT)), (7, 7)])
async def test_a_part_can_be_read(objects: ObjectStorage, start: int, end: int) -> None:
    await objects.put(NAME, io.BytesIO(CONTENT))
    assert await read(objects, start=start, end=end) == CONTENT[start:end]


async def test_more_than_one_request_holds_goes_in_and_out(objects: ObjectStorage) -> None:
    large = CONTENT * 1200
    await objects.put(NAME, io.BytesIO(large))
    assert await read(objects, end=len(large)) == large


async def test_what_is_not_there_is_not_stored(objects: ObjectStorage) -> None:
    with pytest.raises(NotStored):
        await objects.size(NAME)
    with pytest.raises(NotStored):
        await read(objects)


async def test_what_is_deleted_is_gone_and_the_rest_stays(objects: ObjectStorage) -> None:
    other = NAME.replace("ab", "ac")
    for name in (NAME, other):
        await objects.put(name, io.BytesIO(CONTENT))
    await objects.delete(NAME)
    with pytest.raises(NotStored):
        await objects.size(NAME)
    assert await read(objects, other) == CONTENT


async def test_what_is_not_there_is_deleted_as_well(objects: ObjectStorage) -> None:
    await objects.delete(NAME)
    await objects.put(NAME, io.BytesIO(CONTENT))
    await objects.delete(NAME)
    await objects.delete(NAME)


async def test_what_was_deleted_is_put_anew(objects: ObjectStorage) -> None:
    for _ in range(2):
        await objects.put(NAME, io.BytesIO(CONTENT))
        assert await read(objects) == CONTENT
        await objects.delete(NAME)


@pytest.mark.parametrize("address", ["", "evidence", "file://", "s3://", "https://example.com/bucket"])
def test_another_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="objects lie at"):
        open_objects(address)


async def test_a_storage_that_does_not_answer_is_unavailable_and_tells_no_secret() -> None:
    objects = open_objects(address_of("http://127.0.0.1:9"))
    with pytest.raises(StorageUnavailable) as error:
        await objects.size(NAME)
    assert SECRET not in str(error.value)
