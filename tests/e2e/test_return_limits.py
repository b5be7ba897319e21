"""A buyer whose returns support has limited, in the running system: for no reason nothing goes back, by law it does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.e2e.client import Services, eventually
from tests.e2e.deals import now, wire
from tests.e2e.test_returns import WHOLE, ask, bought

pytestmark = pytest.mark.e2e

REASON = "Nine of ten orders came back worn."


async def test_s79_s17_a_limited_buyer_sends_back_by_law_and_no_longer_for_no_reason(services: Services) -> None:
    deal = await bought(services)
    until_at = wire(await now(services) + timedelta(days=30))
    path = f"/v1/buyers/{deal.buyer.sub}"
    limit = {"scope": "no_reason_returns", "reason": REASON, "until_at": until_at}
    support = services.party("sue", "support")
    (await support.send("return_label", "PUT", f"{path}/return-limit", json=limit)).ok()
    (shown,) = (await deal.buyer.get(f"{path}/label-quota", "return_label")).ok()["limits"]
    assert (shown["reason"], shown["until_at"]) == (REASON, until_at)
    refused = await ask(deal)
    assert (refused.refused, refused["resets_at"], refused["rules"]) == ((409, "returns_limited"), until_at, ["S79"])

    past = {"kind": "free", "lines": [{"line_id": "1"}], "condition": WHOLE}
    (await deal.buyer.post(f"/v1/orders/{deal.order_id}/returns", past, key="past")).ok(201)

    async def denied() -> tuple[list[str | None], str | None]:
        shown = (await deal.status()).ok()
        return [one["outcome"] for one in shown["returns"]], shown["lines"][0]["held_by"]

    await eventually(denied, lambda found: found == (["denied"], None))
    assert (await ask(deal, "law", kind="statutory", condition=None)).ok(201)["kind"] == "statutory"
