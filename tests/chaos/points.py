"""Every named crash point, fired in each process that passes it."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import time
from collections.abc import Mapping, Sequence

from shared.resilience import crash_points
from tests.chaos.run import Kept, Run, seconds
from tests.chaos.stack import Process

PACKAGES = ("shared", "dispute", "refund", "return_label", "sandbox", "console", "ops")
EVERYBODY = ("return_label-worker", "dispute-worker", "refund-worker", "return_label", "dispute", "refund")
PASSED_BY: Mapping[str, Sequence[str]] = {
    "append.before_commit": EVERYBODY,
    "append.after_commit": EVERYBODY[1:] + EVERYBODY[:1],
    "policy.before_checkpoint": ("return_label-worker", "dispute-worker", "refund-worker"),
    "projection.before_checkpoint": ("dispute-worker", "refund-worker"),
    "relay.after_ack": ("dispute-worker", "refund-worker", "return_label-worker"),
    "due.before_append": ("dispute-worker", "refund-worker"),
    "due.after_append": ("dispute-worker", "refund-worker"),
    "refund.before_gateway": ("refund-worker",),
    "refund.after_gateway": ("refund-worker",),
}
"""By point: the processes that pass it in the stories."""

Plan = Mapping[str, Sequence[str]]
"""By process: the points that it dies at, a life each."""
EACH_ONCE: Plan = {
    "return_label-worker": ("append.before_commit", "policy.before_checkpoint"),
    "dispute-worker": ("relay.after_ack", "projection.before_checkpoint", "due.after_append"),
    "refund-worker": ("refund.before_gateway", "refund.after_gateway", "due.before_append"),
    "return_label": ("append.after_commit",),
}
"""For those in a hurry: every point once, and in a process where it hurts most."""


def registered() -> set[str]:
    """Every crash point of the project, which registers when its module is imported."""
    for package in map(importlib.import_module, PACKAGES):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    return {name for name, where in crash_points.POINTS.items() if where.startswith(("shared/", "services/"))}


def everywhere() -> Plan:
    """Every point in every process that passes it."""
    plan: dict[str, list[str]] = {}
    for point, processes in PASSED_BY.items():
        for process in processes:
            plan.setdefault(process, []).append(point)
    return plan


async def every_point(run: Run, plan: Plan) -> Kept:
    """Plays stories until each process has died at each of its points, one a life, and come back."""
    began, waves = time.monotonic(), []
    async with asyncio.TaskGroup() as group:
        firing = [group.create_task(_fire(run.stack.processes[process], points)) for process, points in plan.items()]
        while not all(task.done() for task in firing):
            waves.append(await run.play("points"))
    points = {point for points in plan.values() for point in points}
    fired = sum(map(len, plan.values()))
    return Kept(
        "every crash point",
        {"points": len(points), "of": len(registered()), "fired": fired, **await run.ended(waves), **seconds(began)},
    )


async def _fire(process: Process, points: Sequence[str]) -> None:
    process.forget_crashes()
    process.server.plans.extend(f"{point}:1" for point in points)
    assert await process.kill()
    for n in range(len(points)):
        await process.begun()
        await process.died()
        assert process.crashed == [f"{point}:1" for point in points[: n + 1]]
    await process.back()
