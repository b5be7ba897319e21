"""The console serves its page and its own files, whatever the services do."""

from collections.abc import AsyncIterator

import pytest

from console.app import build
from console.fetch import SERVICES
from shared.http.app import App
from shared.process.settings import Settings
from tests.cases.plugin import Came
from tests.support.html_outline import Outline
from tests.support.servers.backing import free_ports
from tests.support.servers.sandbox import Served, served
from tests.support.toys.notes import client_of

NASTY = '<script>alert("1")</script>'


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


async def test_a_file_of_the_page_is_counted_once() -> None:
    three = "reads=3/day, commands=3/day, strangers=3/day"
    async with client_of(build(Settings(quotas=three))) as client:
        told = [(await client.get("/assets/mark.svg")).status_code for _ in range(4)]
    assert told == [200, 200, 200, 429]


@pytest.mark.case("B71+1", given="a page asked for with HEAD", right="200 text/html, 0 bytes")
async def test_a_page_may_be_asked_for_without_its_body(came: Came, console: Served) -> None:
    answer = await console.ask("HEAD", "/")
    came(f"{answer.status} {answer.headers['Content-Type'].partition(';')[0]}, {len(answer.body)} bytes")


@pytest.mark.case("B71", given="console /?order=X&utm_source=mail and other additions", right="200 text/html")
@pytest.mark.parametrize(
    "query", ["order=o1&utm_source=mail", "fbclid=x", "order=" + "x" * 201, "order=a&order=b", "x=%FF", "order=%00"]
)
async def test_a_page_passes_over_what_a_link_brings_with_it(came: Came, console: Served, query: str) -> None:
    answer = await console.get(f"/?{query}")
    came(f"{answer.status} {answer.headers['Content-Type'].partition(';')[0]}")
