"""Hosts: what the Host header of a request may name, so that no web page reaches a process under a name of its own."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence

from shared.process.environment import Environment

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")

_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
HIGHEST_PORT = 65_535

MALFORMED, MISDIRECTED = "malformed_request", "misdirected_request"


class Hosts:
    """The names under which a process may be asked; one without a port goes with any."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(name.lower() for name in names)

    @classmethod
    def of(cls, settings: Environment) -> Hosts:
        """The settings' names; of this machine's loopback, and the address listened on, where they name none."""
        own = [] if is_unspecified(settings.host) else [settings.host]
        return cls(host_names(settings.hosts) or (*LOOPBACK, *own))

    def fault(self, values: Sequence[bytes], inner: bool = False) -> str | None:
        """Why a request with these Host headers is refused (RFC 9112 3.2, RFC 9110 7.4); on an `inner` port any address
        will do, since only names can be pointed elsewhere.
        """
        found = _HOST.fullmatch(values[0].decode("latin-1")) if len(values) == 1 else None
        if found is None:
            return MALFORMED
        name = found[1].lower()
        known = name in self._names or f"{name}:{found[2]}" in self._names or (inner and is_address(name))
        return None if known else MISDIRECTED


def name_host_of_target(target: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """Puts the host of a target in absolute form in place of the Host header's, which does not count then (RFC 9112,
    3.2.2); what is wrong with the header itself stays so.
    """
    if target.startswith(b"/"):
        return
    absolute = _ABSOLUTE.match(target)
    named = [n for n, (name, _) in enumerate(headers) if name == b"host"]
    if absolute and len(named) == 1 and _HOST.fullmatch(headers[named[0]][1].decode("latin-1")):
        headers[named[0]] = (b"host", absolute[1])


def host_names(text: str) -> list[str]:
    """The entries of a list with commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]


def is_host_name(entry: str) -> bool:
    """Whether an entry is a host's name or address, with or without a port that there is."""
    found = _HOST.fullmatch(entry)
    if found is None or not (_NAME.fullmatch(found[1]) or (found[1].startswith("[") and is_address(found[1]))):
        return False
    return found[2] is None or 0 < int(found[2]) <= HIGHEST_PORT


def is_address(host: str) -> bool:
    """Whether a host is given as an address."""
    return _address(host) is not None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine under one of its own names; also in the odd spellings that resolvers take."""
    address, name = _address(host), host.lower().rstrip(".")
    if address is None:
        return name in ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback") or name.endswith(
            ".localhost"
        )
    return address.is_loopback


def is_unspecified(host: str) -> bool:
    """Whether a host stands for every address of the machine."""
    address = _address(host)
    return address is not None and address.is_unspecified


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    bare = host.removeprefix("[").removesuffix("]").rstrip(".")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return _odd_address(bare)
    return _within(address) if isinstance(address, ipaddress.IPv6Address) else address


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one stands for: mapped, translated (RFC 6052), 6to4, or ::a.b.c.d."""
    if within := address.ipv4_mapped or address.sixtofour:
        return within
    number = int(address)
    if number >> 32 in (0, int(ipaddress.IPv6Address("64:ff9b::")) >> 32) and number > 1:
        return ipaddress.IPv4Address(number & 0xFFFFFFFF)
    return address


def _odd_address(host: str) -> ipaddress.IPv4Address | None:
    # 127.1, 0x7f000001 and 2130706433 are 127.0.0.1 to a resolver.
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None
