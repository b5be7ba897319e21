"""A process whose event loop hangs ends itself, and says where it hung."""

from __future__ import annotations

import asyncio
import sys

import pytest

from shared.process.liveness import EXIT_STATUS
from tests.cases.plugin import Came
from tests.support.servers.stack import LIMIT

PATIENT = 40
"""Looks: two seconds, for which no busy machine holds a loop up beside a thread of the same process that turns."""
PROCESS = """
import asyncio, time
from shared.process.liveness import LoopWatch

def hangs():
    time.sleep(3600)

async def main():
    watch = LoopWatch(asyncio.get_running_loop(), hung_after={looks}, every=0.05)
    watch.start()
    {does}
    watch.stop()

asyncio.run(main())
"""


async def ended(does: str, looks: int) -> tuple[int, str]:
    """The exit status of a process that does this under a watch of so many looks, and what it says."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROCESS.format(does=does, looks=looks), stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(LIMIT):
        _, said = await child.communicate()
    assert child.returncode is not None
    return child.returncode, said.decode()


@pytest.mark.case("EM8+5", given="a process's event loop hangs", right="exit 70, the place is named")
async def test_a_hung_loop_ends_its_process(came: Came) -> None:
    status, said = await ended("hangs()", looks=5)
    assert status == EXIT_STATUS
    came(f"exit {status}, the place is {'named' if ' in hangs' in said else 'not named'}")


async def test_a_loop_that_turns_is_left_alone() -> None:
    assert await ended("await asyncio.sleep(3)", looks=PATIENT) == (0, "")


async def test_a_short_stall_is_left_alone() -> None:
    assert await ended("time.sleep(0.1); await asyncio.sleep(0.2)", looks=PATIENT) == (0, "")
