"""Responses: JSON bodies with ETag and Makewhole-Position."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol, cast

import orjson
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.events.base import wire_time
from shared.events.money import Money
from shared.events.slot import SlotPosition
from shared.http.common_headers import Stamped
from shared.http.problems import MEDIA_TYPE, Problem, Refusal
from shared.http.request.if_match import is_another, is_known

JSON = b"application/json"
CREATED = 201
NOT_MODIFIED = 304
REFUSED = 400
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


class CommandOutcome(Protocol):
    """What a command came to, as far as its answer shows it (`shared.eventstore.command_handling.Outcome`)."""

    @property
    def streams(self) -> Sequence[str]:
        """The names of the command's streams."""

    @property
    def versions(self) -> Sequence[int]:
        """The versions of the command's streams."""

    @property
    def position(self) -> int:
        """The log's position of its last event."""

    @property
    def slot(self) -> int:
        """The slot of its first stream."""

    @property
    def replayed(self) -> bool:
        """Whether it had been carried out before."""


class JsonResponse(Response):
    """A response with its bytes and headers made; stream, version, position and `replayed` are for the log line."""

    stream: str | None = None
    version: int | None = None
    position: int | None = None
    replayed = False
    tag: str | None = None

    def __init__(self, body: bytes, status: int = 200, media_type: bytes = JSON) -> None:
        # Not Starlette's own: it would encode, and look for, what is known here.
        self.body = body
        self.status_code = status
        self.background = None
        self.raw_headers = [
            (b"content-type", media_type),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it, in one piece where it can be: a refusal may end its connection."""
        whole = self.status_code < REFUSED and isinstance(send, Stamped)
        if not whole or not cast(Stamped, send).whole(self.status_code, self.raw_headers, bytes(self.body)):
            await super().__call__(scope, receive, send)

    def add(self, name: bytes, value: str | bytes) -> None:
        """Adds a header."""
        self.raw_headers.append((name, value if isinstance(value, bytes) else value.encode("latin-1")))


def command_response(
    outcome: CommandOutcome, body: Any, status: int = 200, location: str | None = None
) -> JsonResponse:
    """The answer to a command: the first stream's version as ETag, the position, and whether it is a repeat.
    `location` is told with 201 alone.
    """
    answered = query_response(body, outcome.versions[0], status)
    answered.stream, answered.position, answered.replayed = outcome.streams[0], outcome.position, outcome.replayed
    answered.raw_headers.append((b"makewhole-position", str(SlotPosition(outcome.slot, outcome.position)).encode()))
    if outcome.replayed:
        answered.raw_headers.append((b"idempotent-replayed", b"true"))
    if location and status == CREATED:
        answered.add(b"location", location)
    return answered


def query_response(body: Any, version: int | None = None, status: int = 200) -> JsonResponse:
    """The answer to a query; `version` where it shows one stream."""
    answered = JsonResponse(to_json(body), status)
    if version is not None:
        answered.version = version
        # Two parties, and the same one an hour later, see other answers of one version: a strong tag tells them apart.
        answered.tag = f'"{version}-{hashlib.blake2s(answered.body, digest_size=4).hexdigest()}"'
        answered.add(b"etag", answered.tag)
    return answered


def problem_response(problem: Problem, request_id: str) -> JsonResponse:
    """The problem as `application/problem+json`."""
    answered = JsonResponse(to_json(problem.body(request_id)), problem.status, MEDIA_TYPE.encode())
    for name, value in problem.headers.items():
        answered.add(name.lower().encode(), value)
    return answered


def conditional(answered: Response, headers: Mapping[bytes, bytes]) -> Response:
    """The answer to a GET, or 304 in its place where If-None-Match names its tag; 412 where If-Match names others (RFC
    9110, 13.2.2: that one first).
    """
    tag = getattr(answered, "tag", None)
    if b"if-match" in headers and is_another(headers, tag):
        raise Refusal("version_conflict", "If-Match does not name the ETag of what is here now.")
    if not tag or b"if-none-match" not in headers or not is_known(headers, tag):
        return answered
    return Response(status_code=NOT_MODIFIED, headers={"ETag": tag, "Cache-Control": "no-store"})


def to_json(value: Any) -> bytes:
    """JSON of dicts, lists, pydantic models, Money, instants, enumerations and ids in their wire form."""
    return orjson.dumps(value, _default, _OPTIONS)


def _default(value: Any) -> Any:
    return _FORMS.get(type(value), _form)(value)


def _form(value: Any) -> Any:
    """Of a subclass, or of whatever else is a model, a mapping or a list."""
    match value:
        case datetime():
            return wire_time(value)
        case date():
            return value.isoformat()
        case BaseModel():
            return value.model_dump(mode="json")
        case set() | frozenset():
            return sorted(value)
        case Mapping():
            return dict(value)
        case Sequence():
            return list(value)
    raise TypeError(f"{type(value).__name__} has no form on the wire")


def _money(value: Money) -> dict[str, str]:
    return {"amount": value.amount, "currency": value.currency}


_FORMS: Mapping[type, Callable[[Any], Any]] = {datetime: wire_time, Money: _money, frozenset: sorted}
"""By type, of what most answers hold: an answer has a dozen of these."""
