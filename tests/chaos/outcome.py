"""Outcome of a chaos run: each order's final state compared with a run without faults, the audit, and each acknowledged
command found once in the log.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.events.slot import SlotPosition
from tests.chaos.client import Journal, Patient
from tests.chaos.stack import Chaos
from tests.chaos.stories import Wave
from tests.e2e.client import SERVICES
from tests.e2e.log import Logs, open_logs

AUDIT_LIMIT = 300.0
OF_THE_MOMENT = "reminder"
"""The streams that say what stood when a policy came to a dispute: that differs from run to run."""
BESIDE = "RefundConfirmed"
"""What follows a step of its own stream as a notification does: how many there are is certain, and not where."""
NAMES = "select key, stream, split_part(type, '.', 2) as name from events where key = any($1) order by stream, version"
RUNS = """
select metadata ->> 'command_id' as command_id, max(position) as last, max(position) - min(position) + 1 - count(*) as
    between
from events group by 1
"""

State = dict[str, Any]


async def states_of(services: Patient, server_url: str, waves: Iterable[Wave]) -> dict[str, State]:
    """By order: state and result, payout, the provider's movements, and every event of every stream."""
    disputes = {order: dispute for wave in waves for order, dispute in wave.disputes.items()}
    async with open_logs(server_url) as logs:
        names = await _names(logs, list(disputes))
    shown = await asyncio.gather(*(_shown(services, order, dispute) for order, dispute in disputes.items()))
    return {order: {**state, "events": names[order]} for order, state in zip(disputes, shown, strict=True)}


async def _shown(services: Patient, order: str, dispute: str) -> State:
    buyer = services.party(f"buyer-of-{order}", "buyer")
    view, status = await asyncio.gather(buyer.get(f"/v1/disputes/{dispute}"), buyer.get(f"/v1/orders/{order}/status"))
    result = view.ok()["result"] or {}
    return {
        "dispute": {name: view[name] for name in ("state", "label", "round", "fulfilment")},
        "result": {name: result.get(name) for name in ("reason", "reached_type", "amount")},
        "order": {name: status.ok()[name] for name in ("label", "payout")},
        "ledger": [(line["kind"], line["amount"]["amount"]) for line in await services.ledger(order)],
    }


async def _names(logs: Logs, orders: Sequence[str]) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """By order and kind of stream: the names of its events, in order."""
    found: dict[str, dict[str, list[str]]] = {order: defaultdict(list) for order in orders}
    for service in SERVICES:
        for row in await logs.rows(service, NAMES, orders):
            if (category := row["stream"].partition("-")[0]) != OF_THE_MOMENT:
                found[row["key"]][BESIDE if row["name"] == BESIDE else category].append(row["name"])
    return found


def story_of(order: str) -> str:
    """The story that was played with the order."""
    return order.rsplit("-", 2)[1]


def differences(reference: Mapping[str, State], states: Mapping[str, State]) -> list[str]:
    """Where an order has come to something else than its story does without faults."""
    told = []
    for order, state in states.items():
        expected = reference[story_of(order)]
        told += [
            f"{order}: {name} is {state[name]} and not {expected[name]}"
            for name in state
            if state[name] != expected[name]
        ]
    return told


async def audited(stack: Chaos, journal: Journal) -> dict[str, int]:
    """`makewhole audit` over everything since the stack began; a fault is a failure. Answers with some of what it
    looked at.
    """
    said, complaint, code = await _makewhole(stack, "audit", "--json", "--journal", str(journal.path))
    report: dict[str, Any] = json.loads(said) if said else {"ok": False, "checks": []}
    broken = [(check["promise"], check["faults"], check["examples"]) for check in report["checks"] if not check["ok"]]
    assert report["ok"], (broken, complaint)
    assert code == 0, complaint
    found = {check["promise"]: check["seen"] for check in report["checks"]}
    events = sum(found[f"log {service}"]["events"] for service in SERVICES)
    return {
        "audited": len(found),
        "events": events,
        "refunds": found["ledger"]["refunds"],
        "effects": found["ledger"]["effects"],
        "booked": found["books"]["entries"],
        "accounts": await _closed_accounts(stack),
    }


async def _closed_accounts(stack: Chaos) -> int:
    """How many accounts hold money, in a trial balance that closes."""
    said, complaint, code = await _makewhole(stack, "ledger", "balance", "--json")
    assert code == 0, (said, complaint)
    rows = json.loads(said)
    sums = [(row["debit"], row["credit"]) for row in rows if row["account"] == "sum"]
    assert sums, rows
    assert all(debit == credit for debit, credit in sums), rows
    return len(rows) - len(sums)


async def _makewhole(stack: Chaos, *words: str) -> tuple[str, str, int | None]:
    """The command's words, its complaints and its exit code."""
    program, pipe = str(Path(sys.executable).with_name("makewhole")), asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(program, *words, env=stack.environment, stdout=pipe, stderr=pipe)
    said, complaint = await asyncio.wait_for(process.communicate(), AUDIT_LIMIT)
    return said.decode(), complaint.decode(), process.returncode


async def once_each(server_url: str, journal: Journal) -> int:
    """How many commands were acknowledged: each one's events are in the log in one piece that ends where its answer
    said, and no command's twice.
    """
    acknowledged = {
        (entry["service"], entry["command_id"]): SlotPosition.parse(entry["position"]).position
        for entry in journal.entries
    }
    assert acknowledged.items() <= (last := await _last_positions(server_url)).items(), (
        acknowledged.items() - last.items()
    )
    return len(acknowledged)


async def _last_positions(server_url: str) -> dict[tuple[str, str], int]:
    last = {}
    async with open_logs(server_url) as logs:
        for service in SERVICES:
            for row in await logs.rows(service, RUNS):
                assert row["between"] == 0, f"command {row['command_id']} of {service} was carried out more than once"
                last[(service, row["command_id"])] = row["last"]
    return last
