"""Databases and topics as a tree has them: `python prepare.py <server url> <bootstrap address>`."""

from __future__ import annotations

import asyncio
import inspect
import sys
from importlib import import_module

PARTITIONS = 12


async def main(server: str, kafka: str) -> None:
    """Creates and migrates the databases, and creates the topics."""
    migrate_all = import_module("migrations.migrator").migrate_all
    # A tree from before partitions were recorded knows nothing of them.
    recorded = {"partitions": PARTITIONS} if "partitions" in inspect.signature(migrate_all).parameters else {}
    await migrate_all(server, **recorded)
    await import_module("local_stack.topics").ensure_topics(kafka)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
