"""UPS by its Shipping API: `karrio-ups+https://<client id>:<secret>@onlinetools.ups.com?account=…`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from karrio import lib
from karrio.mappers.ups.mapper import Mapper
from karrio.mappers.ups.settings import Settings

from return_label.gateways.karrio.connector import Answered, Connector, parsed
from return_label.gateways.karrio.setting import Setting
from shared.events.ids import derived_uuid

_TOKEN_LIFE = 3600.0
"""Seconds, where UPS does not say."""
_RETURN = {"ups_return_service": "ups_print_return_label"}
FREIGHT = "01"
NEEDS = ("account",)


class Ups(Connector):
    """UPS; what is asked for is its return label to be printed, billed to whoever has the account."""

    async def ready(self) -> Mapping[str, str]:
        """One token."""
        headers = {"Authorization": f"Basic {self.mapper.settings.authorization}"}
        form = {"grant_type": "client_credentials"}
        token = await self.token("access_token", "/security/v1/oauth/token", headers, _TOKEN_LIFE, data=form)
        return {"Authorization": f"Bearer {token}"}

    def parties(self, sender: Any, receiver: Any) -> Mapping[str, Any]:
        """Whoever gets the goods is UPS's shipper, as the account is theirs; the buyer is where they come from."""
        return {"shipper": receiver, "recipient": receiver, "return_address": sender}

    async def create(self, headers: Mapping[str, str], request: Any) -> tuple[Answered, Any]:
        """One shipment of one parcel."""
        wanted = request.serialize()
        payment = wanted["ShipmentRequest"]["Shipment"]["PaymentInformation"]
        # Karrio has the duties paid besides, and what crosses no border has none.
        payment["ShipmentCharge"] = [charge for charge in payment["ShipmentCharge"] if charge["Type"] == FREIGHT]
        answer = await self.ask("POST", "/api/shipments/v2409/ship", headers, json=wanted)
        return answer, lib.Deserializable(parsed(answer), dict, request.ctx)

    async def cancel(self, headers: Mapping[str, str], number: str) -> tuple[Answered, Any]:
        """By the label's number."""
        answer = await self.ask("DELETE", f"/api/shipments/v2409/void/cancel/{quote(number, safe='')}", headers)
        return answer, lib.Deserializable(parsed(answer))

    async def track(self, headers: Mapping[str, str], number: str) -> tuple[Answered, Any]:
        """All that is known of it."""
        path = f"/api/track/v1/details/{quote(number, safe='')}?locale=en_US"
        asked = {"transId": derived_uuid("track", number).hex, "transactionSrc": "makewhole"}
        answer = await self.ask("GET", path, {**headers, **asked})
        return answer, lib.Deserializable([(number, parsed(answer))])


def ups(setting: Setting, session: Any) -> Ups:
    """The connector of a setting."""
    own = Settings(
        carrier_id="ups",
        client_id=setting.client_id,
        client_secret=setting.secret,
        account_number=setting.more["account"],
        account_country_code="US",
    )
    return Ups(session, Mapper(own), setting.more.get("service", "ups_ground"), _RETURN)
