"""Stacks in processes of their own, for tests that start, watch and kill them."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaConsumer

from local_stack.topics import ensure_topics
from shared.process.addresses import APPS, OWNER, PASSWORDS, WORKER, Ports, database_url, local_address
from tests.support.servers import backing

LIMIT = 180.0
"""Seconds for what must come, however busy the machine is: a test that fails waits so long, and no other."""
# A server of a few lines: port, file for its note at the stop, name.
ANSWERING = """
import http.server, signal, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(200); self.end_headers()
def stop(*_):
    open(sys.argv[2], "a").write(sys.argv[3] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


def owner_url(base: int, state: Path) -> str:
    """The address of a stack's PostgreSQL with its owner's login."""
    return local_address(OWNER, Ports(base).postgres, state / PASSWORDS)


@dataclass
class Stack:
    """A supervisor in a process of its own, with the two servers beneath it."""

    process: asyncio.subprocess.Process
    base: int
    state: Path

    @property
    def database_url(self) -> str:
        return database_url(owner_url(self.base, self.state), "postgres")

    @property
    def kafka(self) -> str:
        return f"127.0.0.1:{Ports(self.base).kafka}"


async def write_a_mark(stack: Stack) -> None:
    """Leaves a table in PostgreSQL and a topic in Kafka."""
    connection = await asyncpg.connect(stack.database_url)
    await connection.execute("create table mark (n int)")
    await connection.close()
    await ensure_topics(stack.kafka, ["mark.events"], 1)


async def marks(stack: Stack) -> set[str]:
    """Which of the two marks are there."""
    connection = await asyncpg.connect(stack.database_url)
    table = await connection.fetchval("select to_regclass('mark')")
    await connection.close()
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.kafka)
    try:
        await consumer.start()
        topic = "mark.events" in await consumer.topics()
    finally:
        await consumer.stop()
    return {name for name, there in (("table", table), ("topic", topic)) if there}


@contextlib.contextmanager
def stack_environment(in_memory: bool = True) -> Iterator[dict[str, str]]:
    """An environment with ports and a state folder of its own, and without quotas."""
    names = ("MAKEWHOLE_DATABASE_URL", "MAKEWHOLE_KAFKA", "MAKEWHOLE_BACKING", "FRESH", "DEMO", "ORDERS")
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    with backing.temporary_state(in_memory) as state:
        own = {"MAKEWHOLE_STATE": str(state), "PORT_BASE": str(backing.free_port_base())}
        # A few tokens send all that the tests do.
        yield {**inherited, **own, "MAKEWHOLE_QUOTAS": "off"}


@contextlib.asynccontextmanager
async def backing_stack(environment: dict[str, str]) -> AsyncIterator[Stack]:
    """A supervisor that serves PostgreSQL and Kafka."""
    async with running(environment) as process:
        assert (await line_of(process)).startswith("export MAKEWHOLE_DATABASE_URL=")
        yield Stack(process, int(environment["PORT_BASE"]), Path(environment["MAKEWHOLE_STATE"]))


@contextlib.asynccontextmanager
async def running(environment: dict[str, str], *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The supervisor with the given arguments, stopped at the end."""
    process = await supervisor_process(environment, *arguments)
    try:
        yield process
    finally:
        if process.returncode is None:
            await stopped(process)


async def stopped(process: asyncio.subprocess.Process) -> int:
    """Asks the supervisor to stop and returns its exit code."""
    process.terminate()
    await asyncio.wait_for(process.communicate(), LIMIT)
    assert process.returncode is not None
    return process.returncode


async def supervisor_process(environment: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    """Starts the supervisor."""
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "local_stack", *(arguments or ["backing"])]
    return await asyncio.create_subprocess_exec(
        *command, cwd=environment.get("PYTHONPATH"), env=environment, stdout=pipe, stderr=pipe
    )


def closed_to(process: asyncio.subprocess.Process) -> None:
    """Whoever read what it prints is gone, as with a terminal that is closed."""
    transport = process._transport  # type: ignore[attr-defined]  # asyncio has no other way to close a reading end
    for descriptor in (1, 2):
        transport.get_pipe_transport(descriptor).close()


async def line_of(process: asyncio.subprocess.Process) -> str:
    """The next line that it prints, or a failure with all of its complaints."""
    assert process.stdout
    assert process.stderr
    line = await asyncio.wait_for(process.stdout.readline(), 2 * LIMIT)
    assert line, (await process.stderr.read()).decode()
    return line.decode().strip()


async def refused(environment: dict[str, str], banner: bool = False) -> tuple[int | None, str]:
    """The exit code and the last line of a supervisor that must not start."""
    process = await supervisor_process(environment)
    out, error = await asyncio.wait_for(process.communicate(), LIMIT)
    lines = error.decode().splitlines()
    assert out == b""
    assert banner or len(lines) == 1, lines
    return process.returncode, lines[-1]


async def eventually(holds: Callable[[], object | Awaitable[object]], limit: float = LIMIT) -> None:
    """Waits until the question, plain or awaited, is answered with yes; one that a busy machine leaves open is asked
    again.
    """
    async with asyncio.timeout(limit):
        while not await _answer(holds()):
            await asyncio.sleep(0.05)


async def _answer(given: object) -> bool:
    try:
        return bool(await given if isinstance(given, Awaitable) else given)
    except TimeoutError:
        return False


def descendants(pid: int) -> list[int]:
    """The process and everything beneath it."""
    try:
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *(below for child in children for below in descendants(child))]


def living(pids: list[int]) -> list[int]:
    """Those of the processes that still run."""
    return [pid for pid in pids if state_of(pid) not in ("", "Z")]


def state_of(pid: int) -> str:
    """The state letter of a process, empty where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def stand_ins(folder: Path) -> None:
    """Packages that take the services' names and do nothing but answer, so that the supervisor is judged by itself."""
    answer = "import os, sys\nsys.argv = ['', str(int(os.environ['PORT_BASE']) + {}), os.devnull, 'x']\n"
    for name, offset in APPS.items():
        package(folder / name, "app", answer.format(offset) + ANSWERING)
        package(folder / name, "worker", answer.format(offset + WORKER) + ANSWERING)
    package(folder / "migrations", "migrator", "async def migrate(service, url, partitions): pass")
    package(folder / "ops", "cli", "def main(): print('story: 1 disputes, 1 refunds, 0 unexpected')")


def package(folder: Path, module: str, text: str) -> None:
    """Writes a package of one module."""
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").touch()
    (folder / f"{module}.py").write_text(text)
