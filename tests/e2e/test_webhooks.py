"""Words of the running provider to the running refund service: signed, twice, in another order, late, lost and forged.
Each only makes the service ask, and none is missed (T30b).
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import Any

import pytest

from tests.e2e.client import Answer, Json, Services, eventually
from tests.e2e.deals import Dispute, ordered, usd

pytestmark = pytest.mark.e2e

SENT: dict[str, Json] = {
    "twice": {"fault": "duplicate"},
    "late": {"fault": "delay", "seconds": 1},
    "after the next one": {"fault": "reorder"},
    "as it should": {},
    "lost": {"fault": "drop"},
    "forged": {"fault": "forge"},
}
"""What the provider does wrong when it sends its word, in the order in which it sends them."""
HEARD = ("twice", "twice", "late", "after the next one", "as it should")


async def taken_by_the_provider(services: Services, **fault: Any) -> tuple[Dispute, str]:
    """A dispute whose refund the provider has taken and is not done with, and the refund's id."""
    dispute = await (await ordered(services)).opened()
    order_id = dispute.deal.order_id
    await services.arm(on="refund", fault="pending", order_id=order_id)
    if fault:
        await services.arm(on="webhook", order_id=order_id, **fault)
    await dispute.respond({"decision": "accept"})
    refund_id = (await dispute.when(lambda shown: bool(shown["refunds"])))["refunds"][0]["id"]
    found = f"/psp/refunds?refund_id={refund_id}"
    await eventually(lambda: services.send("sandbox", "GET", found), lambda answer: bool(answer["data"]))
    return dispute, refund_id


async def test_t32_t32a_a_closed_dispute_hears_that_its_money_came_back_was_tried_again_and_is_there(
    services: Services,
) -> None:
    dispute = await (await ordered(services)).opened()
    await dispute.respond({"decision": "accept"})
    (refund,) = (await dispute.closed())["refunds"]
    bank = f"/psp/refunds/{refund['id']}/result"
    (await services.send("sandbox", "POST", bank, json={"result": "returned"})).ok()
    await services.move_clock(advance="30d")
    await last_word(dispute, "returned_by_bank")
    retry = f"/v1/refunds/{refund['id']}/retry"
    (await dispute.deal.buyer.post(retry, key="again", service="refund")).ok()
    await last_word(dispute, "issued_again")
    await services.move_clock(advance="30d")
    shown = await last_word(dispute, "settled")
    heard = ["returned_by_bank", "tried_again", "issued_again", "settled"]
    assert [late["outcome"] for late in shown["after_close"]] == heard
    (told,) = (await dispute.deal.status())["refunds"]
    assert (told["outcome"], told["amount"]) == ("settled", usd("50.00"))


async def last_word(dispute: Dispute, word: str) -> Answer:
    """The dispute, once this is the last word on its refund."""
    return await dispute.when(lambda shown: shown["refunds"][0]["outcome"] == word)


async def words(services: Services) -> Counter[str]:
    """How many the service has had, by what they came to."""
    told = (await services.send("refund", "GET", "/metrics")).ok().raw.decode()
    counted = re.findall(r'^makewhole_webhooks_total{result="(\w+)"} (\S+)$', told, re.MULTILINE)
    return Counter({result: int(float(count)) for result, count in counted})


async def test_t30b_however_the_providers_word_comes_its_refund_is_paid_once(services: Services) -> None:
    """The service asks by itself too: half a minute after the provider has taken a refund, and then more seldom."""
    before = await words(services)
    owed = dict(
        zip(SENT, await asyncio.gather(*(taken_by_the_provider(services, **how) for how in SENT.values())), strict=True)
    )
    for _, refund_id in owed.values():
        path = f"/psp/refunds/{refund_id}/completion"
        (await services.send("sandbox", "POST", path, json={"result": "succeeded"})).ok()
    for how in HEARD:
        await owed[how][0].closed()

    async def heard() -> Counter[str]:
        return await words(services) - before

    new = await eventually(heard, lambda new: bool(new["refused"]) and new.total() > len(HEARD))
    assert (new["refused"], new["taken"] >= 1) == (1, True)
    await services.move_clock(advance="1m")
    for how, (dispute, refund_id) in owed.items():
        assert (await dispute.closed())["result"]["reason"] == "refunded", how
        paid = [line["idempotency_key"] for line in await services.ledger(dispute.deal.order_id) if line["refund_id"]]
        assert paid == [f"{refund_id}/0"], how
