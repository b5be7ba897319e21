"""A programme of the operator's own: a file in a folder, and an app that reads it; nothing else is started anew."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from yarl import URL

from local_stack.keys import log_keys
from local_stack.services import services as processes_of
from shared.process.addresses import Ports
from tests.e2e.client import PORTS, Answer, Json, Services, eventually
from tests.e2e.conftest import Stack
from tests.e2e.deals import Dispute, counter, instant, ordered, split, usd, wire
from tests.support.servers.backing import free_port_base

pytestmark = pytest.mark.e2e

START = 180.0
"""Seconds that a process may take to start on a busy machine."""
SIXTH = """
programme = "corner_shop"
version = 1
title = "Corner shop promise"
rules = ["S102"]

[protection]
days = 40

[negotiation]
seller_response_days = 2

[decision]
two_person_amount = [{ amount = "20.00", currency = "USD" }]
"""


class Beside(Services):
    """The running services, but for a dispute app of another port."""

    def __init__(self, running: Services, base: int) -> None:
        super().__init__(running.session, running.base, _numbers=running._numbers)
        self.other = base

    def url(self, service: str, path: str, *, worker: bool = False) -> URL:
        if service != "dispute" or worker:
            return super().url(service, path, worker=worker)
        return URL(f"http://127.0.0.1:{self.other + PORTS[service]}{path}", encoded=True)


@pytest.fixture
async def beside(stack: Stack, services: Services, tmp_path: Path) -> AsyncIterator[Beside]:
    """An app more, which knows the folder, on the log and the topics of the running system."""
    (tmp_path / "corner_shop.toml").write_text(SIXTH)
    found = processes_of(Ports(stack.base), stack.kafka, stack.state, log_keys(stack.state))
    (app,) = [process for process in found if process.name == "dispute"]
    base = free_port_base()
    own = {"PORT_BASE": str(base), "MAKEWHOLE_PROGRAMMES": str(tmp_path), "MAKEWHOLE_QUOTAS": "off"}
    environment = {**os.environ, **app.environment, **own, "MAKEWHOLE_STATE": str(stack.state)}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", app.module, env=environment)
    other = Beside(services, base)
    try:
        await eventually(lambda: _is_ready(other), bool, START)
        yield other
    finally:
        process.terminate()
        await process.wait()


async def _is_ready(other: Beside) -> bool:
    answer = await other.probe("dispute", "/readyz")
    return answer is not None and answer.status == 200


async def test_s102_a_sixth_programme_is_a_file_and_workers_that_never_heard_of_it_keep_its_days(
    beside: Beside, services: Services
) -> None:
    shown = (await beside.shop.get("/v1/programmes")).ok()
    assert "corner_shop" in {programme["id"] for programme in shown["data"]}
    deal = await ordered(beside, programme="corner_shop")
    dispute = await deal.opened(amount=usd("45.00"))
    opened = await dispute.show()
    (deadline,) = opened["deadlines"]
    assert (opened["terms"]["programme"], deadline["kind"]) == ("corner_shop", "seller_response")
    assert instant(deadline["due_at"]) - instant(opened["opened_at"]) <= timedelta(days=3)
    await services.move_clock(now=wire(instant(deadline["due_at"])))
    closed = await dispute.closed()
    assert (closed["result"]["amount"], closed["result"]["reached_type"]) == (usd("45.00"), "seller_timeout")
    (elsewhere,) = (await deal.buyer.get(f"/v1/disputes?order_id={deal.order_id}"))["data"]
    assert elsewhere["state"] == "closed"


async def by_two(dispute: Dispute, what: str, ruling: Json) -> Answer:
    """What one of the case team proposes and another agrees to."""
    services = dispute.deal.services
    first, second = services.party(services.new("case"), "case_team"), services.party(services.new("case"), "case_team")
    waits = await dispute.command(first, what, ruling, key=services.new("key"))
    (made,) = waits.ok(202)["proposals"]
    agreed = {"agree": made["id"]}
    assert (await dispute.command(first, what, agreed, key=services.new("key"))).refused == (403, "same_reviewer")
    return (await dispute.command(second, what, agreed, key=services.new("key"))).ok()


async def test_t15_t18_g15_above_the_amount_of_its_programme_two_decide_and_the_difference_is_paid(
    beside: Beside,
) -> None:
    dispute = await (await ordered(beside, programme="corner_shop")).opened()
    await dispute.respond(counter("10.00"))
    await dispute.escalate()
    parties = (dispute.deal.buyer, dispute.deal.seller)
    for party in parties:
        await dispute.state(party)
    decided = await by_two(dispute, "decision", split("30.00"))
    assert (decided["state"], decided["result"]["amount"]) == ("decided", usd("30.00"))
    await dispute.when(lambda shown: shown["fulfilment"] == "refund_issued")
    for party in parties:
        await dispute.appeal(party)
    assert (await by_two(dispute, "appeal-decision", split("45.00", decision="amended")))["proposals"] == []
    closed = await dispute.closed()
    assert sorted(refund["amount"]["amount"] for refund in closed["refunds"]) == ["15.00", "30.00"]
