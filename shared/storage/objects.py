"""Object storage by obstore: a local folder, or S3 and what speaks like it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, S3Store

from shared.storage.port import NotStored, ObjectStorage, StorageUnavailable

if TYPE_CHECKING:
    from obstore.store import RetryConfig, S3Config

PIECE = 256 * 1024
TIMEOUT = timedelta(seconds=10)
"""For one request to the storage."""
RETRIES: RetryConfig = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}


def open_objects(address: str) -> ObjectStorage:
    """The storage at `file:///folder`, or at `s3://bucket/prefix` with key, secret, region and endpoint where they are
    not the machine's own; ValueError for another address.
    """
    parts = urlsplit(address)
    if parts.scheme == "file" and parts.path:
        return StoredObjects(_folder(Path(unquote(parts.path))))
    if parts.scheme == "s3" and parts.hostname:
        return StoredObjects(_s3(parts.hostname, parts))
    raise ValueError("objects lie at file:///folder or at s3://bucket/prefix")


def _folder(path: Path) -> LocalStore:
    path.mkdir(parents=True, exist_ok=True)
    return LocalStore(path)


def _s3(bucket: str, parts: SplitResult) -> S3Store:
    asked = parse_qs(parts.query)
    endpoint = asked.get("endpoint", [""])[0]
    config = {
        "endpoint": endpoint,
        "region": asked.get("region", [""])[0],
        "access_key_id": unquote(parts.username or ""),
        "secret_access_key": unquote(parts.password or ""),
        "disable_bulk_delete": "true",  # not all that speak like S3 know the other one
    }
    return S3Store(
        bucket,
        prefix=parts.path.strip("/") or None,
        config=cast("S3Config", {name: value for name, value in config.items() if value}),
        client_options={"timeout": TIMEOUT, "allow_http": endpoint.startswith("http://")},
        retry_config=RETRIES,
    )


@dataclass(frozen=True, slots=True)
class StoredObjects:
    """The port over one of obstore's stores."""

    store: ObjectStore

    async def put(self, name: str, content: IO[bytes]) -> None:
        """Keeps the content, unless just as much is there: names are digests, and a write that was cut off is no
        object.
        """
        with contextlib.suppress(NotStored):
            if await self.size(name) == await asyncio.to_thread(content.seek, 0, os.SEEK_END):
                return
        content.seek(0)
        with _speaking():
            await obstore.put_async(self.store, _path(name), content)

    async def size(self, name: str) -> int:
        """The length that the storage tells."""
        with _speaking():
            return int((await obstore.head_async(self.store, _path(name)))["size"])

    async def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes, of which never many are in memory."""
        if start >= end:
            return
        with _speaking():
            found = await obstore.get_async(self.store, _path(name), options={"range": (start, end)})
            async for piece in found.stream(min_chunk_size=PIECE):
                yield bytes(piece)

    async def delete(self, name: str) -> None:
        """Gone, or never there."""
        with contextlib.suppress(NotStored), _speaking():
            await obstore.delete_async(self.store, _path(name))


def _path(name: str) -> str:
    """Spread over folders, of which none becomes endless."""
    return f"{name[:2]}/{name}"


@contextlib.contextmanager
def _speaking() -> Iterator[None]:
    """The library's errors as the port's."""
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        raise NotStored from error
    except (BaseError, OSError) as error:
        # Without its text: that may hold addresses and keys.
        raise StorageUnavailable(f"the object storage does not answer ({type(error).__name__})") from None
