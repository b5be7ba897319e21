"""Inspection: a file is decoded in a process of its own, with limits, and what is kept of it is written anew."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from typing import IO

from shared.media.types import MediaType
from shared.media.verdict import BAD_FILE, TooLong, Undecodable, Verdict
from shared.resilience.retry import Transient

AT_ONCE = 2
PATIENCE = 15.0
"""Seconds by the clock: on a machine that is busy the processor's time takes longer."""
LONGEST_WORD = 4096


class InspectionBusy(Transient):
    """The file could not be looked at now, which says nothing of the file."""


class Inspector:
    """Looks at files, so many at a time."""

    def __init__(self, at_once: int = AT_ONCE, patience: float = PATIENCE) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._patience = patience

    async def inspect(self, source: IO[bytes], target: IO[bytes], media_type: MediaType, most_seconds: int) -> Verdict:
        """Writes what is kept of `source` to `target`; Undecodable where the file is at fault, InspectionBusy where
        nobody can say.
        """
        async with self._turns:
            source.seek(0)
            status, told = await self._run(source, target, (str(media_type), str(most_seconds)))
        if status == 0:
            return Verdict.read(told)
        if status == BAD_FILE or status < 0:
            raise _fault(told if status == BAD_FILE else b"undecodable it takes too much to decode it")
        raise RuntimeError(f"the decoder ended with status {status}")

    async def _run(self, source: IO[bytes], target: IO[bytes], given: tuple[str, ...]) -> tuple[int, bytes]:
        # Without the environment, which holds passwords, and deaf to the folder that it is started in.
        command = (sys.executable, "-I", "-W", "ignore", "-m", "shared.media.decoder", *given)
        try:
            process = await asyncio.create_subprocess_exec(*command, stdin=source, stdout=target, stderr=PIPE, env={})
        except OSError as error:
            raise InspectionBusy("no process could be started") from error
        try:
            async with asyncio.timeout(self._patience):
                assert process.stderr
                told = await _last_line(process.stderr)
                return await process.wait(), told
        except TimeoutError:
            raise InspectionBusy(f"a file was not looked at within {self._patience:g} s") from None
        finally:
            await _ended(process)


async def _last_line(stream: asyncio.StreamReader) -> bytes:
    """What a process said last: all of it is read, for one that nobody listens to stands still; libraries may have
    spoken before.
    """
    told = b""
    while piece := await stream.read(LONGEST_WORD):
        told = (told + piece)[-LONGEST_WORD:]
    return told.rpartition(b"\n")[2]


async def _ended(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        assert process.stderr
        await _last_line(process.stderr)
        await process.wait()


def _fault(told: bytes) -> Undecodable:
    code, _, reason = told.decode("utf-8", "replace").partition(" ")
    return TooLong(reason) if code == "too_long" else Undecodable(reason)


def size_of(file: IO[bytes]) -> int:
    """The length of an open file in bytes."""
    return os.fstat(file.fileno()).st_size
