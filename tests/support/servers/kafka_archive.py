"""Writes the archive of Kafka's classes: `python -m tests.support.servers.kafka_archive`.

The Java of the wheel comes without one, so each start reads, checks and links 8,000 classes anew: with the archive a
broker takes 4 seconds of a core instead of 9, and the tests start two dozen.
"""

import asyncio
from dataclasses import replace
from pathlib import Path

from local_stack.child import Child
from local_stack.kafka import Kafka, archive, java
from local_stack.server import until_ready
from tests.support.servers import backing

LIMIT = 240.0
"""Seconds that Java may take to write it when the broker stops."""


async def write(path: Path) -> None:
    """Starts a broker, stops it, and has Java write down which classes it used."""
    with backing.temporary_state(in_memory=True) as state:
        server, written = Kafka(state, *backing.free_ports(2)), state / path.name
        command = await server.command()
        program, *flags = command.argv
        recording = [program, f"-XX:AOTCacheOutput={written}", *flags]
        child = Child(replace(command, argv=recording, stop_limit=LIMIT), state / "kafka.log")
        try:
            await until_ready(server, child)
        finally:
            await child.stop()
        placed(written, path)


def placed(written: Path, path: Path) -> None:
    """Puts the whole archive in its place at once: who starts a broker meanwhile sees all of it or none."""
    beside = path.with_suffix(".new")
    beside.write_bytes(written.read_bytes())
    beside.replace(path)


if __name__ == "__main__":
    place = archive(java())
    place.unlink(missing_ok=True)  # Java reads an archive or writes one
    asyncio.run(write(place))
