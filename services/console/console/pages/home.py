"""Home page: the services, the clock, one order, and the latest movements of money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from console.components import ledger_table, pill
from console.fetch import SERVICES, HomeData
from console.format import span_of
from console.markup import Html, el
from console.pages.order import order_section
from console.services_client import ServiceResponse
from shared.events.logs import LOGS

ABOUT = {log.service.replace("_", "-"): log.about for log in LOGS.values()} | {
    "sandbox": "The outside world, simulated: payments, identity, and a clock that can be moved."
}
MARK = Html(
    '<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">'
    '<circle cx="16" cy="16" r="11"/><path d="M16 5a11 11 0 0 1 11 11"/></svg>'
)


def page(data: HomeData, order_id: str, addresses: Mapping[str, str]) -> Html:
    """The whole document."""
    title = f"{order_id} · makewhole" if order_id else "makewhole"
    main = el(
        "main",
        el("div", _services(data, addresses), id="services", data_live=True),
        _search(order_id),
        el("div", order_section(data.order, data.now), id="order", data_live=True) if data.order else None,
        el("div", _ledger(data, addresses["sandbox"]), id="ledger", data_live=True),
        id="main",
    )
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", title),
        el("link", rel="icon", href="/assets/mark.svg", type="image/svg+xml"),
        el("link", rel="stylesheet", href="/assets/console.css"),
        el("script", src="/assets/console.js", defer=True),
    )
    body = el("body", el("a", "Skip to the content", class_="skip", href="#main"), _header(data), main, _footer())
    return Html("<!doctype html>\n" + el("html", head, body, lang="en"))


def _header(data: HomeData) -> Html:
    brand = el("a", MARK, el("span", "makewhole"), class_="brand", href="/")
    promise = el("p", "Buyer protection in which every step is a recorded fact.", class_="promise")
    return el("header", el("div", el("div", brand, promise), _clock(data), class_="band"))


def _clock(data: HomeData) -> Html:
    if not (now := data.now):
        return el(
            "div",
            el("span", "Clock", class_="eyebrow"),
            el("strong", data.clock.detail),
            id="clock",
            class_="clock",
            data_live=True,
        )
    ahead = (
        f"{span_of(data.ahead)} ahead of real time" if data.ahead >= timedelta(seconds=1) else "in step with real time"
    )
    face = el("time", f"{now:%H:%M:%S}", datetime=data.clock.body["now"], data_clock=True)
    return el(
        "div",
        el("span", "The domain's clock, UTC", class_="eyebrow"),
        el("strong", el("span", f"{now:%a} {now.day} {now:%b %Y} ", class_="day"), face),
        el("small", ahead),
        id="clock",
        class_="clock",
        data_live=True,
    )


def _services(data: HomeData, addresses: Mapping[str, str]) -> Html:
    cards = [_service(name, data.health[name], addresses[name]) for name in SERVICES]
    return el(
        "section", el("h2", "Services", id="h-services"), el("ul", cards, class_="cards"), aria_labelledby="h-services"
    )


def _service(name: str, health: ServiceResponse, address: str) -> Html:
    links = [("Docs", "/docs"), ("OpenAPI", "/openapi.json"), ("Metrics", "/metrics")]
    if name == "sandbox":
        links.insert(1, ("Ledger", "/psp/ledger"))
    return el(
        "li",
        el("h3", name.replace("-", " ").capitalize(), _state(health)),
        el("p", ABOUT[name]),
        el("p", [[el("a", text, href=address + path), " "] for text, path in links], class_="links"),
        class_="card",
    )


def _state(health: ServiceResponse) -> Html:
    if health.ok:
        return pill("ready", "good")
    return pill("down" if health.status is None else "not ready", "bad", health.detail)


def _search(order_id: str) -> Html:
    field = el(
        "input",
        type="search",
        name="order",
        id="q",
        value=order_id,
        required=True,
        maxlength="200",
        autocomplete="off",
        spellcheck="false",
    )
    form = el(
        "form",
        el("label", "Order id", for_="q"),
        field,
        el("button", "Show order", type="submit"),
        action="/",
        method="get",
        role="search",
    )
    hint = el(
        "p", "Its protection, payout, disputes and money. The ledger below names orders to begin with.", class_="hint"
    )
    return el(
        "section", el("h2", "Look up an order", id="h-search"), form, hint, aria_labelledby="h-search", class_="search"
    )


def _ledger(data: HomeData, sandbox: str) -> Html:
    heading = el("h2", "Latest movements of money", id="h-ledger")
    more = el(
        "p",
        el("a", "The whole ledger", href=f"{sandbox}/psp/ledger"),
        " is the payment provider's own book.",
        class_="hint",
    )
    return el(
        "section",
        heading,
        ledger_table(data.ledger, "Nothing has been captured yet."),
        more,
        aria_labelledby="h-ledger",
    )


def _footer() -> Html:
    return el(
        "footer",
        el("p", "Everything on this page comes from the services' public HTTP APIs. Times are the domain's, in UTC."),
    )
