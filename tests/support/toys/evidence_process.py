"""`python -m tests.support.toys.evidence_process <dsn> <issuer> <folder> <port> <instant>`: the dispute service's
application in a process of its own, at a standing instant, to be weighed and killed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import datetime
from pathlib import Path

from dispute.app import build
from dispute.domain.decider import decider
from shared.eventstore.connections import open_pool
from shared.eventstore.store import open_store
from shared.http.server import listening
from shared.process.settings import Settings
from shared.process.startup import bind
from shared.resilience import crash_points
from tests.support.servers.service import StandingClock


async def main(dsn: str, issuer: str, folder: str, port: str, instant: str) -> None:
    crash_points.arm(os.environ.get("CRASH", ""), Path(folder))
    objects = (Path(folder) / "objects").as_uri()
    settings = Settings(oidc_issuer=issuer, oidc_jwks=f"{issuer}/jwks", objects=objects, quotas="off")
    app = build(settings)
    app.clock = StandingClock(datetime.fromisoformat(instant))
    async with open_store(dsn, deadlines=decider.deadlines) as store, open_pool(dsn) as pool:
        app.state.store, app.state.pool = store, pool
        async with listening(app, bind("127.0.0.1", int(port))):
            print("listening", flush=True)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads on, and a full pipe would stop it
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
