"""USPS by its Labels API 3.0: `karrio-usps+https://<client id>:<secret>@apis.usps.com?account=…&crid=…&mid=…`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from karrio import lib
from karrio.mappers.usps.mapper import Mapper
from karrio.mappers.usps.settings import Settings
from karrio.providers.usps.utils import parse_response

from return_label.gateways.karrio.connector import OK, Answered, Connector, parsed
from return_label.gateways.karrio.setting import Setting

PAYMENT = "X-Payment-Authorization-Token"
_TOKEN_LIFE = 3000.0
"""Seconds: USPS does not say how long a token for payments lasts, and promises an hour."""
_MACHINABLE = {"usps_processing_category": "MACHINABLE"}
SINGLE = "SP"
"""A single piece: Karrio has no word for it, and writes the rate of a permit."""
NEEDS = ("account", "crid", "mid")


class Usps(Connector):
    """USPS; what is asked for is a label from the buyer to where the goods go."""

    async def ready(self) -> Mapping[str, str]:
        """One token to be let in, and one to pay with."""
        own = self.mapper.settings
        login = {
            "grant_type": "client_credentials",
            "client_id": own.client_id,
            "client_secret": own.client_secret,
            "scope": "labels payments tracking",
        }
        access = await self.token("access_token", "/oauth2/v3/token", {}, _TOKEN_LIFE, data=login)
        bearer = {"Authorization": f"Bearer {access}"}
        payer = {"CRID": own.CRID, "MID": own.MID, "accountType": own.account_type, "accountNumber": own.account_number}
        roles = [
            {**payer, "roleName": "LABEL_OWNER", "manifestMID": own.manifest_MID or own.MID},
            {**payer, "roleName": "PAYER"},
        ]
        path = "/payments/v3/payment-authorization"
        pays = await self.token("paymentAuthorizationToken", path, bearer, _TOKEN_LIFE, json={"roles": roles})
        return {**bearer, PAYMENT: pays}

    def parties(self, sender: Any, receiver: Any) -> Mapping[str, Any]:
        """The buyer sends."""
        return {"shipper": sender, "recipient": receiver}

    async def create(self, headers: Mapping[str, str], request: Any) -> tuple[Answered, Any]:
        """One label, whose answer is in parts: data, and the page."""
        (wanted,) = request.serialize()
        wanted["packageDescription"]["rateIndicator"] = SINGLE
        answer = await self.ask("POST", "/labels/v3/label", headers, json=wanted)
        given = [answer.text] if answer.status in OK else [lib.to_json(parsed(answer))]
        return answer, lib.Deserializable(given, lambda texts: list(map(parse_response, texts)), request.ctx)

    async def cancel(self, headers: Mapping[str, str], number: str) -> tuple[Answered, Any]:
        """By the label's number."""
        answer = await self.ask("DELETE", f"/labels/v3/label/{quote(number, safe='')}", headers)
        return answer, lib.Deserializable([(number, parsed(answer))])

    async def track(self, headers: Mapping[str, str], number: str) -> tuple[Answered, Any]:
        """All that is known of it."""
        path = f"/tracking/v3/tracking/{quote(number, safe='')}?expand=DETAIL"
        answer = await self.ask("GET", path, headers)
        return answer, lib.Deserializable([(number, parsed(answer))])


def usps(setting: Setting, session: Any) -> Usps:
    """The connector of a setting."""
    own = Settings(
        carrier_id="usps",
        client_id=setting.client_id,
        client_secret=setting.secret,
        account_number=setting.more["account"],
        CRID=setting.more["crid"],
        MID=setting.more["mid"],
        manifest_MID=setting.more.get("manifest_mid"),
    )
    return Usps(session, Mapper(own), setting.more.get("service", "usps_ground_advantage"), _MACHINABLE)
