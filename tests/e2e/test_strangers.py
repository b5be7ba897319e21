"""Others write to our topics: nobody is paid for it, nobody stops, and it can be seen and let go.

A system of its own: what strangers wrote stays in its topics, and the audit of the other tests' system is theirs.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest
from confluent_kafka import Producer

from shared.events.slot import slot_of
from tests.cases.plugin import Came
from tests.e2e.client import LIMIT, PATIENCE, SERVICES, Services, eventually
from tests.e2e.conftest import Stack
from tests.e2e.deals import ordered
from tests.e2e.topics import Record, read_all
from tests.support.servers.stack import line_of, running, stack_environment

pytestmark = [pytest.mark.e2e, pytest.mark.proof]


@dataclass
class Victim:
    """The system, and what strangers do to it."""

    stack: Stack
    services: Services
    environment: Mapping[str, str]

    async def records(self, topic: str) -> list[Record]:
        return await asyncio.to_thread(read_all, self.stack.kafka, [topic])

    async def last_of(self, topic: str) -> Record:
        return max(await self.records(topic), key=lambda record: int(record.attributes["ce_position"]))

    def write(self, topic: str, partition: int, key: bytes | None, headers: Mapping[str, bytes], value: bytes) -> None:
        """As any client of the cluster does."""
        producer = Producer({"bootstrap.servers": self.stack.kafka, "linger.ms": 0})
        producer.produce(topic, value, key, partition, headers=list(headers.items()))
        assert producer.flush(PATIENCE) == 0

    async def makewhole(self, *words: str) -> tuple[int, str]:
        """A command's exit code, and what it says."""
        program = Path(sys.executable).with_name("makewhole")
        process = await asyncio.create_subprocess_exec(
            program,
            *words,
            env=dict(self.environment),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
        return process.returncode or 0, said.decode()

    async def ready(self, service: str) -> int:
        """What the service's worker answers to who asks whether it works."""
        return (await self.services.send(service, "GET", "/readyz", worker=True)).status

    async def waiting(self) -> list[dict[str, str]]:
        _, said = await self.makewhole("parked", "list", "--json")
        found: list[dict[str, str]] = json.loads(said)
        return found

    async def refunded(self) -> str:
        """How a dispute ends whose seller agrees, and what the provider paid."""
        deal = await ordered(self.services)
        dispute = await deal.opened()
        await dispute.respond({"decision": "accept"})
        await dispute.closed()
        return await self.paid(deal.order_id)

    async def paid(self, order_id: str) -> str:
        booked = await self.services.ledger(order_id)
        return " ".join(each["kind"] for each in booked)


@pytest.fixture(scope="module")
async def victim() -> AsyncIterator[Victim]:
    with stack_environment() as environment:
        environment["DEMO"] = "0"
        async with running(environment, "run") as process:
            assert (await line_of(process)).startswith("makewhole is ready")
            stack = Stack(int(environment["PORT_BASE"]), Path(environment["MAKEWHOLE_STATE"]))
            async with aiohttp.ClientSession(timeout=LIMIT) as session:
                yield Victim(stack, Services(session, stack.base), environment)


def forged(record: Record, **headers: bytes) -> dict[str, bytes]:
    return {**dict(record.headers), **headers}


def kinds(found: Sequence[Mapping[str, str]]) -> str:
    return " ".join(sorted({each["reason"].partition(":")[0] for each in found}))


@pytest.mark.case(
    "H1", given="RefundDue behind the partition's last record, for an order that nobody disputed", right="capture"
)
async def test_a_forged_refund_is_not_paid(victim: Victim, came: Came) -> None:
    await victim.refunded()
    deal = await ordered(victim.services)
    await victim.services.at_rest()
    (true,) = [r for r in await victim.records("dispute.events") if r.attributes["ce_type"] == "makewhole.RefundDue.v1"]
    partition = slot_of(deal.order_id) % 12
    last = max(
        (r for r in await victim.records("dispute.events") if r.partition == partition),
        key=lambda record: int(record.attributes["ce_position"]),
    )
    position = int(last.attributes["ce_position"])
    asked = json.loads(true.value) | {"order_id": deal.order_id, "refund_id": "rfd_000forged"}
    headers = forged(
        true,
        ce_position=b"%d" % (position + 1),
        ce_previous=b"%d" % position,
        ce_partitionkey=deal.order_id.encode(),
        ce_subject=b"dispute-dsp_forged",
        ce_id=b"dispute-dsp_forged/1",
    )
    for signature in (None, b"", b"k:00", headers["ce_signature"]):
        attempt = {**headers, "ce_signature": signature}
        victim.write(
            "dispute.events",
            partition,
            deal.order_id.encode(),
            {name: text for name, text in attempt.items() if text is not None},
            json.dumps(asked).encode(),
        )
    await victim.services.at_rest()
    came(await victim.paid(deal.order_id))


@pytest.mark.case("B08e+3", given="records of another log on all three topics", right="capture refund; ready; unsigned")
async def test_records_of_another_installation_stop_nobody(victim: Victim, came: Came) -> None:
    await victim.refunded()
    for topic in ("dispute.events", "refund.events", "return_label.events"):
        record = await victim.last_of("dispute.events")
        headers = forged(record, ce_logid=str(UUID(int=7)).encode())
        for partition in range(12):
            victim.write(topic, partition, record.key, headers, record.value)
    paid = await victim.refunded()
    for service in SERVICES:
        await eventually(partial(victim.ready, service), lambda status: status == 200)
    found = kinds(await victim.waiting())
    came(f"{paid}; ready; {found}")


@pytest.mark.case("B08c", given="tombstones, garbage and strange headers; events tail --once", right="0, 0")
async def test_the_tail_shows_whatever_stands_in_a_topic(victim: Victim, came: Came) -> None:
    for headers, value in (
        ({}, b""),
        ({"ce_id": b"\xff\x00"}, b"\x00\xff"),
        ({"ce_type": b"x"}, b"{"),
        ({"a": b""}, b"1e999"),
    ):
        for key in (None, b"\xff"):
            victim.write("return_label.events", 3, key, headers, value)
    plain = await victim.makewhole("events", "tail", "return-label", "--once", "--past", "50")
    as_json = await victim.makewhole("events", "tail", "return-label", "--once", "--past", "50", "--json")
    assert len(plain[1].splitlines()) == len(as_json[1].splitlines()) >= 8
    came(f"{plain[0]}, {as_json[0]}")


@pytest.mark.case("B22", given="unkeyed garbage on a topic: parked retry, drop, list", right="retry 1, drop 0, list 0")
async def test_what_was_quarantined_can_be_let_go(victim: Victim, came: Came) -> None:
    victim.write("dispute.events", 5, None, {}, b"garbage")
    await victim.services.at_rest()
    retried, _ = await victim.makewhole("parked", "retry", "return-label", "--yes", "--reason", "a test")
    codes = []
    for service in ("dispute", "refund", "return-label"):
        plan, said = await victim.makewhole("parked", "drop", service, "--all")
        assert (plan, "plan" in said) == (0, True)
        without, _ = await victim.makewhole("parked", "drop", service, "--all", "--yes")
        assert without == 2
        codes.append((await victim.makewhole("parked", "drop", service, "--all", "--yes", "--reason", "a test"))[0])
    listed, _ = await victim.makewhole("parked", "list")
    _, kept = await victim.makewhole("interventions", "--json")
    assert {"a test"} <= {each["reason"] for each in json.loads(kept)}
    came(f"retry {retried}, drop {max(codes)}, list {listed}")


@pytest.mark.case("EL5", given="101 strange records: /readyz of the worker, doctor", right="503, 1")
async def test_more_strangers_than_anybody_could_look_at_are_told_by_the_probes(victim: Victim, came: Came) -> None:
    for _ in range(101):
        victim.write("refund.events", 1, None, {}, b"flood")

    ready = partial(victim.ready, "dispute")
    status = await eventually(ready, lambda status: status == 503)
    doctor, said = await victim.makewhole("doctor")
    assert "records in quarantine" in said
    came(f"{status}, {doctor}")
    for service in ("dispute", "refund"):
        await victim.makewhole("parked", "drop", service, "--all", "--yes", "--reason", "a test")
    await eventually(ready, lambda status: status == 200)
