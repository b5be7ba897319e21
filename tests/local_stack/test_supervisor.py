"""Given a stack of child processes, the supervisor keeps it whole and leaves nothing behind."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local_stack.child import Child, Command
from local_stack.http import status_of
from local_stack.report import StackError
from local_stack.services import Service
from local_stack.supervisor import Supervisor
from tests.cases.plugin import Came
from tests.support.servers import backing
from tests.support.servers.stack import (
    ANSWERING,
    backing_stack,
    descendants,
    eventually,
    living,
    marks,
    stack_environment,
    stopped,
    write_a_mark,
)

pytestmark = pytest.mark.slow  # each starts servers of its own


@dataclass
class Answering:
    """A server of a few lines, that notes when it is asked to stop."""

    name: str
    notes: Path
    port: int = field(default_factory=lambda: backing.free_ports(1)[0])

    async def command(self) -> Command:
        return Command(self.name, [sys.executable, "-c", ANSWERING, str(self.port), str(self.notes), self.name])

    async def ready(self) -> bool:
        return await status_of(self.port, "/readyz") == 200


@dataclass
class Failing:
    """A server that ends at once."""

    name: str = "failing"

    async def command(self) -> Command:
        return Command(self.name, [sys.executable, "-c", "import sys; sys.exit('the disk is made of cheese')"])

    async def ready(self) -> bool:
        return False


async def test_a_killed_child_is_started_again_and_one_line_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Answering("answering", tmp_path / "notes")
    async with supervising(tmp_path) as supervisor:
        await supervisor.start(server)
        first = supervisor.pids()["answering"]
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: supervisor.pids()["answering"] != first)
        await eventually(server.ready)
        said = [line for line in capsys.readouterr().err.splitlines() if "starting it again" in line]
    assert said == ["answering ended (killed by SIGKILL); starting it again in 0.2 s"]


@dataclass
class Probed(Answering):
    """The same, which can be asked whether it lives."""

    async def alive(self) -> bool:
        return await status_of(self.port, "/readyz", 2.0) == 200


@pytest.mark.case("EM8+6", given="a process of the local stack is stopped (SIGSTOP)", right="another one answers")
@pytest.mark.proof
async def test_a_child_that_hangs_is_ended_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, came: Came
) -> None:
    monkeypatch.setattr("local_stack.supervisor.LOOK_EVERY", 0.1)
    monkeypatch.setattr("local_stack.supervisor.SETTLED_AFTER", 0.0)
    server = Probed("answering", tmp_path / "notes")
    async with supervising(tmp_path) as supervisor:
        await supervisor.start(server)
        first = supervisor.pids()["answering"]
        os.kill(first, signal.SIGSTOP)
        await eventually(lambda: supervisor.pids()["answering"] != first)
        monkeypatch.setattr("local_stack.supervisor.SETTLED_AFTER", 3600.0)  # the next one may take its time
        await eventually(server.ready)
        came("another one answers")


async def test_a_child_that_keeps_dying_waits_longer_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with supervising(tmp_path) as supervisor:
        with pytest.raises(StackError, match="failing ended 3 times before it was ready: the disk is made of cheese"):
            await supervisor.start(Failing())
    said = [line.split()[-2] for line in capsys.readouterr().err.splitlines() if "starting it again" in line]
    assert said[:3] == ["0.2", "0.4", "0.8"]


async def test_layers_stop_in_reverse_order(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    async with supervising(tmp_path) as supervisor:
        for name in ("first", "second", "third"):
            await supervisor.start(Answering(name, notes))
    assert notes.read_text().split() == ["third", "second", "first"]


async def test_a_child_that_will_not_stop_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    stubborn = (
        "import signal, subprocess, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "subprocess.Popen(['sleep', '300']); time.sleep(300)"
    )
    child = Child(Command("stubborn", [sys.executable, "-c", stubborn], stop_limit=0.5), tmp_path / "log")
    await eventually(lambda: len(descendants(child.pid)) == 2)
    family = descendants(child.pid)
    await child.stop()
    await eventually(lambda: not living(family))


async def test_a_crash_that_was_asked_for_happens_after_the_first_start_only() -> None:
    service = Service("refund", "refund.app", 1)
    first, second = await service.command(), await service.command()
    assert "CRASH" not in first.env
    assert second.env["CRASH"] == ""


async def test_children_are_started_from_the_main_thread_alone(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="main thread"):
        await asyncio.to_thread(Child, Command("late", ["true"]), tmp_path / "log")


async def test_a_supervisor_that_is_killed_leaves_nothing_running_and_its_successor_finds_everything() -> None:
    with stack_environment() as environment:
        async with backing_stack(environment) as stack:
            await write_a_mark(stack)
            family = descendants(stack.process.pid)
            assert len(family) > 3
            stack.process.kill()
            await eventually(lambda: not living(family))
        async with backing_stack(environment) as stack:
            assert await marks(stack) == {"table", "topic"}
            family = descendants(stack.process.pid)
            assert await stopped(stack.process) == 0
            assert not living(family)


@pytest.mark.proof
async def test_fresh_empties_postgresql_and_kafka_together() -> None:
    with stack_environment() as environment:
        async with backing_stack(environment) as stack:
            await write_a_mark(stack)
            assert await stopped(stack.process) == 0
        async with backing_stack({**environment, "FRESH": "1"}) as stack:
            assert await marks(stack) == set()


@pytest.mark.proof
async def test_postgresql_and_kafka_are_started_again_when_they_are_killed() -> None:
    with stack_environment() as environment:
        async with backing_stack(environment) as stack:
            await write_a_mark(stack)
            for pid in descendants(stack.process.pid)[1:]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

            async def whole_again() -> bool:
                try:
                    return await marks(stack) == {"table", "topic"}
                except Exception:
                    return False

            await eventually(whole_again)


@contextlib.asynccontextmanager
async def supervising(folder: Path) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(folder / "log")
    try:
        yield supervisor
    finally:
        await supervisor.stop()
