"""Plays a file of orders: captures the payment, registers the order with its facts, opens the buyer's dispute.

Whatever is sent follows from the file alone but for the instants, and those from when the order was played first: so
the same file played
twice is registered and disputed once, and both runs count the same.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ops.client import Answer, Api, Call, Party, Unreachable
from ops.orders.file import Line, OrdersFile
from ops.orders.playable import Order, Played
from ops.output import progress, table

IN_FLIGHT = 64
SHOWN = 20
"""Unreadable lines that are listed one by one."""
ALARMING = frozenset({"internal", "unreachable", "unauthenticated", "forbidden"})
"""Codes that say nothing about an order: with one of them the run has failed."""


@dataclass(slots=True)
class Sums:
    """What became of the lines: `orders` = disputed + plain + refused + unreadable."""

    orders: int = 0
    disputed: int = 0
    plain: int = 0
    replayed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    unreadable: list[Line] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def line(self) -> str:
        """The sum, which adds up."""
        refused = self.refused.total()
        counted = (
            f"{self.disputed} disputed + {self.plain} without complaint + {refused} refused + "
            f"{len(self.unreadable)} unreadable"
        )
        return f"orders: {self.orders} read = {counted}"

    @property
    def failed(self) -> bool:
        """Whether it is the services' fault that orders are missing, or the sum's."""
        parts = self.disputed + self.plain + self.refused.total() + len(self.unreadable)
        return parts != self.orders or any(name.partition(" ")[0] in ALARMING for name in self.refused)

    @property
    def json(self) -> dict[str, Any]:
        """The sums as one document."""
        unreadable = [{"line": line.number, "reason": line.fault} for line in self.unreadable]
        plain = {
            "read": self.orders,
            "disputed": self.disputed,
            "without_complaint": self.plain,
            "replayed": self.replayed,
        }
        counted = {"refused": dict(self.refused), "reasons": dict(self.reasons), "notes": dict(self.notes)}
        return {**plain, **counted, "unreadable": unreadable, "seconds": round(self.seconds, 1)}


class Refused(Exception):
    """A service refused; the words are what the refusal is counted under."""


@dataclass(slots=True)
class Player:
    """Plays orders by the API. `ahead` is how far the domain's clock is ahead of the machine's."""

    api: Api
    ahead: timedelta
    shop: Party
    sums: Sums = field(default_factory=Sums)

    async def play(self, line: Line) -> None:
        """One line of the file, to its end."""
        self.sums.orders += 1
        if line.order is None:
            self.sums.unreadable.append(line)
            return
        try:
            played = await self._register(line.order)
            await self._complain(played)
        except Refused as refusal:
            self.sums.refused[str(refusal)] += 1
        except Unreachable as error:
            self.sums.refused[f"unreachable {error}"] += 1

    async def _register(self, order: Order) -> Played:
        played = order.played(datetime.now(UTC) + self.ahead)
        self.sums.notes.update(played.notes)
        if played.capture:
            _accepted(
                await self.api.send(Call("sandbox", "POST", "/psp/captures", played.capture, repeatable=True)),
                "capture",
            )
        answer = await self._put(played)
        if answer.code == "order_differs" and (now := await self._played_before(order)):
            played = order.played(now)
            answer = await self._put(played)
        _accepted(answer)
        self.sums.replayed += answer.status == 200
        return played

    async def _put(self, played: Played) -> Answer:
        return await self.shop.put("dispute", f"/v1/orders/{played.order_id}", played.body)

    async def _played_before(self, order: Order) -> datetime | None:
        """When the order was played first: its instants moved with that now."""
        status = await self.shop.get("dispute", f"/v1/orders/{order.order_id}/status")
        placed_at = status.get("placed_at")
        return order.played_when(datetime.fromisoformat(placed_at)) if placed_at else None

    async def _complain(self, played: Played) -> None:
        if played.dispute is None:
            self.sums.plain += 1
            return
        buyer = self.api.party(played.buyer_id, "buyer")
        _accepted(await buyer.post("dispute", "/v1/disputes", played.dispute, key=f"orders/{played.order_id}"))
        self.sums.disputed += 1
        self.sums.reasons[played.dispute["reason"]] += 1


async def play(api: Api, path: Path, told: Console) -> Sums:
    """Every order of the file, at most 64 at once; tells how far it is."""
    player, began, turns = (
        Player(api, await _ahead(api), api.party("shop", "service")),
        time.monotonic(),
        asyncio.Semaphore(IN_FLIGHT),
    )

    async def one(line: Line) -> None:
        try:
            await player.play(line)
        finally:
            turns.release()

    columns = (
        TextColumn("orders"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with OrdersFile(path) as file, progress(told, *columns) as bar:
        task = bar.add_task("orders", total=file.size, rate="")
        async with asyncio.TaskGroup() as group:
            for line in file:
                await turns.acquire()
                group.create_task(one(line))
                bar.update(task, completed=file.position, rate=_rate(player.sums.orders, began))
    player.sums.seconds = time.monotonic() - began
    return player.sums


def report(sums: Sums, told: Console) -> None:
    """What became of the orders, by rule and code; the sum comes last, elsewhere."""
    rows = [("disputed", reason, count) for reason, count in sums.reasons.most_common()]
    rows += [("without complaint", "", sums.plain)]
    rows += [("refused", code, count) for code, count in sums.refused.most_common()]
    rows += [("unreadable", "", len(sums.unreadable))]
    told.print(table("orders", rows, "outcome", "reason, code and rules", "orders"))
    if sums.notes:
        told.print(table("what was corrected or left out", sums.notes.most_common(), "note", "orders"))
    if sums.unreadable:
        told.print(table("unreadable lines", _shown(sums.unreadable), "line", "reason"))
    told.print(
        f"{sums.orders / max(sums.seconds, 0.001):.0f} orders/s in {sums.seconds:.1f} s, {sums.replayed} of "
        f"them known before",
        soft_wrap=True,
    )


def _shown(lines: list[Line]) -> Iterable[tuple[object, str]]:
    yield from ((line.number, line.fault) for line in lines[:SHOWN])
    if len(lines) > SHOWN:
        yield "...", f"and {len(lines) - SHOWN} more"


def _accepted(answer: Answer, what: str = "") -> None:
    if not answer.ok:
        rules = ", ".join(answer.get("rules") or ())
        fields = ", ".join(
            f"{fault.get('pointer')} {fault.get('code')}".strip() for fault in answer.get("errors") or ()
        )
        words = (
            answer.code,
            f"({rules})" if rules else "",
            f"[{fields}]" if fields else "",
            f"at {what}" if what else "",
        )
        raise Refused(" ".join(filter(None, words)))


async def _ahead(api: Api) -> timedelta:
    clock = await api.clock()
    if not clock.ok:
        raise Unreachable(f"the sandbox tells no time: {clock.said}")
    return timedelta(microseconds=clock.get("offset_us"))


def _rate(orders: int, began: float) -> str:
    return f"{orders / max(time.monotonic() - began, 0.001):.0f} orders/s"
