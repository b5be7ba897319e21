"""A little service made with the real factory, and an issuer of tokens on a real socket: what tests of the HTTP edge
talk to.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import aiohttp
import httpx
import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fastapi import Form
from fastapi.sse import EventSourceResponse, ServerSentEvent
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from shared.decider import Decider, Stream
from shared.events.base import Command, Event, StreamName
from shared.events.errors import UnknownEvent
from shared.events.fields import Text, WireMoney
from shared.events.money import Money
from shared.eventstore.errors import Busy, OutcomeUnknown, Unstorable
from shared.eventstore.memory import MemoryEventStore
from shared.http.app import App, create_app
from shared.http.caller import CommandContext, QueryContext, command, query
from shared.http.responses import command_response, query_response
from shared.http.routing import Router
from shared.http.server import listening as listening_at
from shared.process.clock import SystemClock
from shared.process.settings import Settings
from shared.process.startup import bind
from shared.rejections import NotFound, Rejected

HOUR = 3600


@dataclass
class Issuer:
    """An OIDC issuer: signs tokens and publishes its keys; `asked` counts who came for them."""

    address: str = "http://issuer.test"
    keys: dict[str, tuple[Any, str]] = field(default_factory=dict)
    published: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    broken: bool = False
    more: dict[str, Any] = field(default_factory=dict)
    """Members that its set of keys has besides."""

    def rotate(self, kid: str, algorithm: str = "ES256", keep: bool = True) -> None:
        """Signs with a new key from now on; without `keep` the old ones are withdrawn."""
        kinds: dict[str, tuple[Callable[[], Any], Any]] = {
            "ES256": (lambda: ec.generate_private_key(ec.SECP256R1()), ECAlgorithm),
            "RS256": (lambda: rsa.generate_private_key(65537, 2048), RSAAlgorithm),
            "EdDSA": (ed25519.Ed25519PrivateKey.generate, OKPAlgorithm),
        }
        make, kind = kinds[algorithm]
        key = make()
        self.keys[kid] = (key, algorithm)
        public = {**json.loads(kind.to_jwk(key.public_key())), "kid": kid, "use": "sig", "alg": algorithm}
        self.published = [*(self.published if keep else []), public]

    def token(
        self,
        sub: str = "buyer-1",
        *roles: str,
        kid: str | None = None,
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """A token for an hour; a claim given as None is left out."""
        name = kid or list(self.keys)[-1]
        key, algorithm = self.keys[name]
        said = {
            "iss": self.address,
            "aud": "makewhole",
            "sub": sub,
            "roles": list(roles or ("buyer",)),
            "exp": int(time.time()) + HOUR,
            **claims,
        }
        return jwt.encode(
            {k: v for k, v in said.items() if v is not None}, key, algorithm, headers={"kid": name, **(header or {})}
        )

    def bearer(self, sub: str = "buyer-1", *roles: str, **more: Any) -> dict[str, str]:
        """The Authorization header with such a token."""
        return {"Authorization": f"Bearer {self.token(sub, *roles, **more)}"}

    async def answer(self, _: web.Request) -> web.Response:
        """What the address of its keys answers."""
        self.asked += 1
        return web.Response(status=500) if self.broken else web.json_response({"keys": self.published} | self.more)


@contextlib.asynccontextmanager
async def running_issuer() -> AsyncIterator[Issuer]:
    """An issuer that listens."""
    issuer = Issuer()
    app = web.Application()
    app.router.add_get("/jwks", issuer.answer)
    async with listening(app) as address:
        issuer.address = address
        issuer.rotate("first")
        yield issuer


@contextlib.asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[str]:
    """The address at which the application listens."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Noted(Event):
    """A note was written; its text is elsewhere."""

    words: int


class Note(Command):
    """Write a note down."""

    note_id: str
    text: str
    price: Money | None = None

    @property
    def streams(self) -> list[StreamName]:
        return [StreamName(f"note-{self.note_id}", self.note_id)]


class TooEarly(Rejected):
    """Not before its time."""

    rules = ("S21",)


class ReasonNotCovered(Rejected):
    """One of the codes that are not a 409."""


TROUBLES: dict[str, Exception] = {
    "busy": Busy("too much waits"),
    "of tomorrow": UnknownEvent("makewhole.Tomorrow.v1"),
    "nobody knows": OutcomeUnknown("ten seconds of silence"),
    "unstorable": Unstorable("not this"),
    "broken": RuntimeError("the secret is broken"),
}


def decide(asked: Note, words: int) -> list[Event]:
    """By what the text says, the refusals of a whole domain."""
    match asked.text:
        case "too early":
            raise TooEarly("Wait.", opens_at=asked.at, actions=[{"rel": "wait", "method": "GET", "href": "/v1/notes"}])
        case "not covered":
            raise ReasonNotCovered("This is not covered.", rules=["K9"])
        case "unknown":
            raise NotFound("There is no such note.")
        case text if text in TROUBLES:
            raise TROUBLES[text]
    return [Noted(words=len(asked.text.split()))]


DECIDER = Decider({"note": Stream(0, lambda state, event: state + event.words)}, decide)


class NoteBody(BaseModel):
    """What a note is made of."""

    model_config = ConfigDict(extra="forbid")

    text: str
    price: WireMoney | None = None
    tags: list[str] = []


class TextBody(BaseModel):
    """A text with limits, a choice, and perhaps an order."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["praise", "complaint"]
    text: Annotated[str, Text(20)]
    order_id: str | None = None


router = Router("notes")


async def _noted(caller: CommandContext, note_id: str, body: NoteBody, status: int) -> Response:
    asked = caller.command(Note, None, note_id=note_id, text=body.text, price=body.price)
    outcome = await caller.handle(asked)
    return command_response(
        outcome,
        {"id": note_id, "words": outcome.states[0], "price": body.price},
        status,
        f"/v1/notes/{note_id}",
    )


@router.post("/v1/notes/{note_id}", status_code=201, response_model=NoteBody)
async def write_note(
    note_id: str, body: NoteBody, caller: Annotated[CommandContext, command("buyer", "support", key_required=True)]
) -> Response:
    """Write a note."""
    return await _noted(caller, note_id, body, 201)


@router.post("/v1/notes/{note_id}/revision")
async def revise_note(
    note_id: str, body: NoteBody, caller: Annotated[CommandContext, command("buyer", if_match="required")]
) -> Response:
    """Write more of a note."""
    return await _noted(caller, note_id, body, 200)


@router.post("/v1/notes/{note_id}/echo")
async def echo(
    note_id: str, caller: Annotated[CommandContext, command("buyer")], body: TextBody | None = None
) -> Response:
    """Show what the edge made of the request."""
    seen = {
        "id": note_id,
        "body": body,
        "key": caller.command_id,
        "hash": caller.request_hash,
        "trace": caller.traceparent,
        "at": caller.at,
    }
    versions = sorted(caller.seen) if isinstance(caller.seen, frozenset) else caller.seen and "any"
    return query_response({**seen, "expected": versions, "actor": caller.actor.id})


@router.post("/v1/notes/{note_id}/archive")
async def archive(
    note_id: str, caller: Annotated[CommandContext, command("buyer", key_required=True, if_match="required")]
) -> Response:
    """A command without a body."""
    return query_response({"id": note_id})


@router.get("/v1/notes/{note_id}")
async def show(
    note_id: str, viewer: Annotated[QueryContext, query()], limit: int = 25, starting: str | None = None
) -> Response:
    """Show a note."""
    return query_response({"id": note_id, "limit": limit, "starting": starting, "actor": viewer.actor.id}, 3)


@router.post("/v1/forms", max_body_size=100_000)
async def send_form(caller: Annotated[CommandContext, command("buyer")], name: Annotated[str, Form()]) -> Response:
    """A form, which FastAPI reads."""
    return query_response({"name": name})


@router.get("/v1/notes/{note_id}/stream", response_class=EventSourceResponse)
async def stream(note_id: str, viewer: Annotated[QueryContext, query("buyer")]) -> AsyncIterator[ServerSentEvent]:
    """What happens to a note, as it happens."""
    for number in range(3):
        yield ServerSentEvent(data={"note": note_id, "for": viewer.actor.id}, id=str(number))


@router.post("/v1/open")
async def send_open(body: TextBody) -> Response:
    """A body from anybody, which FastAPI reads."""
    return query_response(body)


@router.get("/v1/open")
async def show_open(request: Request) -> Response:
    """For anybody."""
    return query_response({"path": request.url.path})


def settings_for(issuer: Issuer, **more: Any) -> Settings:
    """Sandbox settings with this issuer, which may be asked for its keys as often as somebody wants."""
    return Settings(oidc_issuer=issuer.address, oidc_jwks=f"{issuer.address}/jwks", **{"jwks_refresh": 1e-9, **more})


def tiny_app(issuer: Issuer, **more: Any) -> App:
    """The little service over a store in memory."""
    app = create_app("dispute", [router], {}, settings_for(issuer, **more), clock=SystemClock())
    app.state.store, app.state.decider = MemoryEventStore(), DECIDER
    return app


def client_of(app: App) -> httpx.AsyncClient:
    """A client that calls the application directly."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost")


@contextlib.asynccontextmanager
async def served(app: App) -> AsyncIterator[str]:
    """The address at which the application is served, as in production but in this process."""
    async with listening_at(app, bind("127.0.0.1", 0)) as address:
        yield address


@contextlib.asynccontextmanager
async def spoken_to(app: App) -> AsyncIterator[aiohttp.ClientSession]:
    """A session with the served application."""
    async with served(app) as address, aiohttp.ClientSession(address) as session:
        yield session
