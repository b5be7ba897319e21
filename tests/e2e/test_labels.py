"""A label from the shop's order to the buyer's printer, through two services, and until the address is erased."""

from __future__ import annotations

import io

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from tests.e2e.client import Answer, Services, eventually
from tests.e2e.deals import ordered
from tests.support.builders.labels import ADDRESSES

pytestmark = pytest.mark.e2e

SHIP_TO = {"country": "SA", "postal_code": "12345", "address": ADDRESSES["SA"]}


async def test_s75_a_label_shows_both_addresses_and_a_number_that_the_parcel_is_sent_with(services: Services) -> None:
    deal = await ordered(services, ship_to=SHIP_TO, return_address=ADDRESSES["CN"])
    dispute = await deal.opened(type="return_and_refund")
    path = f"/v1/returns/{(await dispute.respond({'decision': 'accept'}))['return_id']}"

    async def returned() -> Answer:
        return await deal.buyer.get(path, "return_label")

    label = (await eventually(returned, lambda answer: answer.status == 200))["label"]

    async def printed(accept: str) -> Answer:
        return await deal.buyer.send("return_label", "GET", label["files"][accept], headers={"Accept": accept})

    page = (await printed("application/pdf")).ok()
    with pypdfium2.PdfDocument(page.raw) as document:
        copied = document[0].get_textpage().get_text_range()
    assert "北京市朝阳区建国路88号" in copied
    assert "محمد علي" in copied
    with Image.open(io.BytesIO((await printed("image/png")).raw)) as picture:
        assert [found.text for found in zxingcpp.read_barcodes(picture)] == [label["tracking_number"]]
    assert (await printed("application/pdf")).raw == page.raw
    assert (await deal.seller.get(f"{path}/label", "return_label")).refused == (403, "forbidden")
    sent = await deal.buyer.post(
        f"{path}/shipment", {"tracking_number": label["tracking_number"]}, service="return_label"
    )
    assert sent.ok()["shipment"]["number_check"] == "check_digit"


async def test_the_buyer_s_address_is_read_by_the_buyer_and_not_by_the_seller(services: Services) -> None:
    deal = await ordered(services, ship_to=SHIP_TO)
    path = f"/v1/orders/{deal.order_id}/texts/ship_to"
    assert (await deal.buyer.get(path)).ok()["text"] == ADDRESSES["SA"]
    assert (await deal.seller.get(path)).refused == (403, "forbidden")
    printer = services.party("return-label", "labels")
    assert (await printer.get(path)).ok()["text"] == ADDRESSES["SA"]
    for hidden in (f"/v1/orders/{deal.order_id}/status", f"/v1/orders/{deal.order_id}/texts/txt_1"):
        assert (await printer.get(hidden)).refused == (404, "not_found")
    assert (await deal.buyer.get(f"/v1/orders/{(await ordered(services)).order_id}/texts/ship_to")).status == 404
