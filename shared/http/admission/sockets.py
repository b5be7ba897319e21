"""Admission: how many sockets a process keeps, how many requests it answers at once, and which socket gives way."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Protocol

from shared.http.admission.addresses import Proxies
from shared.process.startup import open_files

RESERVED_FILES = 256
"""Open files that are no client's socket: the database's, the broker's, the logs'."""


class Socket(Protocol):
    """A client's connection."""

    def give_way(self) -> None:
        """Closes: it is idle, and another one needs its place."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process takes on, in all and from one address.

    There is room for more sockets than requests: so a place can be made for whoever brings a request, if only to be
    told to come again.
    """

    sockets: int = 4000
    sockets_of_one: int = 1000
    requests: int = 1000
    requests_of_one: int = 750

    def within(self, files: int) -> Limits:
        """The limits of a process that may open so many files."""
        sockets = max(2, min(self.sockets, files - RESERVED_FILES))
        return replace(self, sockets=sockets, requests=min(self.requests, sockets // 2))


@dataclass(slots=True)
class SocketGroup:
    """Sockets that share a limit: all of a process, or all of one address."""

    most_sockets: int
    most_requests: int
    sockets: int = 0
    requests: int = 0
    unused: OrderedDict[Place, None] = field(default_factory=OrderedDict)
    idle: OrderedDict[Place, None] = field(default_factory=OrderedDict)

    def make_room_for(self, place: Place) -> None:
        """Closes an idle socket where there is one too many: first those that never brought a request, then those whose
        last request is longest ago; the new one where none is idle.
        """
        if self.sockets >= self.most_sockets:
            next(iter(self.unused or self.idle), place).give_way()
        self.sockets += 1
        self.unused[place] = None

    def busy(self, place: Place) -> None:
        """The place is not idle, or no longer."""
        self.unused.pop(place, None)
        self.idle.pop(place, None)

    @property
    def gone(self) -> bool:
        """Whether nothing is left of it."""
        return not self.sockets and not self.requests


class Place:
    """One socket's place among all, and among those of its address."""

    __slots__ = ("_admission", "_all", "_of_one", "_socket", "address")

    def __init__(
        self, admission: Admission, socket: Socket, address: str, of_one: SocketGroup, of_all: SocketGroup
    ) -> None:
        self.address = address
        self._admission = admission
        self._socket = socket
        self._of_one = of_one
        self._all = of_all
        for group in (of_one, of_all):
            group.make_room_for(self)

    def begin(self) -> bool:
        """Counts a request in; whether there was room for it. Every one is counted out by `end`."""
        mine, everybody = self._of_one, self._all
        room = mine.requests < mine.most_requests and everybody.requests < everybody.most_requests
        mine.requests += 1
        everybody.requests += 1
        mine.busy(self)
        everybody.busy(self)
        return room

    def rest(self) -> None:
        """The socket has nothing to do: it may give way."""
        self._of_one.idle[self] = None
        self._all.idle[self] = None

    def end(self, *_: object) -> None:
        """Counts a request out; its socket may be gone already."""
        self._of_one.requests -= 1
        self._all.requests -= 1
        self._admission.tidy(self)

    def give_way(self) -> None:
        """Closes the socket for another one's sake."""
        self._of_one.busy(self)
        self._all.busy(self)
        self._socket.give_way()

    def leave(self) -> None:
        """The socket is closed."""
        for group in (self._of_one, self._all):
            group.sockets -= 1
            group.busy(self)
        self._admission.tidy(self)


class Admission:
    """The sockets and requests of one process."""

    def __init__(self, limits: Limits | None = None, proxies: Proxies | None = None) -> None:
        self._proxies = proxies or Proxies()
        self._limits = (limits or Limits()).within(open_files())
        self._all = SocketGroup(self._limits.sockets, self._limits.requests)
        self._by_address: dict[str, SocketGroup] = {}

    @property
    def sockets(self) -> int:
        """How many are open."""
        return self._all.sockets

    @property
    def addresses(self) -> int:
        """How many addresses have a socket, or a request under way."""
        return len(self._by_address)

    def enter(self, socket: Socket, address: str) -> Place:
        """A place for a new socket; an idle one gives way where there are too many."""
        of_one = self._by_address.get(address)
        if of_one is None:
            of_one = self._by_address[address] = self._group(address)
        return Place(self, socket, address, of_one, self._all)

    def _group(self, address: str) -> SocketGroup:
        limits = self._limits
        if self._proxies.knows(address):  # it brings everybody
            return SocketGroup(limits.sockets, limits.requests)
        return SocketGroup(limits.sockets_of_one, limits.requests_of_one)

    def tidy(self, place: Place) -> None:
        """Forgets an address of which nothing is left."""
        group = self._by_address.get(place.address)
        if group and group.gone:
            del self._by_address[place.address]
