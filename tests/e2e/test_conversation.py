"""What the parties agree on beside money, over HTTP and the clock."""

from __future__ import annotations

import pytest

from tests.e2e.client import Services
from tests.e2e.deals import counter, ordered, usd

pytestmark = pytest.mark.e2e


async def test_t40_s86_d13_an_exchange_is_agreed_on_sent_and_received_and_one_that_never_comes_escalates(
    services: Services,
) -> None:
    dispute = await (await ordered(services)).opened()
    await dispute.respond(counter("0.00", "exchange"))
    agreed = await dispute.accept()
    assert (agreed["state"], agreed["fulfilment"], agreed["refunds"]) == ("agreed", "replacement_pending", [])
    parcel = {"tracking_number": "RR123456785ES", "carrier": "Correos"}
    sent = (await dispute.command(dispute.deal.seller, "replacement-shipment", parcel)).ok()
    assert sent["replacement"] == parcel | {"shipped_at": sent["replacement"]["shipped_at"], "received_at": None}
    closed = (await dispute.command(dispute.deal.buyer, "replacement-receipt")).ok()
    assert (closed["state"], closed["fulfilment"], closed["result"]["reason"]) == ("closed", "replaced", "replaced")
    assert closed["result"]["amount"] == usd("0.00")
    in_vain = await (await ordered(services)).opened()
    await in_vain.respond(counter("0.00", "replacement"))
    [deadline] = (await in_vain.accept())["deadlines"]
    assert deadline["kind"] == "replacement"
    await services.move_clock(now=deadline["due_at"])
    escalated = await in_vain.when(lambda answer: answer["state"] == "escalated")
    assert escalated["fulfilment"] == "none"
    refused = await in_vain.command(in_vain.deal.buyer, "replacement-receipt")
    assert refused.refused == (409, "wrong_phase")
