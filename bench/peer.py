"""The peer: the same command as one writes it with FastAPI and the library `eventsourcing`.

`python -m bench.peer PORT DSN` serves it: a token is verified, the dispute loaded, the seller's answer decided, one
event appended. The library's calls block, so they run in threads, as FastAPI does by itself.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import jwt
import uvicorn
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel
from sqlalchemy import make_url

SECRET = "a secret of the benchmark alone, long enough for its hash"
OPENED_AT_ONCE = 2_000
DETAILS = {"reason": "not_received", "amount": "50.00", "currency": "USD", "description": "x" * 500}


def signed_token() -> str:
    """A token that the peer believes."""
    claims = {"sub": "bench-seller", "roles": ["seller"], "exp": datetime.now(UTC) + timedelta(hours=1)}
    return jwt.encode(claims, SECRET, algorithm="HS256")


class Dispute(Aggregate):
    """A dispute of the peer's."""

    @event("Opened")
    def __init__(self, order_id: str, seller_id: str, details: dict[str, str]) -> None:
        self.order_id = order_id
        self.seller_id = seller_id
        self.details = details
        self.state = "open"
        self.answer = ""

    @event("Rejected")
    def reject(self, reason: str) -> None:
        """The seller refuses; whoever repeats it changes nothing that is seen."""
        self.state = "rejected"
        self.answer = reason


class Disputes(Application[UUID]):
    """The peer's use cases."""

    def open(self) -> UUID:
        """A new dispute."""
        dispute = Dispute("an-order", "bench-seller", DETAILS)
        self.save(dispute)
        return dispute.id

    def reject(self, dispute_id: UUID, seller: str, reason: str) -> dict[str, Any]:
        """The seller's refusal, and what the dispute is then."""
        dispute: Dispute = self.repository.get(dispute_id)
        if dispute.seller_id != seller:
            raise HTTPException(404)
        dispute.reject(reason)
        self.save(dispute)
        return {"id": str(dispute.id), "state": dispute.state, "version": dispute.version, **dispute.details}


class Response(BaseModel):
    """The seller's answer."""

    decision: str
    reason: str


def caller(authorization: Annotated[str, Header()]) -> str:
    """Who asks, by the token."""
    claims = jwt.decode(authorization.removeprefix("Bearer "), SECRET, algorithms=["HS256"])
    return str(claims["sub"])


def app_of(disputes: Disputes) -> FastAPI:
    """The peer's routes."""
    app = FastAPI()

    @app.get("/readyz")
    def ready() -> None: ...

    @app.post("/v1/disputes")
    def opened() -> list[str]:
        return [str(disputes.open()) for _ in range(OPENED_AT_ONCE)]

    @app.post("/v1/disputes/{dispute_id}/response")
    def respond(dispute_id: UUID, said: Response, sub: Annotated[str, Depends(caller)]) -> dict[str, Any]:
        return disputes.reject(dispute_id, sub, said.reason)

    return app


def environment(dsn: str) -> dict[str, str]:
    """What the library wants to know of its database."""
    url = make_url(dsn)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(url.database),
        "POSTGRES_HOST": str(url.host),
        "POSTGRES_PORT": str(url.port),
        "POSTGRES_USER": str(url.username),
        "POSTGRES_PASSWORD": str(url.password),
        "POSTGRES_POOL_SIZE": "16",
        "POSTGRES_ENABLE_DB_FUNCTIONS": "y",
    }


if __name__ == "__main__":
    uvicorn.run(
        app_of(Disputes(environment(sys.argv[2]))),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        http="httptools",
        loop="uvloop",
        access_log=False,
        log_level="warning",
    )
