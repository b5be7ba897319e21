"""Under which names and on which ports a process lets requests in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from shared.http.app import create_app
from shared.process.clock import SystemClock
from shared.process.hosts import Hosts
from shared.process.settings import Settings
from tests.cases.plugin import Came
from tests.support.production import production
from tests.support.toys.notes import Issuer, router, running_issuer, served, tiny_app


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as issuer:
        yield issuer


async def answer_to(issuer: Issuer, *lines: str, target: str = "/healthz") -> str:
    """The status that a request with these header lines gets."""
    async with served(tiny_app(issuer)) as address:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
        head = [f"GET {target} HTTP/1.1", *lines, "Connection: close", "", ""]
        writer.write("\r\n".join(head).encode("latin-1"))
        answered = (await reader.read()).decode()
        writer.close()
    return answered.split(" ", 2)[1]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["Host: evil.example"], marks=pytest.mark.case("M6", given="Host: evil.example", right="421")),
        pytest.param(["Host: 10.0.0.7"], marks=pytest.mark.case("M6+1", given="Host: 10.0.0.7", right="421")),
        pytest.param(
            ["Host: localhost.evil.example:8009"],
            marks=pytest.mark.case("M6+2", given="Host: localhost.evil.example:8009", right="421"),
        ),
        pytest.param([], marks=pytest.mark.case("M6+3", given="no Host", right="400")),
        pytest.param(
            ["Host: localhost", "Host: localhost"], marks=pytest.mark.case("M6+4", given="Host twice", right="400")
        ),
        pytest.param(
            ["Host: localhost, evil.example"],
            marks=pytest.mark.case("M6+5", given="Host: localhost, evil.example", right="400"),
        ),
        pytest.param(
            ["Host: user@localhost"], marks=pytest.mark.case("M6+6", given="Host: user@localhost", right="400")
        ),
        pytest.param(["Host:"], marks=pytest.mark.case("M6+7", given="an empty Host", right="400")),
        pytest.param(
            ["Host: localhost:8009"], marks=pytest.mark.case("M6+8", given="Host: localhost:8009", right="200")
        ),
        pytest.param(["Host: LOCALHOST"], marks=pytest.mark.case("M6+9", given="Host: LOCALHOST", right="200")),
        pytest.param(["Host: [::1]:80"], marks=pytest.mark.case("M6+10", given="Host: [::1]:80", right="200")),
    ],
)
async def test_a_request_names_a_host_of_ours_once(issuer: Issuer, came: Came, lines: Sequence[str]) -> None:
    came(await answer_to(issuer, *lines))


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://localhost/healthz", "200"),
        ("http://LOCALHOST:8009/healthz", "200"),
        ("http://evil.example/healthz", "421"),
        ("https://evil.example:443/healthz?a=/", "421"),
        ("http://localhost.evil.example/healthz", "421"),
        ("http://user@localhost/healthz", "400"),
    ],
)
@pytest.mark.case("M6+11", given="a target in absolute form, of a host of ours and of others", right="as its host says")
async def test_the_host_of_the_target_counts_where_it_names_one(
    issuer: Issuer, came: Came, target: str, status: str
) -> None:
    assert await answer_to(issuer, "Host: localhost", target=target) == status
    came("as its host says")


async def test_a_target_with_a_host_of_ours_does_not_excuse_the_header(issuer: Issuer) -> None:
    mine = "http://localhost/healthz"
    assert await answer_to(issuer, "Host: evil.example", target=mine) == "200"
    assert await answer_to(issuer, target=mine) == "400"
    assert await answer_to(issuer, "Host: localhost", "Host: localhost", target=mine) == "400"
    assert await answer_to(issuer, "Host: a b", target=mine) == "400"


@pytest.mark.parametrize(
    ("named", "host", "fault"),
    [
        ("api.example", b"api.example", None),
        ("api.example", b"API.example:443", None),
        ("api.example:8443", b"api.example:8443", None),
        ("api.example:8443", b"api.example", "misdirected_request"),
        ("api.example", b"localhost", "misdirected_request"),
        ("api.example, [2001:db8::1]", b"[2001:db8::1]", None),
        ("api.example", b"api.example.", "misdirected_request"),
        ("api.example", b"api.example:port", "malformed_request"),
        ("api.example", b"api example", "malformed_request"),
    ],
)
def test_the_names_are_those_of_the_settings(named: str, host: bytes, fault: str | None) -> None:
    assert Hosts.of(Settings(hosts=named)).fault([host]) == fault


@pytest.mark.parametrize(
    ("host", "fault"), [(b"10.0.3.7:8201", None), (b"[fd00::7]", None), (b"evil.example", "misdirected_request")]
)
def test_an_inner_port_is_asked_by_its_address(host: bytes, fault: str | None) -> None:
    assert Hosts.of(production()).fault([host], inner=True) == fault


async def asked(settings: Settings, port: int, path: str, host: str) -> int:
    """The status that the application gives on one of its ports."""
    app = create_app("dispute", [router], {}, settings, clock=SystemClock())
    statuses: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", host.encode())],
        "server": ("10.0.3.7", port),
        "client": ("10.0.3.9", 40_000),
        "scheme": "http",
    }
    await app(scope, receive, send)
    return statuses[0]


@pytest.mark.parametrize("path", ["/metrics", "/docs", "/docs/start.js", "/openapi.json", "/readyz", "/healthz"])
@pytest.mark.case(
    "M15", given="metrics, docs, OpenAPI document and probes on the public port of production", right="404"
)
async def test_what_operators_read_is_not_on_the_public_port(came: Came, path: str) -> None:
    settings = production()
    came(await asked(settings, settings.port("dispute"), path, "disputes.example"))


@pytest.mark.parametrize("path", ["/metrics", "/docs", "/openapi.json", "/healthz"])
async def test_it_is_on_the_inner_one(path: str) -> None:
    settings = production()
    assert await asked(settings, settings.inner_port("dispute"), path, "10.0.3.7:8201") == 200


@pytest.mark.parametrize("path", ["/problems", "/support"])
async def test_what_a_refusal_points_to_is_on_the_public_port(path: str) -> None:
    settings = production()
    assert await asked(settings, settings.port("dispute"), path, "disputes.example") == 200
