"""The rule book in a browser: every rule has its page, every link leads to one, and refusals lead there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from shared.rules.book import RULES
from tests.support.toys.notes import Issuer, client_of, running_issuer, tiny_app


@pytest.fixture(scope="module")
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as issuer:
        yield issuer


@pytest.fixture
async def client(issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(tiny_app(issuer)) as client:
        yield client


def links_in(page: str) -> set[str]:
    return set(re.findall(r"href=[\"']([^\"']+)", page))


async def test_the_list_leads_to_every_rule(client: httpx.AsyncClient) -> None:
    page = await client.get("/rules")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    assert links_in(page.text) == {f"/rules/{rule}" for rule in RULES}


async def test_every_rules_page_leads_to_pages_alone(client: httpx.AsyncClient) -> None:
    for rule in RULES:
        page = await client.get(f"/rules/{rule}")
        assert page.status_code == 200 and f"<h1>{rule}</h1>" in page.text
        assert links_in(page.text) <= {"/rules", *(f"/rules/{other}" for other in RULES)}


async def test_a_page_shows_statement_source_parameters_and_what_is_built(client: httpx.AsyncClient) -> None:
    page = (await client.get("/rules/S39")).text
    assert "The seller has 5 days to answer a request" in page and "003: The AliExpress help page" in page
    assert '<a href="/rules/negotiation.seller_response_days">' in page and "since 0.1" in page
    assert "<code>deadline_passed</code>" in page


async def test_what_is_not_built_yet_says_so(client: httpx.AsyncClient) -> None:
    awaited = next(rule for rule, entry in RULES.items() if not entry.built)
    assert "not yet" in (await client.get(f"/rules/{awaited}")).text
    begun = next(rule for rule, entry in RULES.items() if entry.missing)
    assert "Still missing" in (await client.get(f"/rules/{begun}")).text


async def test_there_is_no_page_of_no_rule(client: httpx.AsyncClient) -> None:
    answer = await client.get("/rules/S111")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_problems_page_leads_to_the_rules_that_name_its_code(client: httpx.AsyncClient) -> None:
    assert {"/rules/S21", "/rules/G3"} <= links_in((await client.get("/problems/too_early")).text)
    assert links_in((await client.get("/problems/busy")).text) == {"/problems"}


async def test_a_refusal_links_each_rule_that_it_rests_on(client: httpx.AsyncClient, issuer: Issuer) -> None:
    headers = {**issuer.bearer(), "Idempotency-Key": "k"}
    refused = (await client.post("/v1/notes/n1", headers=headers, json={"text": "too early"})).json()
    assert (refused["rules"], refused["rule_links"]) == (["S21"], {"S21": "/rules/S21"})
    assert (await client.get(refused["rule_links"]["S21"])).status_code == 200
