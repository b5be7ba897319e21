"""The refund service's own cap (G9, T30a). No request leads past it, for the dispute service keeps the same: so the log
is told a second claim.
"""

from __future__ import annotations

from uuid import uuid4

import pytest

from dispute.domain.decider import decider
from shared.events.base import SYSTEM
from shared.events.dispute import RefundDue
from shared.events.envelope import Cause, Write
from shared.events.ids import derived_id
from shared.events.slot import SlotPosition, slot_of
from shared.eventstore.store import open_store
from shared.process.addresses import database_name, database_url
from tests.e2e.client import Services, eventually
from tests.e2e.conftest import Stack
from tests.e2e.deals import Dispute, now, ordered, usd
from tests.e2e.log import Logs

pytestmark = pytest.mark.e2e


async def claim_again(stack: Stack, services: Services, dispute: Dispute) -> str:
    """Appends the dispute's claim for its money a second time, as another refund; answers that one's id."""
    stream, moment = f"dispute-{dispute.id}", await now(services)
    dsn = database_url(stack.database_url, database_name("dispute"))
    async with open_store(dsn, deadlines=decider.deadlines) as store:
        (history,) = await store.load(stream)
        (claim,) = [recorded.event for recorded in history if isinstance(recorded.event, RefundDue)]
        again = claim.model_copy(update={"refund_id": derived_id("rfd", history[0].metadata.key, "again")})
        cause = Cause(uuid4(), moment, str(SYSTEM), correlation=history[0].metadata.correlation)
        await store.append([Write(stream, history[0].metadata.key, len(history), [again])], cause)
    return again.refund_id


async def test_a_second_claim_for_the_same_money_is_refused_in_an_event_that_the_dispute_hears(
    stack: Stack, services: Services, logs: Logs
) -> None:
    deal = await ordered(services)
    dispute = await deal.opened()
    await dispute.respond({"decision": "accept"})
    await dispute.closed()
    refund_id = await claim_again(stack, services, dispute)

    heard = await eventually(
        lambda: logs.events("dispute", f"dispute-{dispute.id}"), lambda events: events[-1]["name"] == "RefundNoted"
    )
    noted = heard[-1]["data"]
    assert (noted["refund_id"], noted["outcome"], noted["reason"]) == (refund_id, "refused", "amount_exceeds_cap")
    assert (noted["amount"], noted["rules"]) == (usd("50.00"), ["S45", "T30a"])
    refused = (await logs.events("refund", f"payment-{deal.order_id}"))[-1]
    assert (refused["name"], refused["data"]["rules"]) == ("RefundRefused", ["G9", "T30a"])
    assert heard[-1]["metadata"]["causation"] == f"payment-{deal.order_id}/{refused['version']}"

    shown = await dispute.show()
    assert (shown["state"], shown["result"]["amount"]) == ("closed", usd("50.00"))
    assert [line["kind"] for line in await services.ledger(deal.order_id)] == ["capture", "refund"]
    position = max(row["position"] for row in await logs.events("dispute", f"order-{deal.order_id}"))
    at_least = str(SlotPosition(slot_of(deal.order_id), position))
    assert (await deal.status(at_least=at_least)).ok()["lines"][0]["refunded"] == usd("50.00")
