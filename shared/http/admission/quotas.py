"""Quotas at the edge: each subject has so many requests of a kind, and each address so many without a token."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.events.base import Actor
from shared.http.admission.addresses import Proxies
from shared.http.admission.buckets import Buckets
from shared.process.quotas import Quota

Kind = Literal["reads", "commands", "openings", "uploads"]
MACHINES = frozenset({"service", "ops"})
"""Roles whose holders are programs, which work for many people."""


@dataclass(slots=True)
class Share:
    """What is left of a quota after a request: below zero the request is one too many. One is there again in `wait`
    seconds, all of it in `full`.
    """

    quota: Quota
    left: int
    wait: int
    full: int

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
        """What the answer says of it."""
        left = b'"%s";r=%d;t=%d' % (self.quota.name.encode(), max(0, self.left), self.full)
        return (b"ratelimit-policy", self.quota.policy), (b"ratelimit", left)


class Quotas:
    """What everybody has left, as this process counts it."""

    def __init__(self, quotas: Mapping[str, Quota], proxies: Proxies | None = None) -> None:
        self._quotas = quotas
        self._proxies = proxies or Proxies()
        self._buckets = Buckets()

    def count(self, kind: Kind, actor: Actor) -> Share | None:
        """Counts a subject's request; None where nothing is counted."""
        return self._count(kind if MACHINES.isdisjoint(actor.roles) else "machines", actor.id)

    def count_stranger(self, peer: str, forwarded: str | None) -> Share | None:
        """Counts a request that came without a token, by the address of its client."""
        return self._count("strangers", self._proxies.client(peer, forwarded))

    def _count(self, name: str, who: str) -> Share | None:
        quota = self._quotas.get(name)
        if quota is None:
            return None
        drawn = self._buckets.draw(f"{name}/{who}", quota.most, quota.seconds)
        return Share(quota, drawn.left, max(1, math.ceil(drawn.next_in)), max(1, math.ceil(drawn.full_in)))
