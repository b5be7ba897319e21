"""Kafka's jar files: downloaded from a pinned list, every hash checked.

The list is whole on purpose. Left to itself, a resolver chose another version of a client library than the broker was
built with.
"""

import fcntl
import hashlib
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local_stack.report import StackError, say

LIST = Path(__file__).with_name("kafka-jars.txt")
THREADS = 8
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the list."""

    group: str
    artifact: str
    version: str
    sha256: str

    def path(self, cache: Path) -> Path:
        """Where the cache keeps it, in a repository's own layout."""
        return cache.joinpath(
            *self.group.split("."), self.artifact, self.version, f"{self.artifact}-{self.version}.jar"
        )

    def intact(self, cache: Path) -> bool:
        """Whether the cache holds exactly this jar."""
        path = self.path(cache)
        return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


def pinned() -> list[Jar]:
    """The jars of the list, as `group:artifact:version sha256:digest`."""
    return [_jar(line) for line in LIST.read_text().splitlines() if line.strip()]


def cache_folder(environment: Mapping[str, str]) -> Path:
    """The user's cache, shared by every stack and every clone."""
    base = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "makewhole"


def jars(cache: Path) -> list[Path]:
    """The paths of all jars, fetched where they are missing or damaged."""
    wanted = pinned()
    folder = cache / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("a") as lock, ThreadPoolExecutor(THREADS) as pool:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two stacks may start at once on a new machine
        missing = [
            jar
            for jar, intact in zip(wanted, pool.map(lambda jar: jar.intact(folder), wanted), strict=True)
            if not intact
        ]
        if missing:
            _fetch_all(missing, folder, pool)
    return [jar.path(folder) for jar in wanted]


def _jar(line: str) -> Jar:
    coordinate, digest = line.split()
    group, artifact, version = coordinate.split(":")
    return Jar(group, artifact, version, digest.removeprefix("sha256:"))


def _fetch_all(missing: list[Jar], folder: Path, pool: ThreadPoolExecutor) -> None:
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    say(f"fetching {len(missing)} jars of Apache Kafka into {folder}")
    if SYSTEM_CERTIFICATES.exists():  # a company's mirror is signed with one of the machine's own
        os.environ.setdefault("REQUESTS_CA_BUNDLE", str(SYSTEM_CERTIFICATES))
    context = MavenContext(repo_cache=folder, remote_repos={"central": MAVEN_CENTRAL_URL}, timeout=60)

    def fetch(jar: Jar) -> None:
        jar.path(folder).unlink(missing_ok=True)
        try:
            context.project(jar.group, jar.artifact).at_version(jar.version).artifact(packaging="jar").resolve()
        except Exception as error:  # the library raises many kinds; the advice is the same for each
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise StackError(
                f"cannot fetch {jar.artifact} {jar.version} ({reason}): check the network, or set MAKEWHOLE_KAFKA"
            ) from None
        if not jar.intact(folder):
            os.unlink(jar.path(folder))
            raise StackError(f"{jar.artifact} {jar.version} is not the jar that {LIST.name} pins: its hash differs")

    for _ in pool.map(fetch, missing):
        pass
