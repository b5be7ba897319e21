"""Player of an orders file: captures the payment, registers the order with its facts, sends what the complaint needs to
show and opens the buyer's dispute.

Whatever is sent follows from the file alone but for the instants, and those from when the order was played first: so
the same file played twice is registered and disputed once, and both runs count the same.
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

from ops.client import Api, ApiResponse, Call, Party, Unreachable
from ops.orders.evidence import evidence_for
from ops.orders.file import FileLine, OrdersFile
from ops.orders.playable import OrderRequests, PlayableOrder
from ops.output import progress, table
from shared.events.outside.ids import path_of

IN_FLIGHT = 64
SHOWN = 20
"""Unreadable lines that are listed one by one."""
FAILURES = frozenset({"internal", "unreachable", "unauthenticated", "forbidden"})
"""Codes that are no refusal of an order: with one of them the run has failed."""


@dataclass(slots=True)
class Totals:
    """What became of the lines: `orders` = disputed + plain + refused + unreadable."""

    orders: int = 0
    disputed: int = 0
    plain: int = 0
    replayed: int = 0
    shown: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    unreadable: list[FileLine] = field(default_factory=list)
    seconds: float = 0.0
    read: float = 0.0
    """The share of the file that is read, from 0 to 1."""

    @property
    def done(self) -> int:
        """The orders of which it is known what became."""
        return self.disputed + self.plain + self.refused.total() + len(self.unreadable)

    @property
    def stopped(self) -> str:
        """How far a run came that was stopped."""
        known = "what was played is known, the rest follows"
        return f"orders: stopped after {self.done} orders, {self.read:.0%} of the file read; run it again: {known}"

    @property
    def line(self) -> str:
        """The totals on one line, which add up."""
        refused = self.refused.total()
        counted = (
            f"{self.disputed} disputed + {self.plain} without complaint + {refused} refused + "
            f"{len(self.unreadable)} unreadable"
        )
        return f"orders: {self.orders} read = {counted}"

    @property
    def failed(self) -> bool:
        """Whether a service failed, or the totals do not add up."""
        return self.done != self.orders or any(name.partition(" ")[0] in FAILURES for name in self.refused)

    @property
    def json(self) -> dict[str, Any]:
        """The totals as one document."""
        unreadable = [{"line": line.number, "reason": line.fault} for line in self.unreadable]
        plain = {
            "read": self.orders,
            "disputed": self.disputed,
            "without_complaint": self.plain,
            "replayed": self.replayed,
            "evidence_sent": self.shown,
        }
        counted = {"refused": dict(self.refused), "reasons": dict(self.reasons), "notes": dict(self.notes)}
        return {**plain, **counted, "unreadable": unreadable, "seconds": round(self.seconds, 1)}


class Refused(Exception):
    """A service refused; the message is what the refusal is counted under."""


@dataclass(slots=True)
class Player:
    """Plays orders by the API. `ahead` is how far the domain's clock is ahead of the machine's."""

    api: Api
    ahead: timedelta
    shop: Party
    totals: Totals = field(default_factory=Totals)

    async def play(self, line: FileLine) -> None:
        """One line of the file, to its end."""
        self.totals.orders += 1
        if line.order is None:
            self.totals.unreadable.append(line)
            return
        self.totals.notes.update([line.note] if line.note else [])
        try:
            await self._open_dispute(await self._register(line.order))
        except OverflowError as error:
            self.totals.unreadable.append(FileLine(line.number, fault=f"an instant out of reach: {error}"))
        except Refused as refusal:
            self.totals.refused[str(refusal)] += 1
        except Unreachable as error:
            self.totals.refused[f"unreachable {error}"] += 1

    async def _register(self, order: PlayableOrder) -> OrderRequests:
        requests = order.requests(datetime.now(UTC) + self.ahead)
        self.totals.notes.update(requests.notes)
        for capture in requests.captures:
            _check(await self.api.send(Call("sandbox", "POST", "/psp/captures", capture, repeatable=True)), "capture")
        response = await self._put(requests)
        if response.code == "order_differs" and (now := await self._first_played_at(order)):
            requests = order.requests(now)
            response = await self._put(requests)
        _check(response)
        self.totals.replayed += response.status == 200
        return requests

    async def _put(self, requests: OrderRequests) -> ApiResponse:
        return await self.shop.put("dispute", path_of("v1", "orders", requests.order_id), requests.body)

    async def _first_played_at(self, order: PlayableOrder) -> datetime | None:
        """The now of the run that registered the order, from which its instants were counted."""
        status = await self.shop.get("dispute", path_of("v1", "orders", order.order_id, "status"))
        placed_at = status.get("placed_at")
        return order.first_played_at(datetime.fromisoformat(placed_at)) if placed_at else None

    async def _open_dispute(self, requests: OrderRequests) -> None:
        if requests.dispute is None:
            self.totals.plain += 1
            return
        buyer = self.api.party(requests.buyer_id, "buyer")
        form = {**requests.dispute, **await self._shown(buyer, requests)}
        _check(await buyer.post("dispute", "/v1/disputes", form, key=f"orders/{requests.order_id}"))
        self.totals.disputed += 1
        self.totals.reasons[requests.dispute["reason"]] += 1

    async def _shown(self, buyer: Party, requests: OrderRequests) -> dict[str, Any]:
        """The member of the form that names what was sent for it. A repeat names the same, for its key is the same."""
        assert requests.dispute
        file = evidence_for(requests.order_id, requests.dispute["reason"])
        if file is None:
            return {}
        path, key = path_of("v1", "orders", requests.order_id, "evidence"), f"orders/{requests.order_id}/evidence"
        sent = await buyer.upload("dispute", path, file, key)
        _check(sent, "evidence")
        self.totals.shown += not sent.replayed
        return {"evidence": [sent.get("id")]}


async def play_file(api: Api, path: Path, output: Console, totals: Totals) -> None:
    """Plays every order of the file, at most 64 at once, with a progress bar; a cancelled run has its totals, too."""
    player = Player(api, await _ahead(api), api.party("shop", "service"), totals)
    started, free = time.monotonic(), asyncio.Semaphore(IN_FLIGHT)

    async def play(line: FileLine) -> None:
        try:
            await player.play(line)
        finally:
            free.release()

    columns = (
        TextColumn("orders"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with OrdersFile(path) as file, progress(output, *columns) as bar:
        task = bar.add_task("orders", total=file.size, rate="")
        async with asyncio.TaskGroup() as group:
            for line in file:
                await free.acquire()
                group.create_task(play(line))
                bar.update(task, completed=file.position, rate=_rate(totals.orders, started))
                totals.read = file.position / max(file.size, 1)
    totals.seconds = time.monotonic() - started


def report(totals: Totals, output: Console) -> None:
    """Prints what became of the orders, by reason and by code and rules."""
    rows = [("disputed", reason, count) for reason, count in totals.reasons.most_common()]
    rows += [("without complaint", "", totals.plain)]
    rows += [("refused", code, count) for code, count in totals.refused.most_common()]
    rows += [("unreadable", "", len(totals.unreadable))]
    output.print(table("orders", rows, "outcome", "reason, code and rules", "orders"))
    if totals.notes:
        output.print(table("what was corrected or left out", totals.notes.most_common(), "note", "orders"))
    if totals.unreadable:
        output.print(table("unreadable lines", _listed(totals.unreadable), "line", "reason"))
    output.print(
        f"{totals.orders / max(totals.seconds, 0.001):.0f} orders/s in {totals.seconds:.1f} s, {totals.replayed} of "
        f"them known before; {totals.shown} pictures sent",
        soft_wrap=True,
    )


def _listed(lines: list[FileLine]) -> Iterable[tuple[object, str]]:
    yield from ((line.number, line.fault) for line in lines[:SHOWN])
    if len(lines) > SHOWN:
        yield "...", f"and {len(lines) - SHOWN} more"


def _check(response: ApiResponse, what: str = "") -> None:
    if not response.ok:
        rules = ", ".join(response.get("rules") or ())
        fields = ", ".join(
            f"{fault.get('pointer')} {fault.get('code')}".strip() for fault in response.get("errors") or ()
        )
        parts = (
            response.code,
            f"({rules})" if rules else "",
            f"[{fields}]" if fields else "",
            f"at {what}" if what else "",
        )
        raise Refused(" ".join(filter(None, parts)))


async def _ahead(api: Api) -> timedelta:
    clock = await api.clock()
    if not clock.ok:
        raise Unreachable(f"the sandbox has no time: {clock.summary}")
    return timedelta(microseconds=clock.get("offset_us"))


def _rate(orders: int, started: float) -> str:
    return f"{orders / max(time.monotonic() - started, 0.001):.0f} orders/s"
