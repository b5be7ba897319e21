"""Given a stack of child processes, the supervisor keeps it whole and leaves nothing behind."""

import asyncio
import contextlib
import os
import signal
import socket
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
from shared.process.addresses import Ports
from tests.support.servers import backing
from tests.support.servers.stack import (
    ANSWERING,
    backing_stack,
    descendants,
    eventually,
    line_of,
    living,
    marks,
    refused,
    running,
    stack_environment,
    stand_ins,
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


async def test_fresh_empties_postgresql_and_kafka_together() -> None:
    with stack_environment() as environment:
        async with backing_stack(environment) as stack:
            await write_a_mark(stack)
            assert await stopped(stack.process) == 0
        async with backing_stack({**environment, "FRESH": "1"}) as stack:
            assert await marks(stack) == set()


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


async def test_a_second_supervisor_on_one_folder_is_refused_in_one_line() -> None:
    with stack_environment() as environment:
        async with backing_stack(environment):
            code, error = await refused({**environment, "PORT_BASE": str(backing.free_port_base())})
    assert code == 1
    assert error.startswith("makewhole: another supervisor runs on")


async def test_a_busy_port_is_one_line_that_says_what_to_do() -> None:
    with stack_environment() as environment, socket.socket() as taken:
        port = Ports(int(environment["PORT_BASE"])).postgres
        taken.bind(("127.0.0.1", port))
        taken.listen()
        code, error = await refused(environment)
    assert code == 1
    assert error == (
        f"makewhole: port {port} (PostgreSQL) is busy: stop the program that holds it, or move the whole "
        f"stack with PORT_BASE=18000"
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT_BASE", "high", "is no base port"),
        ("PORT_BASE", "60000", "is no base port"),
        ("MAKEWHOLE_BACKING", "magic", "choose local or containers"),
        ("MAKEWHOLE_KAFKA", "127.0.0.1:1", "FRESH=1 empties this stack's own servers"),
        ("ORDERS", "/nowhere/orders.jsonl", "ORDERS=/nowhere/orders.jsonl is no file that can be read"),
    ],
)
async def test_a_setting_that_makes_no_sense_is_one_line(name: str, value: str, words: str) -> None:
    with stack_environment() as environment:
        code, error = await refused({**environment, "FRESH": "1", name: value})
    assert code == 1
    assert words in error


async def test_servers_named_in_the_environment_are_taken_as_they_are(postgres_url: str, kafka: str) -> None:
    with stack_environment() as environment:
        theirs = {**environment, "MAKEWHOLE_DATABASE_URL": postgres_url, "MAKEWHOLE_KAFKA": kafka}
        async with running(theirs, "backing") as process:
            assert await line_of(process) == f"export MAKEWHOLE_DATABASE_URL={postgres_url} MAKEWHOLE_KAFKA={kafka}"
            assert descendants(process.pid) == [process.pid]


async def test_no_container_engine_is_one_line() -> None:
    with stack_environment() as environment:
        code, error = await refused(
            {**environment, "MAKEWHOLE_BACKING": "containers", "DOCKER_HOST": "unix:///nowhere.sock"}, banner=True
        )
    assert code == 1
    assert "start one, or unset MAKEWHOLE_BACKING" in error


async def test_the_ready_line_comes_once_and_before_the_story_and_the_stop_leaves_nothing(tmp_path: Path) -> None:
    stand_ins(tmp_path)
    with stack_environment() as environment:
        base = int(environment["PORT_BASE"])
        async with running({**environment, "PYTHONPATH": str(tmp_path)}, "run") as process:
            lines = [await line_of(process) for _ in range(9)]
            family = descendants(process.pid)
            assert await stopped(process) == 0
    assert lines[:2] == [f"makewhole is ready: http://127.0.0.1:{base}", "story: 1 disputes, 1 refunds, 0 unexpected"]
    assert sum(line.startswith("makewhole is ready") for line in lines) == 1
    assert f"refund        http://127.0.0.1:{base + 2}/docs" in lines
    assert len(family) > 10
    assert not living(family)


async def test_demo_0_leaves_out_the_story(tmp_path: Path) -> None:
    stand_ins(tmp_path)
    with stack_environment() as environment:
        async with running(
            {**environment, "PYTHONPATH": str(tmp_path), "DEMO": "0"}, "run", "--only", "sandbox,console"
        ) as process:
            lines = [await line_of(process) for _ in range(5)]
    assert lines[0].startswith("makewhole is ready")
    assert lines[-1] == "Ctrl-C stops everything"
    assert not [line for line in lines if line.startswith("story")]


@contextlib.asynccontextmanager
async def supervising(folder: Path) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(folder / "log")
    try:
        yield supervisor
    finally:
        await supervisor.stop()
