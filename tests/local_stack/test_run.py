"""The local stack's command line: what is refused in one line, what is printed, and what is left at the end."""

import asyncio
import socket
from pathlib import Path

import pytest

from shared.process.addresses import Ports
from tests.support.servers import backing
from tests.support.servers.stack import (
    LIMIT,
    backing_stack,
    closed_to,
    descendants,
    line_of,
    living,
    refused,
    running,
    stack_environment,
    stand_ins,
    stopped,
)

pytestmark = pytest.mark.slow  # each starts servers of its own


@pytest.mark.proof
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


async def test_it_stops_although_nobody_reads_what_it_says_any_more(postgres_url: str, kafka: str) -> None:
    with stack_environment() as environment:
        theirs = {**environment, "MAKEWHOLE_DATABASE_URL": postgres_url, "MAKEWHOLE_KAFKA": kafka}
        async with running(theirs, "backing") as process:
            await line_of(process)
            closed_to(process)
            process.terminate()
            assert await asyncio.wait_for(process.wait(), LIMIT) == 0


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


@pytest.mark.proof
async def test_demo_0_leaves_out_the_story_and_a_file_of_orders_and_says_so(tmp_path: Path) -> None:
    stand_ins(tmp_path)
    with stack_environment() as environment:
        async with running(
            {**environment, "PYTHONPATH": str(tmp_path), "DEMO": "0", "ORDERS": "orders.jsonl"},
            "run",
            "--only",
            "sandbox,console",
        ) as process:
            lines = [await line_of(process) for _ in range(6)]
    assert lines[0].startswith("makewhole is ready")
    assert lines[1] == "DEMO=0: orders.jsonl is not played; `ORDERS=orders.jsonl makewhole demo` plays it"
    assert lines[-1] == "Ctrl-C stops everything"
    assert not [line for line in lines if line.startswith("story")]
