"""A label that its carrier draws: from the addresses that are read for it to the bytes that are printed (S75)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from aiohttp import web

from return_label import effects
from return_label.api import labels, returns
from return_label.api.own_token import OwnToken
from return_label.api.texts_elsewhere import TextsElsewhere
from return_label.app import FORETELLING
from return_label.domain.decider import decider
from return_label.domain.returns.labels.purchase import NoLabel
from return_label.domain.returns.state import Return
from return_label.gateways.karrio.carrier import usps_carrier
from return_label.gateways.marks import StoredMarks
from return_label.gateways.port import Unanswered
from return_label.gateways.ways import Ways
from tests.support.builders import returns as r
from tests.support.servers.carrier_apis import PDF, UspsApi
from tests.support.servers.carriers import known
from tests.support.servers.service import ServedService, serving
from tests.support.toys.notes import listening

NAME, RET = "karrio-usps", f"/v1/returns/{r.RETURN_ID}"
ANN, DOCK = "Ann Lee\n12 Main Street\nSpringfield, IL 62701", "Returns\n1 Harbor Way\nBoston MA 02110"


class Elsewhere:
    """The dispute service and the issuer: the buyer's address, or a status in its place."""

    def __init__(self) -> None:
        self.address: str | int = ANN

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/token", self._log_in)
        app.router.add_get("/v1/orders/o1/texts/ship_to", self._text)
        return app

    async def _log_in(self, _: web.Request) -> web.Response:
        return web.json_response({"access_token": "its-own", "expires_in": 3600})

    async def _text(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer its-own"
        if isinstance(self.address, int):
            return web.json_response({}, status=self.address)
        return web.json_response({"ref": "txt_1", "text": self.address})


@pytest.fixture
async def service(migrated: Callable[[str], Awaitable[str]]) -> AsyncIterator[ServedService]:
    """One of production, which prints no samples."""
    state = {"sandbox": False}
    dsn = await migrated("return_label")
    async with serving("return_label", returns.router, decider, dsn, FORETELLING, labels.router, **state) as service:
        yield service


async def bought(service: ServedService, elsewhere: Elsewhere) -> None:
    """The label of a return is ordered, asked for as the due loop does, and recorded."""
    await service.decide(r.request(at=service.clock.now(), carrier=NAME, warehouse=DOCK))
    async with (
        listening(elsewhere.app()) as place,
        listening(UspsApi().app()) as usps,
        usps_carrier(known(usps, "account=1&crid=1234&mid=5678"), StoredMarks(service.pool)) as carrier,
    ):
        login = OwnToken(f"{place.replace('//', '//labels:secret@')}/token")
        ways = Ways(TextsElsewhere(place).find, login.authorization)
        order = effects.wanted(await state(service), "label_order")
        assert order
        answer = await effects.ask(NAME, carrier, young, order, ways.of)
        await service.decide(effects.outcome(order, answer, service.clock.now()))


async def young(_: effects.Order) -> timedelta:
    return timedelta(seconds=1)


async def state(service: ServedService) -> Return:
    (history,) = await service.store.load(f"return-{r.RETURN_ID}")
    folded: Return = decider.fold("return-", [recorded.event for recorded in history])
    return folded


async def printed(service: ServedService, accept: str = "*/*") -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {service.issuer.token(r.BUYER.id, 'buyer')}", "Accept": accept}
    async with service.served.session.get(f"{service.served.address}{RET}/label", headers=headers) as answer:
        return answer.status, await answer.read()


async def test_s75_a_label_is_printed_as_its_carrier_has_drawn_it_until_it_is_erased(service: ServedService) -> None:
    await bought(service, Elsewhere())
    label = (await service.get(RET, r.BUYER)).body["label"]
    assert (label["carrier"], label["files"]) == (NAME, {"application/pdf": f"{RET}/label"})
    assert await printed(service) == (200, PDF)
    assert (await printed(service, "image/png"))[0] == 406
    await service.pool.execute("delete from personal where subject = $1", r.BUYER.id)
    assert (await printed(service))[0] == 410


@pytest.mark.parametrize("address", [404, 410, "Hauptstr. 1\n10115 Berlin"])
async def test_t22b_without_an_address_that_the_carrier_understands_the_return_goes_on_without_a_label(
    service: ServedService, address: str | int
) -> None:
    elsewhere = Elsewhere()
    elsewhere.address = address
    await bought(service, elsewhere)
    denied = (await state(service)).label_denied
    assert denied and denied.code == NoLabel.REFUSED


async def test_addresses_that_cannot_be_read_now_are_asked_for_again(service: ServedService) -> None:
    elsewhere = Elsewhere()
    elsewhere.address = 503
    with pytest.raises(Unanswered):
        await bought(service, elsewhere)
    assert (await state(service)).ordered
