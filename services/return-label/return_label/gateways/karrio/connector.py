"""Connectors: one carrier's language, which Karrio speaks, and its addresses, which are asked here.

Karrio's own calls have no time limit, and make one answer of a refusal and of a server that fails; so it writes the
requests and reads the answers, and what goes over the line is ours.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from karrio import lib
from loguru import logger

from return_label.gateways.port import Unanswered, Unavailable

logger.disable("karrio")  # it would write what it is given, addresses and all

LARGEST_ANSWER = 8 << 20
"""Bytes: a label is a tenth of that."""
EARLY = 60.0
"""Seconds before its end from which on a token is not used any more."""
OK, NOT_FOUND = range(200, 300), 404
REFUSALS = frozenset({400, 404, 409, 422})
"""Statuses of an answer about the request itself; with any other it was not looked at, or nobody knows."""
NOT_TAKEN = frozenset({401, 403, 429})
"""Statuses with which a carrier turns a call away at its door."""


class TurnedAway(Unavailable):
    """The carrier has not taken the call, so nothing came of it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A carrier's answer to a call that it has taken."""

    status: int
    text: str


@dataclass
class Token:
    """A token, and until when it is used."""

    value: str = ""
    until: float = float("-inf")


@dataclass
class Connector(ABC):
    """One carrier, by Karrio's `mapper` of it, over one session that bears its address."""

    session: aiohttp.ClientSession
    mapper: Any
    service: str
    options: Mapping[str, Any]
    tokens: dict[str, Token] = field(default_factory=dict)

    @abstractmethod
    async def ready(self) -> Mapping[str, str]:
        """The headers of a call, with tokens that last."""

    @abstractmethod
    def parties(self, sender: Any, receiver: Any) -> Mapping[str, Any]:
        """Who is who on a label for goods that go back."""

    @abstractmethod
    async def create(self, headers: Mapping[str, str], request: Any) -> tuple[Answered, Any]:
        """Asks for a label: the answer, and what Karrio reads of it."""

    @abstractmethod
    async def cancel(self, headers: Mapping[str, str], number: str) -> tuple[Answered, Any]:
        """Asks to take a label back: the answer, and what Karrio reads of it."""

    @abstractmethod
    async def track(self, headers: Mapping[str, str], number: str) -> tuple[Answered, Any]:
        """Asks after a parcel: the answer, and what Karrio reads of it."""

    async def ask(self, method: str, path: str, headers: Mapping[str, str], **sent: Any) -> Answered:
        """One call; TurnedAway where the carrier has not taken it, Unavailable where nobody knows."""
        try:
            async with self.session.request(method, path, headers=headers, allow_redirects=False, **sent) as answer:
                body = await answer.content.read(LARGEST_ANSWER)
                if not answer.content.at_eof():
                    raise Unanswered("the answer is larger than any carrier's")
        except aiohttp.ClientConnectorError as error:
            raise TurnedAway("the carrier is not reached") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"the carrier does not answer: {type(error).__name__}") from error
        if answer.status in NOT_TAKEN:
            raise TurnedAway(f"the carrier answers {answer.status}")
        if answer.status not in OK and answer.status not in REFUSALS:
            raise Unavailable(f"the carrier answers {answer.status}")
        return Answered(answer.status, body.decode(errors="replace"))

    async def token(self, name: str, path: str, headers: Mapping[str, str], life: float, **sent: Any) -> str:
        """The token that the path gives under this name, kept for as long as it lasts, or `life` seconds."""
        kept = self.tokens.setdefault(name, Token())
        if time.monotonic() >= kept.until:
            given = parsed(await self.ask("POST", path, headers, **sent))
            value = given.get(name)
            if not isinstance(value, str):
                raise TurnedAway("the carrier gives no token")
            lasts = float(given.get("expires_in") or life)
            self.tokens[name] = kept = Token(value, time.monotonic() + lasts - EARLY)
        return kept.value


def parsed(answer: Answered) -> dict[str, Any]:
    """Its JSON; Unanswered where it is none."""
    try:
        found = lib.to_dict(answer.text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unanswered("the carrier answers something else than is expected")
    return found
