"""What the local stack keeps to itself: passwords, folders, logs, and its children's environment."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import web

from local_stack import containers
from local_stack.child import OURS, Child, Command
from local_stack.databases import SERVICES, ensure_databases, ensure_logins, migrate_all
from local_stack.kafka import Kafka
from local_stack.passwords import LOGINS, passwords
from local_stack.postgres import Postgres
from local_stack.report import StackError
from local_stack.server import serving
from local_stack.settings import StackSettings
from local_stack.state import locked, wipe
from shared.events.logs import PARTITIONS
from shared.process.addresses import PASSWORDS, database_name, database_url, local_address, login_name
from shared.process.settings import Settings
from tests.cases.plugin import Came
from tests.support.servers import backing
from tests.support.servers.stack import LIMIT
from tests.support.toys.notes import listening


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_passwords_are_made_once_and_for_us_alone(tmp_path: Path) -> None:
    first = passwords(tmp_path / "state")
    assert passwords(tmp_path / "state") == first
    assert set(first) == set(LOGINS) and len(set(first.values())) == len(LOGINS)
    assert mode(tmp_path / "state" / PASSWORDS) == "0o600"


def test_a_service_that_is_new_gets_its_own(tmp_path: Path) -> None:
    first = passwords(tmp_path)
    path = tmp_path / PASSWORDS
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    again = passwords(tmp_path)
    assert set(again) == set(LOGINS)
    assert sum(first[login] != again[login] for login in LOGINS) == 1


def test_the_state_folder_is_closed_to_others(tmp_path: Path) -> None:
    for folder in (tmp_path / "new", tmp_path / "old"):
        folder.mkdir(mode=0o755)
        with locked(folder):
            assert not folder.stat().st_mode & 0o007


def test_so_are_the_folders_of_an_earlier_stack(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    (tmp_path / "log").mkdir(mode=0o755)
    with locked(tmp_path):
        assert mode(tmp_path / "log") == "0o700"


def test_a_folder_that_holds_other_things_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "something").mkdir()
    tmp_path.chmod(0o755)
    with locked(tmp_path):
        assert mode(tmp_path) == "0o755"


@pytest.mark.case("L12", given="the log of a child, and its folder", right="0o600 in 0o700")
async def test_what_children_say_is_for_us_alone(tmp_path: Path, came: Came) -> None:
    await output_of(tmp_path, ["true"])
    came(f"{mode(tmp_path / 'log' / 'child.log')} in {mode(tmp_path / 'log')}")


@pytest.mark.case("L12+1", given="a file that a child writes", right="0o600")
async def test_what_they_write_is_too(tmp_path: Path, came: Came) -> None:
    await output_of(tmp_path, [sys.executable, "-c", f"open({str(tmp_path / 'written')!r}, 'w')"])
    came(mode(tmp_path / "written"))


@pytest.mark.case(
    "L12+2",
    given="AWS_SECRET_ACCESS_KEY, GITHUB_TOKEN and MAKEWHOLE_LOG_LEVEL, told to a server and to a service",
    right="server: none; service: MAKEWHOLE_LOG_LEVEL",
)
async def test_children_are_given_what_they_need(tmp_path: Path, came: Came, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "MAKEWHOLE_LOG_LEVEL")
    for name in names:
        monkeypatch.setenv(name, "hush")
    told = [sys.executable, "-c", f"import os; print(*[name for name in {names} if name in os.environ])"]
    server, service = await output_of(tmp_path, told), await output_of(tmp_path, told, inherits=OURS)
    came(f"server: {server or 'none'}; service: {service}")


async def test_they_find_their_programs(tmp_path: Path) -> None:
    assert await output_of(tmp_path, ["sh", "-c", "echo $HOME"]) == os.environ["HOME"]


async def output_of(folder: Path, argv: list[str], **more: Any) -> str:
    """What a child said before it ended."""
    child = Child(Command("child", argv, **more), folder / "log" / "child.log")
    await child.ended()
    said = child.log.read_text().strip()
    child.log.write_text("")
    return said


@pytest.mark.parametrize(
    "base", ["58000", "-1", "abc", "65000", "1e3", "0", "80", " 8000", "８０００x", "8000.0", "99999999999999999999"]
)
@pytest.mark.case("B25", given="a PORT_BASE that is none, or too high", right="one line")
def test_a_base_that_makes_no_sense_is_one_line(tmp_path: Path, came: Came, base: str) -> None:
    with pytest.raises(StackError) as refused:
        StackSettings.read({"MAKEWHOLE_STATE": str(tmp_path), "PORT_BASE": base})
    assert "is no base port" in str(refused.value)
    came("one line" if "\n" not in str(refused.value) else "several")


async def version(_: web.Request) -> web.Response:
    return web.json_response({"ApiVersion": "1.44"})


@pytest.fixture
async def engine(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A container engine, as far as it is asked for its version."""
    app = web.Application()
    app.router.add_get("/version", version)
    async with listening(app) as address:
        monkeypatch.setenv("DOCKER_HOST", address.replace("http", "tcp"))
        yield


@pytest.mark.case("M5", given="the containers' ports and passwords", right="127.0.0.1, 127.0.0.1, random")
async def test_containers_are_reached_from_this_machine_alone(engine: None, tmp_path: Path, came: Came) -> None:
    password = passwords(tmp_path)[LOGINS[0]]
    postgres = await asyncio.to_thread(containers._postgres, 15432, password)
    kafka = await asyncio.to_thread(containers._kafka, 19092)
    hosts = [postgres.ports["5432/tcp"][0], kafka.ports["9092/tcp"][0]]
    random = postgres.password == password != LOGINS[0]
    came(", ".join([*hosts, "random" if random else "known"]))


@pytest.fixture(scope="module")
async def own_server() -> AsyncIterator[tuple[Path, Postgres]]:
    """A PostgreSQL as the stack sets it up: databases, migrations and logins."""
    with backing.temporary_state() as state:
        server = Postgres(state, backing.free_ports(1)[0])
        async with serving(server, state / "log" / "postgres.log"):
            await ensure_databases(server.url)
            await migrate_all(server.url, PARTITIONS)
            await ensure_logins(server.url, passwords(state))
            yield state, server


async def refusal(address: str, *statements: str) -> str:
    """Why PostgreSQL refuses the first statement that it does, or that it does not."""
    try:
        connection = await asyncpg.connect(address, timeout=LIMIT)
    except asyncpg.PostgresError as error:
        return type(error).__name__
    try:
        for statement in statements:
            await connection.execute(statement)
    except asyncpg.PostgresError as error:
        return type(error).__name__
    finally:
        await connection.close()
    return "done"


DENIED = "InsufficientPrivilegeError"
TRIED = [
    ("COPY FROM PROGRAM", "create temporary table x (t text)", "copy x from program 'id'"),
    ("triggers disabled", "alter table events disable trigger all"),
    ("history changed", "update events set type = 'x'"),
    ("history deleted", "delete from events"),
    ("history emptied", "truncate events"),
    ("a table of one's own", "create table public.mine (n int)"),
    ("the function replaced", "drop function append_events"),
    ("a role made", "create role mine superuser"),
    (
        "RESET ROLE first",
        "set role makewhole_app",
        "reset role",
        "alter table events disable trigger all",
    ),
    ("triggers silenced for the session", "set session_replication_role = replica"),
    ("a file of the server read", "select pg_read_file('postgresql.conf')"),
]


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(statements, marks=pytest.mark.case(f"M4+{n}", given=f"a service's login: {what}", right=DENIED))
        for n, (what, *statements) in enumerate(TRIED, 1)
    ],
)
@pytest.mark.slow
async def test_a_services_login_is_no_superuser_and_owns_nothing(
    own_server: tuple[Path, Postgres], came: Came, statements: list[str]
) -> None:
    state, server = own_server
    came(await refusal(address_of(state, server, "dispute"), *statements))


@pytest.mark.slow
@pytest.mark.case("M4", given="no password, and another service's login at the sandbox's key", right="2 refused")
async def test_nobody_comes_in_without_a_password_or_elsewhere(own_server: tuple[Path, Postgres], came: Came) -> None:
    state, server = own_server
    nobody = f"postgresql://makewhole@127.0.0.1:{server.port}/postgres?passfile={state}/none"
    (state / "none").touch(0o600)
    there = database_url(local_address(login_name("refund"), server.port, state / PASSWORDS), database_name("sandbox"))
    refused = [await refusal(nobody, "select 1"), await refusal(there, "select private_pem from signing_key")]
    came(f"{sum(each != 'done' for each in refused)} refused")


@pytest.mark.slow
async def test_each_login_does_its_services_work(own_server: tuple[Path, Postgres]) -> None:
    state, server = own_server
    for service in SERVICES:
        assert await refusal(address_of(state, server, service), "select * from alembic_version") == "done"
    sandbox = address_of(state, server, "sandbox")
    assert await refusal(sandbox, "select * from signing_key", "update clock set revision = revision + 1") == "done"
    log = "select * from events", "delete from checkpoints", "select pg_notify('makewhole_log', '1')"
    assert await refusal(address_of(state, server, "dispute"), *log) == "done"


@pytest.mark.slow
async def test_logins_are_made_once_and_found_again(own_server: tuple[Path, Postgres]) -> None:
    state, server = own_server
    await ensure_logins(server.url, passwords(state))
    assert await refusal(address_of(state, server, "refund"), "select * from events") == "done"


@pytest.mark.slow
async def test_a_cluster_without_passwords_is_one_line() -> None:
    with backing.temporary_state() as state:
        (state / "postgres" / "data").mkdir(parents=True)
        (state / "postgres" / "data" / "PG_VERSION").touch()
        with pytest.raises(StackError, match="FRESH=1"):
            await Postgres(state, backing.free_ports(1)[0]).command()


def address_of(state: Path, server: Postgres, service: str) -> str:
    settings = Settings(state=state, port_base=server.port - 7432)
    return settings.dsn(service)


NAMED = {"B12": "é", "B12+1": "ü b,c", "B12+2": "日本", "B12+3": "a\\b#%41"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=[
                pytest.mark.case(id_, given=f"a state folder under {name}", right="there, then gone"),
                *([pytest.mark.proof] if id_ != "B12+3" else []),
            ],
        )
        for id_, name in NAMED.items()
    ],
)
async def test_kafkas_data_lie_in_the_folder_whatever_it_is_called(came: Came, name: str) -> None:
    with backing.temporary_state() as outside:
        state = outside / name
        state.mkdir()
        server = Kafka(state, *backing.free_ports(2))
        async with serving(server, state / "log" / "kafka.log"):
            there = (state / "kafka" / "data" / "meta.properties").exists() and os.listdir(outside) == [name]
            assert mode(state / "kafka") == "0o700"
        wipe(state)
        came(f"{'there' if there else 'elsewhere'}, then {'kept' if (state / 'kafka').exists() else 'gone'}")
