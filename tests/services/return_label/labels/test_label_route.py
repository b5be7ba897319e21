"""Printing a label over HTTP, on real PostgreSQL: who gets it, as what, and when it is no more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pypdfium2
import pytest
from aiohttp import web

from return_label.api import labels, returns
from return_label.api.own_token import OwnToken
from return_label.api.texts_elsewhere import TextsElsewhere
from return_label.app import FORETELLING
from return_label.domain.decider import decider
from return_label.domain.returns.withdrawal import WithdrawReturn
from return_label.views.labels.shown import MEDIA_TYPES
from shared.events.base import SYSTEM, Actor
from shared.events.dispute import Payer
from shared.events.ids import derived_uuid
from tests.support.builders import returns as r
from tests.support.builders.labels import ADDRESSES
from tests.support.servers.service import ServedService, serving

RET = f"/v1/returns/{r.RETURN_ID}"


@dataclass
class Texts:
    """A dispute service that has these texts, by path; it keeps whose authorization it was asked with."""

    known: dict[str, str | int] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    address: str = ""
    logins: list[str] = field(default_factory=list)
    refuses: bool = False

    async def log_in(self, request: web.Request) -> web.Response:
        """The issuer's part: a token for a client id and its secret."""
        self.logins.append(request.headers["Authorization"])
        if self.refuses:
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response({"access_token": "its-own", "token_type": "Bearer", "expires_in": 3600})

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.add(request.headers["Authorization"])
        text = self.known.get(request.path.removeprefix("/v1/"), 404)
        if isinstance(text, int):
            return web.json_response({"status": text}, status=text)
        return web.json_response({"ref": "txt_1", "text": text})


@pytest.fixture
async def texts() -> AsyncIterator[Texts]:
    texts = Texts({"orders/o1/texts/ship_to": ADDRESSES["SA"], "disputes/dsp_9a31/texts/txt_1": ADDRESSES["CN"]})
    app = web.Application()
    app.router.add_get("/{path:.*}", texts.answer)
    app.router.add_post("/token", texts.log_in)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    texts.address = "http://{}:{}".format(*runner.addresses[0])
    yield texts
    await runner.cleanup()


@pytest.fixture
async def service(migrated: Callable[[str], Awaitable[str]], texts: Texts) -> AsyncIterator[ServedService]:
    dsn = await migrated("return_label")
    own = OwnToken(f"{texts.address.replace('//', '//labels:secret@')}/token")
    state = {"texts": TextsElsewhere(texts.address), "own_token": own, "sandbox": True}
    async with serving("return_label", returns.router, decider, dsn, FORETELLING, labels.router, **state) as service:
        yield service


async def printed(
    service: ServedService, actor: Actor = r.BUYER, accept: str = "", **query: str
) -> tuple[int, Mapping[str, str], bytes]:
    headers = {"Authorization": f"Bearer {service.issuer.token(actor.id, *actor.roles)}"}
    headers |= {"Accept": accept} if accept else {}
    address = f"{service.served.address}{RET}/label"
    async with service.served.session.get(address, headers=headers, params=query) as answer:
        return answer.status, answer.headers, await answer.read()


def copied(document: bytes) -> str:
    with pypdfium2.PdfDocument(document) as whole:
        return str(whole[0].get_textpage().get_text_range())


async def test_s75_a_buyer_prints_a_label_with_both_addresses_and_the_number(service: ServedService) -> None:
    await service.decide(r.request(at=service.clock.now(), address_ref="txt_1", warehouse=None))
    shown = (await service.get(RET, r.BUYER)).body["label"]
    assert shown["files"] == dict.fromkeys(MEDIA_TYPES, f"{RET}/label")
    status, headers, document = await printed(service)
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (
        200,
        "application/pdf",
        "private, no-store",
    )
    assert headers["Content-Disposition"] == f'attachment; filename="{shown["tracking_number"]}.pdf"'
    page = copied(document)
    assert shown["tracking_number"] in page
    assert "北京市朝阳区建国路88号" in page
    assert "محمد علي" in page
    assert "SEND BY 2026-03-12" in page


async def test_s75_a_label_is_what_the_caller_asks_for_and_the_same_each_time(service: ServedService) -> None:
    await service.decide(r.request(at=service.clock.now()))
    begins = {"application/pdf": b"%PDF", "image/png": b"\x89PNG", "application/zpl": b"^XA"}
    for accept, media_type in (
        *((one, one) for one in MEDIA_TYPES),
        ("text/html, image/*;q=0.9", "image/png"),
        ("*/*", "application/pdf"),
    ):
        first, again = await printed(service, accept=accept), await printed(service, r.SUPPORT, accept)
        assert (first[0], first[1]["Content-Type"], first[2][: len(begins[media_type])]) == (
            200,
            media_type,
            begins[media_type],
        )
        assert first[2] == again[2]
    assert (await printed(service, accept="text/html"))[0] == 406
    assert (await printed(service, size="letter"))[2] != (await printed(service))[2]
    assert (await printed(service, size="a4"))[0] == 422


async def test_the_buyer_s_address_is_read_with_the_service_s_own_token(service: ServedService, texts: Texts) -> None:
    """Once for many labels, and the seller's as who prints may read it."""
    await service.decide(r.request(at=service.clock.now()))
    for actor in (r.BUYER, r.SUPPORT):
        assert (await printed(service, actor))[0] == 200
    assert (texts.logins, texts.asked) == (["Basic bGFiZWxzOnNlY3JldA=="], {"Bearer its-own"})


async def test_without_its_own_token_there_is_no_label_for_the_time_being(service: ServedService, texts: Texts) -> None:
    await service.decide(r.request(at=service.clock.now()))
    texts.refuses = True
    assert (await printed(service))[0] == 503
    assert (await service.get(RET, r.BUYER)).status == 200
    texts.refuses = False
    assert (await printed(service))[0] == 200


@pytest.mark.parametrize(
    ("actor", "status"), [(r.SELLER, 403), (r.WAREHOUSE, 403), (r.SERVICE, 403), (r.OTHER_BUYER, 404)]
)
async def test_a_label_shows_where_the_buyer_lives_to_nobody_else(
    service: ServedService, actor: Actor, status: int
) -> None:
    await service.decide(r.request(at=service.clock.now()))
    assert (await printed(service, actor))[0] == status
    if actor is not r.OTHER_BUYER:
        assert (await service.get(RET, actor)).body["label"]["files"] == {}


@pytest.mark.parametrize("path", ["orders/o1/texts/ship_to", "disputes/dsp_9a31/texts/txt_1"])
async def test_what_was_erased_is_on_no_label_any_more(service: ServedService, texts: Texts, path: str) -> None:
    await service.decide(r.request(at=service.clock.now(), address_ref="txt_1", warehouse=None))
    assert (await printed(service))[0] == 200
    texts.known[path] = 410 if "orders" in path else 404
    status, headers, problem = await printed(service)
    assert (status, headers["Content-Type"]) == (410, "application/problem+json")
    assert b'"code":"erased"' in problem


async def test_an_order_without_an_address_has_a_label_to_its_goal_alone(service: ServedService, texts: Texts) -> None:
    await service.decide(r.request(at=service.clock.now()))
    del texts.known["orders/o1/texts/ship_to"]
    status, _, document = await printed(service)
    assert status == 200
    assert "Dock 4" in copied(document)


async def test_while_the_addresses_cannot_be_read_nothing_is_printed(service: ServedService, texts: Texts) -> None:
    await service.decide(r.request(at=service.clock.now()))
    texts.known["orders/o1/texts/ship_to"] = 503
    status, headers, _ = await printed(service)
    assert (status, headers["Retry-After"]) == (503, "1")


async def test_s83_what_the_buyer_pays_has_no_label(service: ServedService) -> None:
    await service.decide(r.request(at=service.clock.now(), freight_payer=Payer.BUYER))
    assert (await service.get(RET, r.BUYER)).body["label"] == {
        "id": (await service.get(RET, r.BUYER)).body["label"]["id"],
        "prepaid": False,
        "payer": "buyer",
        "state": "issued",
        "tracking_number": None,
        "carrier": None,
        "files": {},
    }
    assert (await printed(service))[0] == 404


async def test_t21_a_void_label_is_not_printed(service: ServedService) -> None:
    await service.decide(r.request(at=service.clock.now()))
    withdrawn = {"command_id": derived_uuid("withdraw"), "actor": SYSTEM, "at": service.clock.now()}
    await service.decide(WithdrawReturn(**withdrawn, return_id=r.RETURN_ID))
    assert (await service.get(RET, r.BUYER)).body["label"]["files"] == {}
    assert (await printed(service))[0] == 404


async def test_a_sample_is_printed_in_the_sandbox_alone(service: ServedService) -> None:
    await service.decide(r.request(at=service.clock.now()))
    assert "SAMPLE" in copied((await printed(service))[2])
    service.served.app.state.sandbox = False
    assert (await printed(service))[0] == 404


async def test_t23_the_number_of_the_label_is_taken_for_the_parcel(service: ServedService) -> None:
    await service.decide(r.request(at=service.clock.now()))
    number = (await service.get(RET, r.BUYER)).body["label"]["tracking_number"]
    sent = await service.post(f"{RET}/shipment", r.BUYER, {"tracking_number": number})
    assert (sent.status, sent.body["shipment"]["number_check"]) == (200, "check_digit")
