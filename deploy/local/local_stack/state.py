"""State folder: where a stack keeps its data, and the lock that gives it to one supervisor at a time."""

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from local_stack.child import User
from local_stack.keys import FILE as KEYS_FILE
from local_stack.report import StackError
from local_stack.revisions import FILE as REVISIONS_FILE
from shared.process import addresses

PROJECT = addresses.PROJECT
# It survives a restart and is open to every user; the folder below it belongs to us alone.
SPARE_ROOT = Path("/var/tmp")  # noqa: S108
NOBODY = User(65534, 65534)


def state_folder(environment: Mapping[str, str]) -> Path:
    """The folder of this stack's data, `.local` in the project unless MAKEWHOLE_STATE names another."""
    return addresses.state_folder(environment.get("MAKEWHOLE_STATE"))


@contextlib.contextmanager
def locked(state: Path) -> Iterator[bool]:
    """Holds the state folder's lock; yields whether its last holder was killed.

    The kernel drops the lock however the holder ends, so a killed supervisor leaves none behind, only its process id in
    the file.
    """
    keep_private(state)
    with (state / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(
                f"another supervisor runs on {state}: stop it, or set MAKEWHOLE_STATE and PORT_BASE for a second stack"
            ) from None
        lock.seek(0)
        was_killed = bool(lock.read())
        _write(lock, str(os.getpid()))
        try:
            yield was_killed
        finally:
            _write(lock, "")


def _write(lock: TextIO, text: str) -> None:
    lock.truncate(0)
    lock.write(text)
    lock.flush()


def keep_private(state: Path) -> None:
    """Closes a state folder of ours to other users; only the server's own may pass through."""
    state.mkdir(parents=True, exist_ok=True)
    if (state / "lock").exists() or not any(state.iterdir()):
        user = server_user()
        if user:
            os.chown(state, -1, user.gid)
        state.chmod(0o710 if user else 0o700)
        for folder in filter(Path.exists, (state / "log", state / "kafka")):
            folder.chmod(0o700)


def server_user() -> User | None:
    """The unprivileged user for PostgreSQL, which refuses to run as root; nothing when we are not root."""
    return NOBODY if os.geteuid() == 0 else None


def reachable(path: Path, user: User) -> bool:
    """Whether the user may pass through to the path."""
    return all(_lets_pass(folder, user) for folder in path.resolve().parents)


def _lets_pass(folder: Path, user: User) -> bool:
    found = folder.stat()
    return bool(found.st_mode & 0o001 or (found.st_gid == user.gid and found.st_mode & 0o010))


def open_folder(state: Path, name: str, user: User | None) -> Path:
    """A folder for data that the user can reach, in the state folder where that is possible, else in a stable place
    outside it.
    """
    state.mkdir(parents=True, exist_ok=True)
    path = state / name
    if user and not reachable(path, user):
        path = spare_folder(state) / name
    path.mkdir(exist_ok=True)
    return path


def spare_folder(path: Path) -> Path:
    """Our own folder outside a closed tree, named after the path that it stands in for."""
    folder = SPARE_ROOT / f"makewhole-{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    folder.mkdir(mode=0o755, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise StackError(
            f"{folder} belongs to somebody else: remove it, or set MAKEWHOLE_STATE to a folder that every "
            f"user may enter"
        )
    return folder


def wipe(state: Path) -> None:
    """Removes what PostgreSQL and Kafka keep, always both: the one's checkpoints speak of the other's offsets."""
    spare = SPARE_ROOT / spare_folder(state).name
    for root in (state, spare):
        for name in ("postgres", "kafka"):
            shutil.rmtree(root / name, ignore_errors=True)
    (state / KEYS_FILE).unlink(missing_ok=True)  # what signed the records of the old logs is none of the new ones
    (state / REVISIONS_FILE).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        spare.rmdir()
