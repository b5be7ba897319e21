"""An order number and parties as the world writes them travel the whole way: log, topics, provider, lists and pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.cases.plugin import Came
from tests.e2e.client import Answer, Party, Services, eventually
from tests.e2e.deals import Deal, Dispute, ordered

pytestmark = pytest.mark.e2e

NUMBERS = ["#1001/é", "SO/2026/00012", "gid://shopify/Order/1", "注文 42?x=1&y"]


async def told(services: Services, order_id: str, buyer: Party, seller: Party) -> Deal:
    """The deal under this number, with these parties."""
    plain = await ordered(services)
    body = {**plain.body, "buyer_id": buyer.sub, "seller_id": seller.sub}
    path = f"/v1/orders/{quote(order_id, safe='')}"
    (await services.shop.send("dispute", "PUT", path, json=body)).ok(201)
    taken = {"order_id": order_id, "payment_id": order_id, "amount": body["payment"]["amount"]}
    (await services.send("sandbox", "POST", "/psp/captures", json=taken)).ok(201)
    return Deal(services, order_id, buyer, seller, body)


@pytest.mark.case("B18+5", given="/ # ? & in an order's number", right="refunded, and found everywhere")
@pytest.mark.parametrize("number", NUMBERS)
async def test_an_order_number_travels_the_whole_way(services: Services, came: Came, number: str) -> None:
    order_id = f"{number} {services.new('n')}"
    buyer = services.party(f"auth0|{services.new('b')}@example.org", "buyer")
    seller = services.party(f"https://shops.example/{services.new('s')}", "seller")
    deal = await told(services, order_id, buyer, seller)
    dispute = Dispute(deal, (await deal.open()).ok(201)["id"])
    await dispute.respond({"decision": "accept"})
    await dispute.closed()
    named = quote(order_id, safe="")
    status = await eventually(lambda: buyer.get(f"/v1/orders/{named}/status"), _refunded)
    lists = [
        (await buyer.get(f"/v1/disputes?order_id={named}")).ok()["data"],
        (await buyer.get(f"/v1/refunds?order_id={named}", "refund")).ok()["data"],
        await services.ledger(named),
    ]
    page = (await services.send("console", "GET", f"/?order={named}")).raw.decode()
    found = status["order_id"] == order_id and all(row["order_id"] == order_id for rows in lists for row in rows)
    came("refunded, and found everywhere" if found and all(lists) and dispute.id in page else (lists, page[:500]))


def _refunded(answer: Answer) -> Any:
    return answer.status == 200 and answer["payout"] == "refunded"
