"""Refunds by the thousand in one run: `python -m tests.proof.many_refunds [--count N]` has 5,000 buyers ask and their
sellers agree, on a whole stack, and prints refunds a second, the processor time of a refund by program, and how often
each was paid.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from bench.flows import CLIENTS, flow
from bench.orders import Shop, shop_of
from bench.stack import running_stack

PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run came to: `cpu` in seconds by program, `paid` how many refunds were paid how often."""

    count: int
    seconds: float
    cpu: Mapping[str, float]
    paid: Counter[int]

    @property
    def kept(self) -> bool:
        """Whether each was paid once, and nothing else was."""
        return self.paid == {1: self.count}

    @property
    def lines(self) -> list[str]:
        """For people."""
        each = {name: 1000 * used / self.count for name, used in self.cpu.items()}
        by_program = sorted(each.items(), key=lambda item: -item[1])
        return [
            f"{self.count:,} refunds from the buyer's request to the closed dispute in {self.seconds:.0f} s:"
            f" {self.count / self.seconds:.1f} refunds a second, {CLIENTS} clients",
            f"processor time: {sum(each.values()):.1f} ms a refund, all processes",
            *(f"  {name:<24} {used:6.2f} ms" for name, used in by_program if used >= 0.01),
            f"in the provider's ledger: {self.paid[1]:,} paid once, {self.paid.total() - self.paid[1]} more than once",
        ]


async def measured(count: int) -> Figures:
    """The figures of so many refunds, whose orders were registered and captured before."""
    async with running_stack() as stack, shop_of(stack) as shop:
        orders = iter(await shop.register(count, captured=True))
        before, began = stack.cpu(), perf_counter()

        async def client() -> None:
            for order_id in orders:
                await flow(shop, order_id)

        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        seconds = perf_counter() - began
        cpu = {name: used - before.get(name, 0.0) for name, used in stack.cpu().items()}
        return Figures(count, seconds, cpu, await paid(shop))


async def paid(shop: Shop) -> Counter[int]:
    """How many refunds stand in the provider's ledger how often."""
    times: Counter[str] = Counter()
    after = 0
    while lines := await _ledger(shop, after):
        times.update(line["refund_id"] for line in lines if line["refund_id"])
        after = lines[-1]["id"]
    return Counter(times.values())


async def _ledger(shop: Shop, after: int) -> list[dict[str, Any]]:
    path = f"/psp/ledger?after={after}&limit={PAGE}"
    lines: list[dict[str, Any]] = (await shop.send("shop", "GET", path, service="sandbox"))[1]["data"]
    return lines


def main() -> int:
    """Starts a stack, measures, prints."""
    parser = argparse.ArgumentParser(prog="tests.proof.many_refunds")
    parser.add_argument("--count", type=int, default=5000, help="how many (5,000)")
    figures = asyncio.run(measured(parser.parse_args().count))
    print("\n".join(figures.lines))
    return not figures.kept


if __name__ == "__main__":
    sys.exit(main())
