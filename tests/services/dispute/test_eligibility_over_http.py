"""What an order entitles to, and the rule sets themselves, as they are asked for over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.events.base import wire_time
from shared.process.clock import SystemClock
from tests.support.servers.in_memory import InMemory, came_of, in_memory, order_body, usd

NOW = SystemClock().now()
WARRANTED = {"line_id": "1", "price": usd("50.00"), "listing_warranty": "Three years."}


def delivered(days: int, **more: Any) -> dict[str, Any]:
    """An order that was delivered so many days ago."""
    told = [{"type": "shipped", "at": wire_time(NOW - timedelta(days=days + 5))}]
    told += [{"type": "delivered", "at": wire_time(NOW - timedelta(days=days))}]
    return {"placed_at": wire_time(NOW - timedelta(days=days + 10)), "facts": told, **more}


@pytest.fixture(scope="module")
async def service() -> AsyncIterator[InMemory]:
    async with in_memory("dispute") as service:
        await service.order("mine", **delivered(2))
        yield service


async def asked(service: InMemory, order_id: str, query: str = "", **who: str) -> Any:
    answer = await service.ask(
        "GET", f"/v1/orders/{order_id}/eligibility{query}", **{"role": "buyer", "sub": "buyer-1"} | who
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def one(answer: Any, kind: str, name: str | None = None) -> Any:
    (found,) = [entry for entry in answer["entitlements"] if entry["kind"] == kind and name in (None, entry["name"])]
    return found


async def test_s17_every_right_stands_side_by_side_and_one_is_the_best(service: InMemory) -> None:
    answer = await asked(service, "mine")
    assert [(entry["kind"], entry["name"]) for entry in answer["entitlements"]] == [
        ("programme", "aliexpress_basic"),
        ("free_return", None),
        ("extra_return", None),
        ("domestic_return", None),
        ("cancellation", None),
        ("warranty", "advanced"),
        ("warranty", "one_year"),
        ("warranty", "listing"),
        ("statutory", "eu_conformity"),
        ("statutory", "eu_withdrawal"),
    ]
    assert [entry["kind"] for entry in answer["entitlements"] if entry["best"]] == ["programme"]
    assert (answer["order_id"], answer["lines"]) == ("mine", [{"line_id": "1", "quantity": 1}])
    assert all(entry["rules"] for entry in answer["entitlements"])
    assert all((entry["code"] is None) == entry["granted"] for entry in answer["entitlements"])


async def test_a_right_that_no_command_uses_yet_offers_none(service: InMemory) -> None:
    answer = await asked(service, "mine")
    action = {"rel": "open-dispute", "method": "POST", "href": "/v1/disputes"}
    offered = {entry["kind"]: entry["action"] for entry in answer["entitlements"] if entry["action"]}
    back = {"rel": "request-return", "method": "POST", "href": "/v1/orders/mine/returns"}
    assert offered == {"programme": action, "statutory": back}
    await service.order("warranted", **delivered(400), ship_to={"country": "US"}, lines=[WARRANTED])
    claimed = one(await asked(service, "warranted"), "warranty", "listing")
    assert (claimed["best"], claimed["remedies"]) == (True, ["replacement", "repair"])
    assert claimed["action"] == {"rel": "claim-warranty", "method": "POST", "href": "/v1/warranties"}
    to_seller = await asked(service, "mine", role="seller", sub="seller-1")
    assert [entry["action"] for entry in to_seller["entitlements"] if entry["action"]] == []


async def test_s29_what_only_a_seller_offers_is_no_remedy_that_a_buyer_asks_for(service: InMemory) -> None:
    answer = await asked(service, "mine")
    remedies = {(entry["kind"], entry["name"]): entry["remedies"] for entry in answer["entitlements"]}
    of_disputes = [each for (kind, _), each in remedies.items() if kind != "warranty"]
    assert not {"replacement", "repair"} & {remedy for each in of_disputes for remedy in each}
    assert remedies["statutory", "eu_conformity"] == ["refund_only", "return_and_refund"]
    assert remedies["statutory", "eu_withdrawal"] == ["return"]
    assert remedies["warranty", "one_year"] == ["replacement", "repair"]


async def test_s20_s110_the_seller_and_support_can_always_be_asked(service: InMemory) -> None:
    answer = await asked(service, "mine")
    assert [(link["rel"], link["href"]) for link in answer["contact"]] == [
        ("contact-seller", "/v1/orders/mine/status"),
        ("contact-support", "/support"),
    ]


async def test_a_reason_is_judged_too(service: InMemory) -> None:
    answer = await asked(service, "mine", "?reason=change_of_mind")
    programme = one(answer, "programme")
    assert (programme["granted"], programme["code"], programme["rules"]) == (False, "reason_not_covered", ["S13"])
    assert one(answer, "statutory", "eu_withdrawal")["best"] is True
    refused = await asked(service, "mine", "?reason=not_received")
    assert one(refused, "programme")["would_change"] == [
        {"code": "reason_not_covered", "detail": "The reason is wrong_address.", "at": None}
    ]


async def test_what_is_granted_is_what_the_command_accepts(service: InMemory) -> None:
    await service.order("late", **delivered(2, promised_by=(NOW - timedelta(days=4)).date().isoformat()))
    assert one(await asked(service, "late", "?reason=late"), "programme")["granted"] is True
    form = {
        "order_id": "late",
        "lines": [{"line_id": "1", "quantity": 1}],
        "reason": "late",
        "type": "refund_only",
        "amount": usd("50.00"),
        "description": "Two days late.",
    }
    opened = await service.ask("POST", "/v1/disputes", role="buyer", sub="buyer-1", body=form, key="k1")
    assert opened.status_code == 201
    again = one(await asked(service, "late", "?reason=late"), "programme")
    assert (again["granted"], again["code"]) == (False, "already_open")
    assert opened.json()["terms"].keys() == {"programme", "version", "hash"}


async def test_s109_lines_are_asked_about_by_name(service: InMemory) -> None:
    lines = [{"line_id": name, "price": usd("25.00")} for name in ("1", "2")]
    await service.order("two", **delivered(2, lines=lines))
    assert (await asked(service, "two", "?line_id=2"))["lines"] == [{"line_id": "2", "quantity": 1}]
    both = await asked(service, "two", "?line_id=2&line_id=1")
    assert {line["line_id"] for line in both["lines"]} == {"1", "2"}
    unknown = await service.ask("GET", "/v1/orders/two/eligibility?line_id=3", role="buyer", sub="buyer-1")
    assert came_of(unknown) == "422 validation_failed /query/line_id"


async def test_s109_a_seller_sees_the_own_lines_alone(service: InMemory) -> None:
    lines = [
        {"line_id": "1", "price": usd("25.00")},
        {"line_id": "2", "price": usd("25.00"), "seller_id": "seller-2"},
    ]
    await service.order("shared", **delivered(2, lines=lines))
    answer = await asked(service, "shared", role="seller", sub="seller-2")
    assert answer["lines"] == [{"line_id": "2", "quantity": 1}]
    foreign = await service.ask("GET", "/v1/orders/shared/eligibility?line_id=1", role="seller", sub="seller-2")
    assert foreign.status_code == 422


async def test_a_stranger_learns_nothing_and_an_overseer_all(service: InMemory) -> None:
    for who in ({"role": "buyer", "sub": "buyer-2"}, {"role": "seller", "sub": "seller-9"}):
        assert (await service.ask("GET", "/v1/orders/mine/eligibility", **who)).status_code == 404
    assert (await service.ask("GET", "/v1/orders/nobodys/eligibility", role="support")).status_code == 404
    assert one(await asked(service, "mine", role="support", sub="agent"), "programme")["granted"] is True


async def test_as_of_an_instant_it_is_judged_by_what_was_known_then(service: InMemory) -> None:
    before = wire_time(NOW - timedelta(days=1))
    gone = await service.ask("GET", f"/v1/orders/mine/eligibility?as_of={before}", role="buyer", sub="buyer-1")
    assert gone.status_code == 404, "it was registered later"
    later = wire_time(NOW + timedelta(days=30))
    answer = await asked(service, "mine", f"?as_of={later}")
    assert (one(answer, "programme")["code"], answer["at"]) == ("protection_expired", later)
    assert one(answer, "statutory", "eu_conformity")["best"] is True


# Programmes


async def listed(service: InMemory, path: str) -> Any:
    answer = await service.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_s102_programmes_and_law_packs_are_data_for_anybody(service: InMemory) -> None:
    rows = (await listed(service, "/v1/programmes"))["data"]
    assert [(row["id"], row["kind"]) for row in rows] == [
        ("aliexpress_advanced", "programme"),
        ("aliexpress_basic", "programme"),
        ("br", "law_pack"),
        ("dhgate", "programme"),
        ("eu", "law_pack"),
        ("temu", "programme"),
        ("wish", "programme"),
    ]
    for row in rows:
        shown = await listed(service, row["href"])
        assert {name: shown[name] for name in row} == row
        assert shown["versions"] == [row]


async def test_s99_a_programme_shows_its_parameters_with_what_it_inherits(service: InMemory) -> None:
    temu = await listed(service, "/v1/programmes/temu")
    assert (temu["title"], temu["rules"]) == ("Temu Purchase Protection", ["S99"])
    assert temu["parameters"]["protection"]["days"] == 90
    assert temu["parameters"]["negotiation"]["seller_response_days"] == 5
    assert temu["parameters"]["returns"]["points"] == ["usps", "ups_store"]


@pytest.mark.parametrize(
    ("path", "came"),
    [
        ("/v1/programmes/nowhere", "404 not_found"),
        ("/v1/programmes/temu?version=9", "404 not_found"),
        ("/v1/programmes?at=soon", "422 validation_failed /query/at"),
        ("/v1/programmes?version=0", "422 validation_failed /query/version"),
        ("/v1/programmes?colour=red", "422 validation_failed /query/colour"),
    ],
)
async def test_what_is_no_programme_is_refused(service: InMemory, path: str, came: str) -> None:
    assert came_of(await service.client.get(path)) == came


SIXTH = """
programme = "corner_shop"
version = 1
title = "The corner shop's promise"

[protection]
days = 60
"""


async def test_s102_a_sixth_programme_is_a_file_in_a_folder_and_a_restart_of_the_app(tmp_path: Path) -> None:
    async with in_memory("dispute") as before:
        assert came_of(await before.order(programme="corner_shop")) == "422 validation_failed /programme"
        await before.order("older", **delivered(20))
        log = before.app.state.store
    (tmp_path / "corner_shop.toml").write_text(SIXTH)
    async with in_memory("dispute", programmes=tmp_path) as service:
        service.app.state.store = log
        assert (await service.order("newer", **delivered(20, programme="corner_shop"))).status_code == 201
        newer, older = await asked(service, "newer"), await asked(service, "older")
        assert (one(newer, "programme")["name"], one(newer, "programme")["granted"]) == ("corner_shop", True)
        assert one(older, "programme")["code"] == "protection_expired", "an order stays bound"
        shown = await listed(service, "/v1/programmes/corner_shop")
        assert shown["title"] == "The corner shop's promise"
        assert shown["parameters"]["opening"]["after_shipment_days"] == 11


async def test_s102_an_edit_moves_no_dispute_that_is_open(tmp_path: Path) -> None:
    """A file that keeps its version and says less than before: the hash tells, and the dispute goes on as it began."""
    file = tmp_path / "corner_shop.toml"
    file.write_text(SIXTH + "[negotiation]\nseller_response_days = 9\n")
    form = {
        "order_id": "o1",
        "lines": [{"line_id": "1", "quantity": 1}],
        "reason": "late",
        "type": "refund_only",
        "amount": usd("50.00"),
        "description": "Too late.",
    }
    async with in_memory("dispute", programmes=tmp_path) as service:
        await service.order("o1", **delivered(20, programme="corner_shop"))
        opened = await service.ask("POST", "/v1/disputes", role="buyer", sub="buyer-1", body=form, key="k1")
        assert opened.status_code == 201, opened.text
        log = service.app.state.store
    file.write_text(SIXTH + "[negotiation]\nseller_response_days = 1\n")
    async with in_memory("dispute", programmes=tmp_path) as service:
        service.app.state.store = log
        shown = await service.ask("GET", opened.json()["href"], role="buyer", sub="buyer-1")
        bound = ("terms", "deadlines", "due_at", "protection_ends_at")
        assert [shown.json()[name] for name in bound] == [opened.json()[name] for name in bound]
        edited = await listed(service, "/v1/programmes/corner_shop")
        assert edited["hash"] != shown.json()["terms"]["hash"]


async def test_s102_a_new_version_is_for_new_orders_and_both_are_shown(tmp_path: Path) -> None:
    (tmp_path / "1.toml").write_text(SIXTH)
    (tmp_path / "2.toml").write_text(
        SIXTH.replace("version = 1", "version = 2\neffective_from = 2026-01-01").replace("60", "5")
    )
    async with in_memory("dispute", programmes=tmp_path) as service:
        shown = await listed(service, "/v1/programmes/corner_shop")
        assert [row["version"] for row in shown["versions"]] == [1, 2]
        assert (shown["version"], shown["effective_from_at"]) == (2, "2026-01-01T00:00:00.000000Z")
        assert shown["versions"][0]["effective_until_at"] == "2026-01-01T00:00:00.000000Z"
        assert (await listed(service, "/v1/programmes/corner_shop?at=2025-12-31T23:59:59Z"))["version"] == 1
        assert (await listed(service, "/v1/programmes?version=2"))["data"] == [shown["versions"][1]]
        await service.order("o1", **delivered(6, programme="corner_shop"))
        programme = one(await asked(service, "o1"), "programme")
        assert (programme["version"], programme["code"]) == (2, "protection_expired")


async def test_the_same_order_again_stays_what_it_was_when_its_programme_has_a_new_version(tmp_path: Path) -> None:
    (tmp_path / "1.toml").write_text(SIXTH)
    body = order_body(**delivered(6, programme="corner_shop"))
    async with in_memory("dispute", programmes=tmp_path) as service:
        assert (await service.ask("PUT", "/v1/orders/o1", body=body)).status_code == 201
        log = service.app.state.store
    (tmp_path / "2.toml").write_text(SIXTH.replace("version = 1", "version = 2").replace("60", "5"))
    async with in_memory("dispute", programmes=tmp_path) as service:
        service.app.state.store = log
        assert (await service.ask("PUT", "/v1/orders/o1", body=body)).status_code == 200
        programme = one(await asked(service, "o1"), "programme")
        assert (programme["version"], programme["granted"]) == (1, True)
