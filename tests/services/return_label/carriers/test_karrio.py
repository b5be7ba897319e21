"""USPS and UPS through Karrio, offline: what is asked of them, in their published shapes, and nothing twice."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from return_label.domain.returns.labels.purchase import document_ref
from return_label.domain.tracking.scans import ScanKind
from return_label.gateways.guard import Guarded
from return_label.gateways.karrio.addresses import address
from return_label.gateways.karrio.carrier import usps_carrier
from return_label.gateways.plugins import carrier_of
from return_label.gateways.port import Bought, LabelCall, Refused, Unanswered, Unavailable, Way
from shared.eventstore.connections import open_pool
from shared.eventstore.personal import standing_text
from tests.support.servers.carrier_apis import PDF
from tests.support.servers.carriers import Migrated, known, marked, ups_behind, usps_behind
from tests.support.toys.notes import listening

ANN = "Ann Lee\n12 Main Street\nApt 4\nSpringfield, IL 62701\nUSA"
DOCK = "Returns, Dock 4\n1 Harbor Way\nBoston MA 02110-1234"


def call(sender: str = ANN, receiver: str = DOCK, label_id: str = "lbl_5e6f5a7b8c9d0e1f2a3b4c5d1a2b3c4d") -> LabelCall:
    async def way() -> Way:
        return Way(sender, receiver)

    return LabelCall(label_id, "ret_1", "o1", "bea", way)


async def test_usps_is_asked_for_a_label_from_the_buyer_to_the_warehouse(migrated: Migrated) -> None:
    async with usps_behind(migrated) as behind:
        answer = await behind.carrier.buy(call())
        assert isinstance(answer, Bought) and answer.document == "application/pdf"
        (asked,) = behind.api.labels
    sent, to, parcel = asked["fromAddress"], asked["toAddress"], asked["packageDescription"]
    assert (sent["firstName"], sent["lastName"]) == ("Ann", "Lee")
    assert (sent["streetAddress"], sent["secondaryAddress"], sent["ZIPCode"]) == ("12 Main Street", "Apt 4", "62701")
    assert (to["city"], to["state"], to["ZIPCode"]) == ("Boston", "MA", "02110")
    assert (parcel["mailClass"], parcel["weight"], parcel["rateIndicator"]) == ("USPS_GROUND_ADVANTAGE", 2.0, "SP")
    assert parcel["customerReference"][0]["referenceNumber"] == call().label_id[-30:]
    assert asked["imageInfo"]["imageType"] == "PDF"


async def test_ups_is_asked_for_a_return_label_that_whoever_gets_the_goods_pays(migrated: Migrated) -> None:
    async with ups_behind(migrated) as behind:
        answer = await behind.carrier.buy(call())
        assert isinstance(answer, Bought) and answer.tracking_number.startswith("1Z")
        (asked,) = behind.api.labels
    shipment = asked["ShipmentRequest"]["Shipment"]
    assert shipment["ReturnService"]["Code"] == "9"
    assert shipment["ShipFrom"]["AttentionName"] == "Ann Lee"
    assert shipment["ShipTo"]["Address"]["PostalCode"] == "02110-1234"
    assert shipment["Shipper"]["ShipperNumber"] == "999AA1"
    (charge,) = shipment["PaymentInformation"]["ShipmentCharge"]
    assert charge["BillShipper"]["AccountNumber"] == "999AA1"
    assert shipment["Service"]["Code"] == "03"


async def test_the_carrier_s_document_is_kept_with_the_texts_about_its_buyer(migrated: Migrated) -> None:
    dsn = await migrated("return_label")
    async with usps_behind(lambda _: _same(dsn)) as behind, open_pool(dsn, 2) as pool:
        await behind.carrier.buy(call())
        kept = await standing_text(pool, document_ref(call().label_id))
        subject = await pool.fetchval("select subject from personal where ref = $1", document_ref(call().label_id))
    assert kept and base64.b64decode(kept) == PDF and subject == "bea"


async def _same(dsn: str) -> str:
    return dsn


@pytest.mark.parametrize(
    "wrong", ["Ann Lee, 12 Main Street, Springfield", "Anna\nHauptstr. 1\n10115 Berlin", "", f"{'A' * 36}{ANN}"]
)
async def test_what_is_no_address_of_the_united_states_is_refused_before_anybody_is_asked(
    migrated: Migrated, wrong: str
) -> None:
    async with usps_behind(migrated) as behind:
        refused = Refused(call().label_id, "address_not_understood")
        assert await behind.carrier.buy(call(sender=wrong)) == refused
        assert await behind.carrier.buy(call(receiver=wrong)) == refused
        assert not behind.api.labels
        assert isinstance(await behind.carrier.buy(call()), Bought)


def test_an_address_is_read_in_its_parts() -> None:
    parts = address("Ann O'Hara-Lee\n1 Main St\nSt. Louis, MO 63101-0001")
    assert parts and (parts.city, parts.state_code, parts.postal_code) == ("St. Louis", "MO", "63101-0001")
    assert parts.address_line2 is None and parts.country_code == "US"


async def test_a_call_that_the_carrier_turns_away_or_never_gets_may_be_made_again(migrated: Migrated) -> None:
    async with usps_behind(migrated) as behind:
        await behind.break_next("away")
        with pytest.raises(Unavailable):
            await behind.carrier.buy(call())
        assert isinstance(await behind.carrier.buy(call()), Bought)


async def test_addresses_that_cannot_be_read_now_leave_no_mark(migrated: Migrated) -> None:
    async with ups_behind(migrated) as behind:
        with pytest.raises(Unanswered):
            await behind.carrier.buy(replace(call(), way=LabelCall("", "", "").way))
        assert isinstance(await behind.carrier.buy(call()), Bought)


async def test_a_mark_outlasts_the_process_so_that_nothing_is_bought_a_second_time(migrated: Migrated) -> None:
    dsn = await migrated("return_label")
    async with usps_behind(lambda _: _same(dsn)) as behind:
        await behind.break_next("timeout_after")
        with pytest.raises(Unanswered):
            await behind.carrier.buy(call())
    async with usps_behind(lambda _: _same(dsn)) as later:
        with pytest.raises(Unanswered, match="cannot be asked"):
            await later.carrier.buy(call())
        assert not later.api.labels


async def test_one_login_serves_many_calls_and_a_wrong_one_buys_nothing(migrated: Migrated) -> None:
    async with usps_behind(migrated) as behind:
        for n in range(3):
            await behind.carrier.buy(call(label_id=f"lbl_{n}"))
        assert behind.api.logins == 1
        async with listening(behind.api.app()) as place, marked(migrated) as marks:
            wrong = known(place, "account=1&crid=1234&mid=5678").replace("hush", "wrong")
            async with usps_carrier(wrong, marks) as stranger:
                with pytest.raises(Unavailable):
                    await stranger.buy(call())
        assert len(behind.api.labels) == 3


@pytest.mark.parametrize("behind", [usps_behind, ups_behind])
async def test_a_label_that_is_only_printed_has_not_been_seen_and_what_goes_back_to_its_sender_has_not_arrived(
    migrated: Migrated, behind: object
) -> None:
    async with behind(migrated) as opened:  # type: ignore[operator]
        number = (await opened.carrier.buy(call())).tracking_number
        assert await opened.carrier.track(number) == []
        await opened.see(number, ScanKind.RETURNED_TO_SENDER)
        (scan,) = await opened.carrier.track(number)
        assert scan.kind is ScanKind.RETURNED_TO_SENDER


@pytest.mark.parametrize(
    "setting",
    [
        "karrio-usps+https://id:hush@apis.usps.com?account=1&crid=2",
        "karrio-usps+https://id@apis.usps.com?account=1&crid=2&mid=3",
        "karrio-ups+https://id:hush@onlinetools.ups.com",
        "karrio-ups+ftp://id:hush@onlinetools.ups.com?account=1",
        "karrio-ups+https://id:hush@onlinetools.ups.com?account=1&weight_lb=hush",
        "karrio-ups+https://id:hush@onlinetools.ups.com?account=1&weight_lb=0",
    ],
)
def test_a_setting_that_lacks_something_ends_the_process_with_one_line(setting: str) -> None:
    with pytest.raises(SystemExit) as ended:
        carrier_of(setting)
    assert "hush" not in str(ended.value) and "\n" not in str(ended.value)


async def test_a_whole_setting_opens_the_carrier(migrated: Migrated) -> None:
    setting = "karrio-ups+https://id:hush@onlinetools.ups.com?account=1"
    async with marked(migrated) as marks, carrier_of(setting, marks) as carrier:
        assert isinstance(carrier, Guarded)
