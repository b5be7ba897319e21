"""Databases and topics as a tree has them: `python prepare.py <server url> <bootstrap address>`."""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module


async def main(server: str, kafka: str) -> None:
    """Creates and migrates the databases, and creates the topics."""
    await import_module("migrations.migrator").migrate_all(server)
    await import_module("local_stack.topics").ensure_topics(kafka)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
