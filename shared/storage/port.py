"""Port of object storage: bytes under names, beside the log. What is there does not change until it is deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import IO, Protocol

from shared.resilience.retry import Transient


class StorageUnavailable(Transient):
    """The storage does not answer: the same again may succeed."""


class NotStored(Exception):
    """There are no bytes under this name."""


class ObjectStorage(Protocol):
    """Where bytes are kept, whole or not at all. Every call may raise StorageUnavailable."""

    async def put(self, name: str, content: IO[bytes]) -> None:
        """Keeps the content under the name; what is there already, and as long, stays as it is."""

    async def size(self, name: str) -> int:
        """The length in bytes; NotStored where there is nothing."""

    def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end`, in pieces; NotStored where there is nothing."""

    async def delete(self, name: str) -> None:
        """Takes the bytes away, and is content where there are none. StorageUnavailable says nothing about what became
        of them: they may go later.
        """
