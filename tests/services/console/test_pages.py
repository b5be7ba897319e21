"""The page shows what the services say, says so where one is down, and lets nothing through that is not text."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from console.app import build
from console.fetch import SERVICES, OrderFound, Seen, look
from console.format import distance, label, money, plain, when
from console.markup import Html, el, render
from console.pages.home import page
from console.services_client import Answer, Upstream
from shared.http.app import App
from shared.process.settings import Settings
from tests.support.servers.backing import free_ports
from tests.support.servers.sandbox import Served, served

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ADDRESSES = {name: f"http://127.0.0.1:{n}" for n, name in enumerate(SERVICES, 1)}
AWAY = Answer(None, trouble="it cannot be reached")
NASTY = '<script>alert("1")</script>'


def ok(body: Any) -> Answer:
    return Answer(200, body)


def seen(order: OrderFound | None = None, ledger: Answer | None = None, health: Answer | None = None) -> Seen:
    clock = ok({"now": "2026-03-04T12:00:00.000000Z", "revision": 3, "offset_us": 5 * 86_400_000_000})
    return Seen(dict.fromkeys(SERVICES, health or ok({})), clock, ledger or ok({"data": []}), order)


def order(**changed: Any) -> OrderFound:
    dispute = {
        "id": "dsp_1",
        "phase": "awaiting_seller",
        "reason": "not_as_described",
        "type": "refund_only",
        "amount": {"amount": "84.90", "currency": "USD"},
        "due_at": "2026-03-06T00:00:00.000000Z",
    }
    entry = {
        "at": "2026-03-01T09:30:00.000000Z",
        "version": 1,
        "actor": "buyer:b1",
        "action": "dispute_opened",
        "rules": ["S25"],
        "detail": {},
    }
    status = {
        "order_id": "o1",
        "label": "Dispute in Progress",
        "payout": "held",
        "protection_ends_at": "2026-04-01T00:00:00.000000Z",
    }
    known: dict[str, Any] = {
        "order_id": "o1",
        "status": ok(status),
        "disputes": ok({"data": [dispute]}),
        "refunds": ok({"data": []}),
        "ledger": ok({"data": []}),
        "histories": {"dsp_1": ok({"data": [entry]})},
    }
    return OrderFound(**{**known, **changed})


def line(**changed: Any) -> dict[str, Any]:
    money_ = {"amount": "12.00", "currency": "USD"}
    known = {
        "id": 1,
        "kind": "refund",
        "order_id": "o1",
        "payment_id": "p",
        "refund_id": "rfd_1",
        "idempotency_key": "rfd_1/0",
        "amount": money_,
    }
    return {**known, "at": "2026-03-04T11:00:00.000000Z", **changed}


class Outline(HTMLParser):
    """The elements of a page, and whether each that was opened is closed in its turn."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(markup)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in ("meta", "link", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_text_is_escaped_wherever_it_stands() -> None:
    assert el("p", NASTY, title='"') == '<p title="&quot;">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;</p>'
    assert render(["<", Html("<b>"), None, [["&"]]]) == "&lt;<b>&amp;"


def test_attributes_are_written_as_html_writes_them() -> None:
    assert el("input", class_="a", data_live=True, value=None, required=False) == '<input class="a" data-live>'


def test_words_read_like_words_and_ids_stay_ids() -> None:
    assert label("protection_ends_at") == "Protection ends"
    assert plain("not_as_described") == "not as described"
    assert plain("rfd_0f2a") == "rfd_0f2a"
    assert money({"amount": "12.34", "currency": "USD"}) == "12.34 USD"
    assert money(None) == "–"


def test_instants_are_told_from_now() -> None:
    assert distance(timedelta(days=2, hours=3, minutes=9)) == "in 2 d 3 h"
    assert distance(-timedelta(seconds=61)) == "1 min 1 s ago"
    shown = when("2026-03-06T00:00:00.000000Z", NOW)
    assert "6 Mar 2026, 00:00" in shown
    assert "in 1 d 12 h" in shown
    assert when(None) == "–"


def test_the_page_links_every_service_and_shows_the_time() -> None:
    shown = page(seen(), "", ADDRESSES)
    for address in ADDRESSES.values():
        assert f'href="{address}/docs"' in shown
    assert "12:00:00" in shown
    assert "5 d ahead of real time" in shown
    assert len(set(Outline(shown).ids)) == len(Outline(shown).ids)


def test_an_order_is_shown_with_its_disputes_and_what_happened_in_them() -> None:
    text = Outline(page(seen(order()), "o1", ADDRESSES)).text
    for word in (
        "Dispute in Progress",
        "held",
        "Protection ends",
        "in 27 d 12 h",
        "dsp_1",
        "awaiting seller",
        "84.90 USD",
        "Dispute opened",
        "S25",
    ):
        assert word in text


def test_a_rule_in_the_history_leads_to_what_it_says() -> None:
    assert 'href="/rules/S25"' in page(seen(order()), "o1", ADDRESSES)


def test_an_unknown_order_is_said_to_be_unknown() -> None:
    text = Outline(
        page(
            seen(order(status=Answer(404, {"code": "not_found"}), disputes=ok({"data": []}), histories={})),
            "o1",
            ADDRESSES,
        )
    ).text
    assert "knows no order with this id" in text


def test_the_orders_own_list_stands_in_for_a_list_that_does_not_answer() -> None:
    status = ok({"order_id": "o1", "disputes": [{"id": "dsp_9", "phase": "closed"}]})
    assert "dsp_9" in page(seen(order(status=status, disputes=AWAY, histories={})), "o1", ADDRESSES)


def test_a_service_that_is_down_is_shown_as_down() -> None:
    everything_away = order(status=AWAY, disputes=AWAY, refunds=AWAY, ledger=AWAY, histories={})
    shown = page(Seen(dict.fromkeys(SERVICES, AWAY), AWAY, AWAY, everything_away), "o1", ADDRESSES)
    assert Outline(shown).text.count("down") == len(SERVICES)
    assert "it cannot be reached" in shown


def test_the_ledgers_lines_lead_to_their_orders() -> None:
    shown = page(seen(ledger=ok({"data": [line(order_id="a&b c")]})), "", ADDRESSES)
    assert 'href="/?order=a%26b+c"' in shown
    assert "12.00 USD" in shown


@pytest.mark.parametrize("field", ["kind", "order_id", "refund_id", "at"])
def test_no_service_puts_markup_on_the_page(field: str) -> None:
    nasty = order(status=ok({"label": NASTY, "payout": NASTY, "programme": NASTY, "x": NASTY}), order_id=NASTY)
    shown = page(seen(nasty, ok({"data": [line(**{field: NASTY})]})), NASTY, ADDRESSES)
    assert Outline(shown).tags.count("script") == 1  # our own
    assert NASTY not in shown


@pytest.mark.parametrize(
    "body", [None, [], "text", {"data": "no"}, {"data": [1]}, {"data": [{}]}, {"disputes": [None], "lines": [3]}]
)
def test_an_answer_of_another_shape_breaks_nothing(body: Any) -> None:
    strange = order(status=ok(body), disputes=ok(body), refunds=ok(body), ledger=ok(body), histories={})
    Outline(page(Seen(dict.fromkeys(SERVICES, ok(body)), ok(body), ok(body), strange), "o1", ADDRESSES))


@pytest.fixture
async def console() -> AsyncIterator[Served]:
    """The console in front of services of which none is there."""

    def of(address: str) -> App:
        return build(Settings(port_base=free_ports(1)[0]))

    async with served(of) as running:
        yield running


async def test_it_is_ready_and_serves_its_page_when_nothing_else_runs(console: Served) -> None:
    assert (await console.get("/readyz")).status == 200
    answered = await console.get("/", order=NASTY)
    assert answered.status == 200
    assert "script-src 'self'" in answered.headers["Content-Security-Policy"]
    assert Outline(answered.body).text.count("down") == len(SERVICES)


async def test_it_serves_its_own_files_and_no_others(console: Served) -> None:
    for name in ("console.css", "console.js", "mark.svg"):
        assert (await console.get(f"/assets/{name}")).status == 200
    assert (await console.get("/assets/app.py")).status == 404
    assert (await console.get("/", order="x" * 300)).status == 422


class Services:
    """An application that listens once its answers are known, and what asks it."""

    def __init__(self, app: web.Application, runner: web.AppRunner, port: int, session: aiohttp.ClientSession) -> None:
        self.app, self.runner, self.port = app, runner, port
        self.asked: list[web.Request] = []
        self.upstream = Upstream(session, dict.fromkeys(SERVICES, f"http://127.0.0.1:{port}"))

    async def start(self, **bodies: Any) -> None:
        """Answers each path's last part with its body, everything else with an empty list; `/token` with a token."""

        async def answer(request: web.Request) -> web.StreamResponse:
            self.asked.append(request)
            name = request.path.rpartition("/")[2]
            if name == "token":
                return web.json_response({"access_token": "t0ken", "expires_in": 3600})
            return web.json_response(bodies.get(name, {"data": []}))

        self.app.router.add_route("*", "/{path:.*}", answer)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()


@pytest.fixture
async def services() -> AsyncIterator[Services]:
    """All services played by one."""
    app = web.Application()
    runner = web.AppRunner(app)
    async with aiohttp.ClientSession() as session:
        yield Services(app, runner, free_ports(1)[0], session)
    await runner.cleanup()


async def test_it_asks_as_support_and_case_team_with_one_token(services: Services) -> None:
    await services.start(disputes={"data": [{"id": "dsp_1"}]})
    found = (await look(services.upstream, "o/1")).order
    assert found is not None
    assert [row["id"] for row in found.shown] == ["dsp_1"]
    assert found.histories.keys() == {"dsp_1"}
    await look(services.upstream, "o/1")
    paths = [request.raw_path for request in services.asked]
    assert "/v1/orders/o%2F1/status" in paths
    assert "/v1/disputes?order_id=o/1" in paths
    signed = [request for request in services.asked if request.path.startswith("/v1/")]
    assert {request.headers["Authorization"] for request in signed} == {"Bearer t0ken"}
    assert paths.count("/token") < len(signed)


async def test_an_answer_too_large_for_a_page_is_not_read_to_its_end(services: Services) -> None:
    await services.start(status={"text": "x" * 3_000_000})
    assert "too large" in (await services.upstream.get("dispute", "status", signed=False)).detail
