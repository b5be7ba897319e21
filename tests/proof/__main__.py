"""Longer proofs: `python -m tests.proof --minutes 20` tries the same with more examples, faults and time.

The laws, the tests that are marked `proof`, histories of refunds in simulation, the torture of the log, the benchmarks
in short, and chaos with what is left of the time. A proof that fails ends the run with its status; each prints the seed
or the example that it failed on.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from shared.process.addresses import PROJECT

SHORTEST_CHAOS = 4.0
"""Minutes: every crash point and every outage once, and one short storm."""
TRIALS = "3"
"""Kills at each place around the provider's call; `make chaos` has more."""

LONG_FROM = 60.0
"""Minutes from which on the plants are tried, half an hour of their own, and a provider that is away for minutes."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One command, and what its environment holds beside ours."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def proofs(minutes: float, end: float) -> Iterator[Proof]:
    """The proofs in their order, each sized when its turn has come."""
    tests = ("pytest", "-q", f"--timeout={60 * minutes:.0f}")
    two_at_once = ("-n", "2", "--dist", "load")
    times = max(2, round(minutes / 2))
    yield Proof(
        f"laws, {times} times as many examples",
        # By thread: to hypothesis a signal's exception is an example that fails, and it tries that again without end.
        (*tests, "--timeout-method=thread", "tests/laws", "-m", "not proof", *two_at_once),
        {"LAWS": str(times)},
    )
    yield Proof("known cases, and what comes now", (*tests, "--cases", *two_at_once))
    yield Proof("tests that are marked proof", (*tests, "-m", "proof and not chaos"))
    yield Proof("20,000 histories of refunds in simulation", ("tests.proof.histories",))
    appends = round(400 * minutes)
    yield Proof(f"torture, {appends} appends", ("tests.torture", "--appends", str(appends)))
    yield Proof("every benchmark runs, whatever its figures", ("bench", "--short"))
    if minutes >= LONG_FROM:
        yield Proof("plants, each in a copy", ("tests.plants",))
        yield Proof("20,000 refunds wait for a provider that is away", ("tests.proof.provider_away",))
    left = max(SHORTEST_CHAOS, (end - time.monotonic()) / 60)
    sized = ("--minutes", f"{left:.1f}", "--seeds", f"{left / 2:.0f}", "--trials", TRIALS)
    yield Proof(f"chaos, {left:.0f} minutes", ("tests.chaos", *sized))


def main() -> int:
    """Runs one proof after the other; says what each was and how long it took."""
    parser = argparse.ArgumentParser(prog="tests.proof", description="Longer proofs.")
    parser.add_argument("--minutes", type=float, default=20, help="how long all of them shall take, roughly (20)")
    minutes = parser.parse_args().minutes
    for proof in proofs(minutes, time.monotonic() + 60 * minutes):
        print(f"proof: {proof.name}", flush=True)
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", *proof.command], cwd=PROJECT, env={**os.environ, **proof.environment}, check=False
        )
        print(f"proof: {time.monotonic() - began:.0f} s", flush=True)
        if done.returncode not in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
