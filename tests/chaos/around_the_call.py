"""Six places around the provider's call, and `kill -9` at each: the refund worker dies before it asks, while it sends,
after the effect without an answer, after the answer, before the append and before a checkpoint. Every refund ends, and
has one effect at the provider.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from local_stack.child import Child, Command
from tests.chaos.run import Kept, Run, seconds
from tests.chaos.stack import BACK_LIMIT
from tests.chaos.stories import Case
from tests.e2e.client import eventually
from tests.e2e.deals import usd

WORKER = "refund-worker"
PRICE = "50.00"
MOST = 4
"""Refunds of one trial."""
DECLINES = (0, 0, 0, 0, 0, 0, 0, 1, 1, 6)
"""How often the provider refuses a refund first: six times, and people take it over."""
HELD = {"delay": (0.2, 4.0), "timeout_after": (15.0, 15.0)}
"""For how many seconds the provider holds a call: before its effect, which comes all the same, or behind it."""
ENDS = frozenset({"issued", "settled", "failed", "manual"})
LOOK_EVERY = 0.01
AT_ONCE = 32


@dataclass(slots=True)
class Lives:
    """Lives of the refund worker, one behind the other without a pause, each with its own plan of when it dies."""

    run: Run
    command: Command
    marks: Path
    begun: int = 0

    async def begin(self, plan: str = "") -> Child:
        """The next life. What has fired in one may fire in the next: each has a folder of its own."""
        self.begun += 1
        marks = self.marks / str(self.begun)
        marks.mkdir(parents=True)
        env = {**self.command.env, "CRASH": plan, "MAKEWHOLE_STATE": str(marks)}
        return Child(replace(self.command, env=env), self.run.stack.state / "log" / "killed-worker.log")


Killed = Callable[[Lives, random.Random, Sequence[Case]], Awaitable[None]]
"""Begins a life, has the refunds of these orders asked for, and returns when it has died."""


def at_point(*points: str, passes: int = MOST) -> Killed:
    """Dies at one of these crash points, at its first passes or a later one."""

    async def killed(lives: Lives, chance: random.Random, cases: Sequence[Case]) -> None:
        plan = f"{chance.choice(points)}:{chance.randint(1, min(passes, len(cases)))}"
        life = await lives.begin(plan)
        await _given(cases)
        code = await asyncio.wait_for(life.ended(), BACK_LIMIT)
        assert code == -signal.SIGKILL, f"{plan}: it ended with {code}: {life.last_line()}"

    return killed


def while_held(fault: str) -> Killed:
    """Is killed as soon as the provider holds its call."""

    async def killed(lives: Lives, chance: random.Random, cases: Sequence[Case]) -> None:
        services, order = lives.run.client, cases[0].order_id
        held = {"seconds": chance.uniform(*HELD[fault]), "order_id": order}
        armed = (await services.arm(on="refund", fault=fault, **held))["id"]
        life = await lives.begin()
        await _given(cases)

        async def fired() -> bool:
            faults = (await services.send("sandbox", "GET", "/faults")).ok()["data"]
            return any(each["id"] == armed and each["fired"] for each in faults)

        async with asyncio.timeout(BACK_LIMIT):
            while not await fired():
                assert life.exit_code is None, f"it ended by itself: {life.last_line()}"
                await asyncio.sleep(LOOK_EVERY)
        life.kill()
        assert await life.ended() == -signal.SIGKILL

    return killed


PLACES: Mapping[str, Killed] = {
    "before the call": at_point("refund.before_gateway"),
    "during the send": while_held("delay"),
    "after the effect": while_held("timeout_after"),
    "after the answer": at_point("refund.after_gateway"),
    "before the append": at_point("due.before_append", "append.before_commit"),
    "before a checkpoint": at_point(
        "due.after_append", "relay.after_ack", "policy.before_checkpoint", "projection.before_checkpoint", passes=1
    ),
}


async def killed_around_the_call(run: Run, trials: int, seed: int) -> AsyncIterator[Kept]:
    """So many trials at each place, a death each; what they came to by place."""
    for place, killed in PLACES.items():
        began, wave = time.monotonic(), run.new_wave("killed")
        cases: list[Case] = []
        async with _lives(run, wave) as lives:
            for trial in range(trials):
                chance = random.Random(f"{seed} {place} {trial}")
                those = [Case(run.client, f"{wave}-{trial}-{n}", PRICE) for n in range(chance.randint(1, MOST))]
                await _placed(those, chance)
                await killed(lives, chance, those)
                cases += those
        ended = await run.ended([])
        counts = {"seed": seed, "trials": trials, "kills": lives.begun, **await _came_to(cases)}
        yield Kept(f"kill -9 {place}", {**counts, **ended, **seconds(began)})


@contextlib.asynccontextmanager
async def _lives(run: Run, wave: str) -> AsyncIterator[Lives]:
    """In the place of the supervised worker, which comes back afterwards."""
    process = run.stack.processes[WORKER]
    command = await process.server.command()
    process.server.may_start.clear()
    try:
        assert await process.kill()
        yield Lives(run, command, run.stack.state / "marks" / wave)
    finally:
        process.server.may_start.set()


async def _placed(cases: Sequence[Case], chance: random.Random) -> None:
    """The first is never refused: it may be the one that is held, and nobody asks again after a last refusal."""
    for case in cases[1:]:
        if times := chance.choice(DECLINES):
            await case.services.arm(on="refund", fault="decline", order_id=case.order_id, times=times)
    await asyncio.gather(*(case.placed(-1, {"shipped": -5}) for case in cases))


async def _given(cases: Sequence[Case]) -> None:
    """The sellers give all of it back of their own accord."""
    gift = {"type": "refund_only", "lines": [{"line_id": "1"}], "amount": usd(PRICE)}
    given = [case.seller.post(f"/v1/orders/{case.order_id}/goodwill", gift, key=case.key("gift")) for case in cases]
    for answer in await asyncio.gather(*given):
        answer.ok(201)


async def _came_to(cases: Sequence[Case]) -> dict[str, int]:
    """How many refunds ended in which state: one each, with one effect where its money went, and none elsewhere."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def came_to(case: Case) -> tuple[str, int]:
        async with turns:
            path = f"/v1/refunds?order_id={case.order_id}"
            (refund,) = (await eventually(lambda: case.buyer.read(path, "refund"), lambda each: bool(each["data"])))[
                "data"
            ]
            effects = [line for line in await case.services.ledger(case.order_id) if line["refund_id"]]
        assert refund["state"] in ENDS, (case.order_id, refund["state"])
        assert len(effects) == (refund["state"] in ("issued", "settled")), (case.order_id, refund["state"], effects)
        return refund["state"], len(effects)

    found = await asyncio.gather(*map(came_to, cases))
    states = Counter(state for state, _ in found)
    return {"refunds_killed": len(found), **states, "paid_once": sum(effects for _, effects in found)}
