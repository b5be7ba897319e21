"""`python -m migrations <service>|all <server url> <partitions>`: creates what databases are missing and brings them to
their newest revision; each log keeps the number of partitions of its topic.
"""

import asyncio
import sys

from migrations.migrator import SERVICES, migrate_all


def main(arguments: list[str]) -> int:
    """Runs the migrations named on the command line; exit status 2 when it cannot be understood."""
    if len(arguments) != 3 or arguments[0] not in (*SERVICES, "all") or not arguments[2].isdigit():
        print(f"usage: python -m migrations {'|'.join((*SERVICES, 'all'))} <server url> <partitions>", file=sys.stderr)
        return 2
    name, server, partitions = arguments
    asyncio.run(migrate_all(server, int(partitions), SERVICES if name == "all" else (name,)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
