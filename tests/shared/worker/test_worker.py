"""The worker: its components side by side, its end when it is asked and when something breaks, and what the test
clock asks it.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest

from shared.http import protocol
from shared.process.addresses import Ports
from shared.process.clock import SystemClock
from shared.process.component import Component
from shared.process.health import newest_revision
from shared.process.settings import Settings
from shared.resilience.retry import GaveUp, Halted, Transient
from shared.worker.worker import EndedEarly, Worker
from tests.cases.plugin import Came
from tests.support import raw_http
from tests.support.production import ENVIRONMENT
from tests.support.servers.backing import free_port_base
from tests.support.servers.stack import LIMIT, eventually
from tests.support.toys.notes import running_issuer, settings_for

NOON = datetime.fromisoformat("2026-03-01T12:00:00+00:00")


@dataclass
class Store:
    """A log of seven events."""

    broken: bool = False

    async def head(self) -> int:
        if self.broken:
            raise Transient("away")
        return 7


@dataclass
class Steady(Component):
    """Works until it is cancelled."""

    why: str | None = None
    due: datetime | None = None
    ran: bool = False
    cancelled: bool = False
    woken: int = 0

    async def run(self) -> None:
        self.ran = True
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.cancelled = True

    async def quiet(self) -> str | None:
        return self.why

    async def next_deadline(self) -> datetime | None:
        return self.due

    def wake(self) -> None:
        self.woken += 1


@dataclass
class Polite(Component):
    """Finishes what it has in hand when it is told to stop."""

    finished: bool = False
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        await self._told.wait()
        await asyncio.sleep(0)
        self.finished = True

    def stop(self) -> bool:
        self._told.set()
        return True


@dataclass
class Failing(Component):
    """Ends with an error, or simply ends."""

    error: Exception | None = None

    async def run(self) -> None:
        if self.error:
            raise self.error

    async def quiet(self) -> str | None:
        raise self.error or RuntimeError


@dataclass
class GivingUp(Component):
    """Gives up twice, as without its broker, and then works."""

    lives: int = 0

    async def run(self) -> None:
        self.lives += 1
        if self.lives < 3:
            raise GaveUp("nothing but errors for 60 s")
        await asyncio.get_running_loop().create_future()


@dataclass
class Deaf(Component):
    """Does not listen to a cancellation."""

    async def run(self) -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                await asyncio.sleep(3600)
                raise


class MovingClock(SystemClock):
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.revision = 1
        self.event = asyncio.Event()

    async def moved(self, revision: int) -> None:
        while self.revision == revision:
            await self.event.wait()
            self.event.clear()

    def move(self) -> None:
        self.revision += 1
        self.event.set()


@dataclass
class Running:
    """A worker at work in this process."""

    worker: Worker
    asked: asyncio.Event
    task: asyncio.Task[None]
    address: str
    clock: MovingClock
    store: Store

    async def get(self, path: str) -> tuple[int, Any]:
        async with aiohttp.ClientSession() as session, session.get(self.address + path) as response:
            return response.status, await response.json(
                content_type=None
            ) if path != "/metrics" else await response.text()

    async def stop(self) -> None:
        self.asked.set()
        await self.task


@asynccontextmanager
async def running(port: int, *components: Component, **settings: Any) -> AsyncIterator[Running]:
    """A worker on the port; the body stops it, or it is cancelled."""
    base = port - 101
    clock, store, asked = MovingClock(), Store(), asyncio.Event()
    worker = Worker("dispute", Settings(port_base=base, **settings), clock, store, components, {})
    task = asyncio.create_task(worker.run(asked))
    try:
        yield Running(worker, asked, task, f"http://127.0.0.1:{port}", clock, store)
    finally:
        task.cancel()
        await asyncio.wait({task})


@pytest.fixture
def port() -> int:
    """A worker's port, free like all others of its stack."""
    return Ports(free_port_base()).worker("dispute")


async def test_components_run_side_by_side_until_they_are_asked_to_stop(port: int) -> None:
    one, other, polite = Steady(), Steady(), Polite()
    async with running(port, one, other, polite) as worker:
        await eventually(lambda: one.ran and other.ran)
        await worker.stop()
    assert one.cancelled and other.cancelled and polite.finished


async def test_a_component_that_breaks_ends_the_worker(port: int) -> None:
    steady = Steady()
    async with running(port, steady, Failing(ZeroDivisionError())) as worker:
        with pytest.raises(ZeroDivisionError):
            await worker.task
    assert steady.cancelled


@pytest.mark.parametrize(
    "how_many",
    [
        pytest.param(
            1,
            marks=pytest.mark.case(
                "EL2", given="Kafka is away for so long that a subscription gives up", right="it begins again, alone"
            ),
        ),
        pytest.param(
            3,
            marks=pytest.mark.case(
                "EL2+1",
                given="every subscription of a worker gives up, again and again",
                right="it begins again, alone",
            ),
        ),
    ],
)
async def test_a_component_that_gave_up_begins_again_alone(port: int, how_many: int, came: Came) -> None:
    steady, tired = Steady(), [GivingUp() for _ in range(how_many)]
    async with running(port, steady, *tired) as worker:
        await eventually(lambda: all(each.lives == 3 for each in tired))
        came("the worker ends" if worker.task.done() or steady.cancelled else "it begins again, alone")
        await worker.stop()


async def test_a_component_that_simply_ends_is_a_defect(port: int) -> None:
    async with running(port, Failing()) as worker:
        with pytest.raises(EndedEarly, match="Failing"):
            await worker.task


async def test_a_halt_ends_its_component_alone_and_is_told_to_whoever_asks(port: int) -> None:
    steady = Steady()
    async with running(port, steady, Failing(Halted("run `makewhole relay rewind`"))) as worker:
        await eventually(lambda: worker.worker.control.halted)
        status, ready = await worker.get("/readyz")
        assert status == 503 and "makewhole relay rewind" in ready["checks"]["halted"]
        assert not (await worker.get("/internal/quiet"))[1]["quiet"]
        assert steady.ran and not steady.cancelled
        await worker.stop()


class Standing(Steady):
    """Runs, and says what keeps it from working, or what waits for a person."""

    name = "relay dispute.events"

    def __init__(self, halt: str | None, waiting: str | None) -> None:
        super().__init__()
        self._halt, self._attention = halt, waiting

    def halted(self) -> str | None:
        return self._halt

    def needs_attention(self) -> str | None:
        return self._attention


async def told(port: int, component: Standing) -> str:
    """What /readyz of a worker says of a component."""
    async with running(port, component) as worker:
        await eventually(lambda: component.ran)
        status, ready = await worker.get("/readyz")
        await worker.stop()
    return f"{status} {ready['checks']['halted']} {ready.get('needs_attention')}"


@pytest.mark.case(
    "EL5+1",
    given="a relay that stands still inside, and runs",
    right="503 relay dispute.events: makewhole log renew None",
)
async def test_what_stands_still_by_itself_is_told_by_name(port: int, came: Came) -> None:
    came(await told(port, Standing("makewhole log renew", None)))


@pytest.mark.case(
    "EL5+2",
    given="a subscription that has quarantined one record, and goes on",
    right="200 ok {'relay dispute.events': '1 records in quarantine'}",
)
async def test_what_is_needs_attention_is_told_while_all_goes_on(port: int, came: Came) -> None:
    came(await told(port, Standing(None, "1 records in quarantine")))


async def test_a_component_that_does_not_end_is_not_waited_for(port: int) -> None:
    async with running(port, Deaf(), stop_limit=0.3) as worker, asyncio.timeout(LIMIT):
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await worker.stop()


async def test_quiet_is_what_all_components_say(port: int) -> None:
    early, late = Steady(due=NOON), Steady(due=NOON + timedelta(days=1))
    async with running(port, late, early, Polite()) as worker:
        await eventually(lambda: early.ran)
        assert await worker.get("/internal/quiet") == (
            200,
            {"quiet": True, "revision": 1, "head": 7, "next_deadline": "2026-03-01T12:00:00.000000Z", "reasons": []},
        )
        late.why = "one event behind"
        _, answer = await worker.get("/internal/quiet")
        assert not answer["quiet"] and answer["reasons"] == ["one event behind"]


async def test_a_component_that_cannot_tell_is_not_quiet(port: int) -> None:
    class Mute(Steady):
        async def quiet(self) -> str | None:
            raise OSError("db is away")

    async with running(port, Mute()) as worker:
        await eventually(lambda: worker.worker.control)
        assert (await _answered(worker))["reasons"] == ["Mute: OSError"]


async def test_a_log_that_cannot_be_asked_is_a_no(port: int) -> None:
    async with running(port, Steady()) as worker:
        await _answered(worker)
        worker.store.broken = True
        status, problem = await worker.get("/internal/quiet")
        assert (status, problem["code"]) == (503, "busy")


async def _answered(worker: Running) -> Any:
    async def serving() -> bool:
        try:
            return bool(await worker.get("/healthz"))
        except aiohttp.ClientError:
            return False

    await eventually(serving)
    return (await worker.get("/internal/quiet"))[1]


async def test_a_move_of_the_clock_wakes_those_who_wait_for_time(port: int) -> None:
    steady = Steady()
    async with running(port, steady) as worker:
        await eventually(lambda: steady.ran)
        worker.clock.move()
        await eventually(lambda: steady.woken == 1)
        assert (await worker.get("/internal/quiet"))[1]["revision"] == 2


async def test_production_has_no_question_about_quiet(port: int) -> None:
    steady = Steady()
    given = {name.removeprefix("MAKEWHOLE_").lower(): value for name, value in ENVIRONMENT.items()}
    async with running(port, steady, **given) as worker:
        await eventually(lambda: steady.ran)
        status, problem = await worker.get("/internal/quiet")
        assert (status, problem["code"]) == (404, "not_found")
        assert "makewhole_clock_revision" in (await worker.get("/metrics"))[1]


def test_the_newest_revision_is_read_from_the_files() -> None:
    assert newest_revision("return-label") == newest_revision("return_label") >= "0001"


# As processes


PROGRAM = """
import asyncio, contextlib, sys
from shared.process.component import Component
from shared.process.settings import Settings
from shared.worker.worker import run_worker

class Store:
    async def head(self): return 0

class Part(Component):
    async def run(self):
        if sys.argv[1] == "breaks":
            raise ValueError("secret words")
        print("running", flush=True)
        await asyncio.Event().wait()

@contextlib.asynccontextmanager
async def assemble(clock):
    yield Store(), [Part()]
    print("closed", flush=True)

async def there():
    return None

run_worker("dispute", assemble, Settings.load(), {"database": there})
"""

APP = """
import asyncio
from typing import Annotated
from starlette.responses import Response
from shared.process.clock import SystemClock
from shared.http.app import create_app
from shared.http.routing import Router
from shared.http.responses import query_response
from shared.http.server import serve
from shared.process.settings import Settings

router = Router()

@router.get("/v1/slow")
async def slow() -> Response:
    print("asked", flush=True)
    await asyncio.sleep(3)
    return query_response({"done": True})

serve(create_app("dispute", [router], {}, Settings.load(), clock=SystemClock()))
"""


async def started(program: str, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, *arguments, env=environment, stdout=pipe, stderr=pipe
    )


async def said(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    return (await asyncio.wait_for(process.stdout.readline(), LIMIT)).decode().strip()


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    _, error = await asyncio.wait_for(process.communicate(), LIMIT)
    return process.returncode, error.decode()


def production_at(port: int) -> dict[str, str]:
    """An environment for a process that needs nobody else to start."""
    return ENVIRONMENT | {"PORT_BASE": str(port - 101)}


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
async def test_a_worker_that_is_asked_to_stop_closes_what_it_opened(port: int, asked: signal.Signals) -> None:
    environment = production_at(port)
    process = await started(PROGRAM, "works", **environment)
    assert await said(process) == "running"
    process.send_signal(asked)
    assert await said(process) == "closed"
    status, error = await ended(process)
    assert status == 0, error


async def test_a_worker_that_breaks_ends_with_a_line_that_quotes_nothing(port: int) -> None:
    environment = production_at(port)
    status, error = await ended(await started(PROGRAM, "breaks", **environment))
    assert status == 1 and '"error":"ValueError"' in error and "secret" not in error


async def test_a_port_that_is_taken_is_one_line(port: int) -> None:
    environment = production_at(port)
    first = await started(PROGRAM, "works", **environment)
    await said(first)
    status, error = await ended(await started(PROGRAM, "works", **environment))
    first.terminate()
    await ended(first)
    assert (
        status == 1
        and error.strip().splitlines()[-1].startswith("cannot listen on 127.0.0.1:")
        and "PORT_BASE" in error
    )


async def test_an_app_drains_before_it_stops(port: int) -> None:
    async with running_issuer() as issuer:
        settings = settings_for(issuer)
        process = await started(
            APP,
            MAKEWHOLE_DRAIN="2",
            MAKEWHOLE_OIDC_ISSUER=settings.oidc_issuer,
            MAKEWHOLE_OIDC_JWKS=settings.oidc_jwks,
            PORT_BASE=str(port - 101),
        )
        address = f"http://127.0.0.1:{port - 100}"
        async with aiohttp.ClientSession() as session:
            await _serving(session, address)
            slow = asyncio.create_task(_slow(session, address))
            assert await said(process) == "asked"
            process.terminate()
            await eventually(lambda: _status_is(session, address, 503))
            assert await slow == {"done": True}
        status, error = await ended(process)
    assert status == 0, error


async def _serving(session: aiohttp.ClientSession, address: str) -> None:
    async def ready() -> bool:
        try:
            return await _status_is(session, address, 200)
        except aiohttp.ClientError:
            return False

    await eventually(ready)


async def _status_is(session: aiohttp.ClientSession, address: str, status: int) -> bool:
    async with session.get(f"{address}/readyz") as response:
        return response.status == status


async def _slow(session: aiohttp.ClientSession, address: str) -> Any:
    async with session.get(f"{address}/v1/slow") as response:
        return await response.json()


@pytest.mark.case("M14+5", given="half a head at a worker's port", right="closed in time")
async def test_a_head_that_does_not_end_in_time_closes_the_connection(
    port: int, came: Came, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    steady = Steady()
    async with running(port, steady):
        await eventually(lambda: steady.ran)
        answer = await raw_http.said(port, b"GET /healthz HTTP/1.1\r\nx: ")
    came(answer.decode() or "closed in time")
