"""Command line of the local stack: python -m local_stack run | backing | migrate."""

import argparse
import asyncio
import os
import sys

from local_stack.databases import ensure_databases, migrate_all
from local_stack.report import StackError, say
from local_stack.run import run, serve_backing
from local_stack.settings import StackSettings


def main() -> int:
    """Does what the first argument says; a failure is one line."""
    arguments = _parser().parse_args()
    try:
        settings = StackSettings.read(os.environ)
        asyncio.run(_COMMANDS[arguments.command](settings, arguments))
    except StackError as error:
        say(f"makewhole: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


async def _run(settings: StackSettings, arguments: argparse.Namespace) -> None:
    await run(settings, [name for name in arguments.only.split(",") if name])


async def _backing(settings: StackSettings, _: argparse.Namespace) -> None:
    await serve_backing(settings)


async def _migrate(settings: StackSettings, _: argparse.Namespace) -> None:
    url = settings.database_url or settings.own_database_url
    await ensure_databases(url)
    await migrate_all(url, settings.partitions)
    say("databases are migrated")


_COMMANDS = {"run": _run, "backing": _backing, "migrate": _migrate}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="local_stack", description="PostgreSQL, Kafka and every service as local processes."
    )
    parser.add_argument("command", choices=sorted(_COMMANDS))
    parser.add_argument(
        "--only", default="", metavar="NAMES", help="the services to run, separated by commas; all where left out"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
