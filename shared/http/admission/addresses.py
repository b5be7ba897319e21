"""Addresses: whose connection it is, where a proxy of ours stands in front."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Proxies:
    """The proxies whose X-Forwarded-For is believed; everybody else's says nothing."""

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._networks = networks

    def knows(self, address: str) -> bool:
        """Whether it is one of them."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)

    def client(self, peer: str, forwarded: str | None) -> str:
        """The client's address: the nearest one that is no proxy of ours."""
        if not forwarded or not self.knows(peer):
            return peer
        # From the right: what stands further left the client may have written itself.
        named = [name.strip() for name in forwarded.split(",") if _is_address(name.strip())]
        return next((name for name in reversed(named) if not self.knows(name)), peer)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
