"""A return that cannot be, end to end: people get it, and give the money without the goods (T22a)."""

from __future__ import annotations

import pytest

from tests.e2e.client import Services, eventually
from tests.e2e.deals import ordered, usd

pytestmark = pytest.mark.e2e


async def test_t22a_s73_from_a_suspended_area_the_team_gives_the_money_without_the_goods(services: Services) -> None:
    deal = await ordered(services, ship_to={"country": "US", "postal_code": "96815"})
    dispute = await deal.opened(reason="late", type="return_and_refund")
    path = f"/v1/returns/{(await dispute.respond({'decision': 'accept'}))['return_id']}"
    denied = await eventually(lambda: deal.buyer.get(path, "return_label"), lambda found: found.status == 200)
    assert (denied["state"], denied["denied_because"], denied["label"]) == ("denied", "return_service_suspended", None)
    await dispute.when(lambda shown: shown["state"] == "escalated")
    for party in (deal.buyer, deal.seller):
        await dispute.state(party)
    whole = {"outcome": "buyer_favour", "lines": [{"line_id": "1", "amount": usd("50.00")}]}
    said = {"rules": ["S73", "T22a"], "weights": {}, "text": "Nothing goes back from there."}
    await dispute.decide({**whole, **said, "type": "refund_only"})
    paid = await dispute.when(lambda shown: shown["refund_outcome"] == "issued")
    assert (paid["state"], paid["refunded"]) == ("decided", usd("50.00"))
