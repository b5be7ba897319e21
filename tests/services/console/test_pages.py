"""The page shows what the services say, says so where one is down, and lets no markup of theirs through."""

from datetime import UTC, datetime
from typing import Any

import pytest

from console.fetch import SERVICES, HomeData, OrderData
from console.pages.home import page
from console.services_client import ServiceResponse
from tests.support.html_outline import Outline

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ADDRESSES = {name: f"http://127.0.0.1:{n}" for n, name in enumerate(SERVICES, 1)}
AWAY = ServiceResponse(None, failure="it cannot be reached")
NASTY = '<script>alert("1")</script>'


def ok(body: Any) -> ServiceResponse:
    return ServiceResponse(200, body)


def home_data(
    order: OrderData | None = None, ledger: ServiceResponse | None = None, health: ServiceResponse | None = None
) -> HomeData:
    clock = ok({"now": "2026-03-04T12:00:00.000000Z", "revision": 3, "offset_us": 5 * 86_400_000_000})
    return HomeData(dict.fromkeys(SERVICES, health or ok({})), clock, ledger or ok({"data": []}), order)


def order(**changed: Any) -> OrderData:
    dispute = {
        "id": "dsp_1",
        "state": "awaiting_seller",
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
    return OrderData(**{**known, **changed})


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


def test_the_page_links_every_service_and_shows_the_time() -> None:
    shown = page(home_data(), "", ADDRESSES)
    for address in ADDRESSES.values():
        assert f'href="{address}/docs"' in shown
    assert "12:00:00" in shown
    assert "5 d ahead of real time" in shown
    assert len(set(Outline(shown).ids)) == len(Outline(shown).ids)


def test_an_order_is_shown_with_its_disputes_and_what_happened_in_them() -> None:
    text = Outline(page(home_data(order()), "o1", ADDRESSES)).text
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
    assert 'href="/rules/S25"' in page(home_data(order()), "o1", ADDRESSES)


def test_an_unknown_order_is_said_to_be_unknown() -> None:
    text = Outline(
        page(
            home_data(
                order(status=ServiceResponse(404, {"code": "not_found"}), disputes=ok({"data": []}), histories={})
            ),
            "o1",
            ADDRESSES,
        )
    ).text
    assert "knows no order with this id" in text


def test_the_orders_own_list_stands_in_for_a_list_that_does_not_answer() -> None:
    status = ok({"order_id": "o1", "disputes": [{"id": "dsp_9", "state": "closed"}]})
    assert "dsp_9" in page(home_data(order(status=status, disputes=AWAY, histories={})), "o1", ADDRESSES)


def test_a_service_that_is_down_is_shown_as_down() -> None:
    everything_away = order(status=AWAY, disputes=AWAY, refunds=AWAY, ledger=AWAY, histories={})
    shown = page(HomeData(dict.fromkeys(SERVICES, AWAY), AWAY, AWAY, everything_away), "o1", ADDRESSES)
    assert Outline(shown).text.count("down") == len(SERVICES)
    assert "it cannot be reached" in shown


def test_the_ledgers_lines_lead_to_their_orders() -> None:
    shown = page(home_data(ledger=ok({"data": [line(order_id="a&b c")]})), "", ADDRESSES)
    assert 'href="/?order=a%26b+c"' in shown
    assert "12.00 USD" in shown


@pytest.mark.parametrize("field", ["kind", "order_id", "refund_id", "at"])
def test_no_service_puts_markup_on_the_page(field: str) -> None:
    nasty = order(status=ok({"label": NASTY, "payout": NASTY, "programme": NASTY, "x": NASTY}), order_id=NASTY)
    shown = page(home_data(nasty, ok({"data": [line(**{field: NASTY})]})), NASTY, ADDRESSES)
    assert Outline(shown).tags.count("script") == 1  # our own
    assert NASTY not in shown


@pytest.mark.parametrize(
    "body", [None, [], "text", {"data": "no"}, {"data": [1]}, {"data": [{}]}, {"disputes": [None], "lines": [3]}]
)
def test_an_answer_of_another_shape_breaks_nothing(body: Any) -> None:
    strange = order(status=ok(body), disputes=ok(body), refunds=ok(body), ledger=ok(body), histories={})
    Outline(page(HomeData(dict.fromkeys(SERVICES, ok(body)), ok(body), ok(body), strange), "o1", ADDRESSES))
