"""Quotas at the edge: each subject has so many requests of a kind, and each address so many without a token."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.events.base import Actor
from shared.http.admission.addresses import Proxies
from shared.http.admission.counters import Counters, LocalCounters
from shared.process.clock import real_time
from shared.process.quotas import Quota

Kind = Literal["reads", "commands", "openings"]
MACHINES = frozenset({"service", "ops"})
"""Roles whose holders are programs, which work for many people."""


@dataclass(slots=True)
class Share:
    """What is left of a quota after a request: below zero the request is one too many. All of it is there again in
    `wait` seconds.
    """

    quota: Quota
    left: int
    wait: int

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
        """What the answer says of it."""
        left = b'"%s";r=%d;t=%d' % (self.quota.name.encode(), max(0, self.left), self.wait)
        return (b"ratelimit-policy", self.quota.policy), (b"ratelimit", left)


class Quotas:
    """What everybody has left. `counters` are this process's own where none are given."""

    def __init__(
        self, quotas: Mapping[str, Quota], proxies: Proxies | None = None, counters: Counters | None = None
    ) -> None:
        self._quotas = quotas
        self._proxies = proxies or Proxies()
        self._counters = counters or LocalCounters()

    async def count(self, kind: Kind, actor: Actor) -> Share | None:
        """Counts a subject's request; None where nothing is counted."""
        return await self._count(kind if MACHINES.isdisjoint(actor.roles) else "machines", actor.id)

    async def count_stranger(self, peer: str, forwarded: str | None) -> Share | None:
        """Counts a request that came without a token, by the address of its client."""
        return await self._count("strangers", self._proxies.client(peer, forwarded))

    async def _count(self, name: str, who: str) -> Share | None:
        quota = self._quotas.get(name)
        if quota is None:
            return None
        key = f"{name}/{who}"
        used = await self._counters.incr(key, quota.seconds)
        wait = math.ceil(await self._counters.get_expiry(key) - real_time())
        return Share(quota, quota.most - used, max(1, wait))
