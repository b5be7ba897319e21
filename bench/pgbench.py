"""Reference by pgbench: plain INSERTs into a table with the log's columns and indexes, each a prepared transaction."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from local_stack.postgres import programs

TABLE = """
create table plain (
    position    bigserial primary key,
    stream      text collate "C" not null,
    version     integer not null,
    key         text not null,
    type        text not null,
    data        jsonb not null,
    metadata    jsonb not null,
    recorded_at timestamptz not null default clock_timestamp(),
    unique (stream, version)
)
"""
LONGEST = 30.0
"""Seconds in which any machine ends a transaction."""
INSERT = (
    "insert into plain (stream, version, key, type, data, metadata) "
    "values ('counter-' || gen_random_uuid(), 1, 'counter-0f8fad5b-d9cb-469f-a165-70867728950e', "
    "'makewhole.Counted.v1', :data, :metadata);\n"
)


@dataclass(frozen=True, slots=True)
class Pgbench:
    """pgbench on the database at `dsn`, whose table it made, with these JSON texts in each row."""

    dsn: str
    data: str
    metadata: str

    async def prepare(self) -> None:
        """Makes the table."""
        connection = await asyncpg.connect(self.dsn)
        await connection.execute(TABLE)
        await connection.close()

    async def inserts(self, clients: int, seconds: float) -> float:
        """Transactions a second with this many clients; of a longer time, where a busy machine ended none in this."""
        parts = urlsplit(self.dsn)
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "insert.sql"
            script.write_text(INSERT)
            # Given as variables, so that they travel as parameters, as ours do.
            variables = ["-D", f"data={self.data}", "-D", f"metadata={self.metadata}"]
            address = [
                "-h",
                str(parts.hostname),
                "-p",
                str(parts.port),
                "-U",
                str(parts.username),
                parts.path.strip("/"),
            ]
            limits = ["-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(int(seconds))]
            argv = [str(programs(None) / "pgbench"), *limits, *variables, "-f", str(script), *address]
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, "LC_ALL": "C", "PGPASSWORD": parts.password or ""},
            )
            output = (await process.communicate())[0].decode()
        found = re.search(r"tps = ([\d.]+)", output)
        if process.returncode == 0 and not found and seconds < LONGEST:
            return await self.inserts(clients, 2 * seconds)
        if process.returncode or not found:
            raise RuntimeError(f"pgbench ended with {process.returncode}: {output[-500:]}")
        return float(found[1])
