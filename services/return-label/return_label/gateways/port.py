"""The port of a carrier: what this service asks of it and what may be answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from return_label.domain.tracking.scans import ScanKind
from shared.resilience.retry import Transient


@dataclass(frozen=True, slots=True)
class Way:
    """Where the goods come from and where they go, as people write it."""

    sender: str
    receiver: str


async def nowhere() -> Way:
    """Nobody can say now."""
    raise Unanswered("nobody says where the goods go")


@dataclass(frozen=True, slots=True)
class LabelCall:
    """One label; its id is the key under which it is bought. `way` asks for the addresses: whoever needs none asks not;
    Unanswered where they cannot be read now.
    """

    label_id: str
    return_id: str
    order_id: str
    buyer_id: str = ""
    way: Callable[[], Awaitable[Way]] = field(default=nowhere, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Bought:
    """There is a label under the key, with this number; and where the carrier draws it, the media type of its
    `document`.
    """

    label_id: str
    tracking_number: str
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """There is none under the key, and none will come of this call; why is the carrier's own word."""

    label_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Voided:
    """The label is void: nothing travels with it, and it costs nothing."""

    tracking_number: str


@dataclass(frozen=True, slots=True)
class Scan:
    """A parcel was seen, or is missed; its id is the same however often it is told."""

    scan_id: str
    tracking_number: str
    kind: ScanKind
    at: datetime


class Unanswered(Transient):
    """Nobody knows what became of the call: the very same one is to be made again."""


class Unavailable(Unanswered):
    """The carrier does not answer, answers with an error of its own, or has too much to do."""


class Carrier(Protocol):
    """Who sells labels. Only an answer about this very label is an answer; all else is `Unanswered`.

    A key is kept for as long as its label may be used: a call that comes again gets the label that is there. A refusal
    need not be kept, and the same key may be asked for again.
    """

    async def buy(self, call: LabelCall) -> Bought | Refused:
        """Sells one label a key. Raises Unanswered."""

    async def find(self, call: LabelCall) -> Bought | None:
        """The label that was sold under the key, be it void by now; None while none was. Raises Unanswered."""

    async def void(self, call: LabelCall, tracking_number: str) -> Voided | Refused:
        """Takes a label back that nothing went with; one that is void stays so. Raises Unanswered."""

    async def track(self, tracking_number: str) -> Sequence[Scan]:
        """What is known of the parcel under this number, in the order of its way. Raises Unanswered."""
