"""Quotas: how many requests a subject and an address may send, what the answers say of it, and who is not counted."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.admission.addresses import Proxies
from shared.http.admission.buckets import Buckets, Draw
from shared.http.app import App
from shared.http.openapi import QUOTA
from shared.process.quotas import DEFAULTS, quotas
from tests.cases.plugin import Came
from tests.support.toys.notes import Issuer, client_of, running_issuer, settings_for, tiny_app

BODY = {"kind": "praise", "text": "good"}
SHOW, ECHO, OPEN = ("GET", "/v1/notes/n1"), ("POST", "/v1/notes/n1/echo"), ("GET", "/v1/open")
HUNDRED = "reads=100/day, commands=100/day, strangers=100/day"
PER_DAY = "reads=3/day, commands=3/day, strangers=3/day, machines=5/day"


@pytest.fixture(scope="module")
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as issuer:
        yield issuer


@pytest.fixture
async def client(issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(tiny_app(issuer, quotas=PER_DAY)) as client:
        yield client


async def answers(client: httpx.AsyncClient, times: int, method: str, path: str, **more: object) -> list[str]:
    """The statuses and codes of the same request, so many times."""
    body = {"json": BODY} if method == "POST" else {}
    return [_told(await client.request(method, path, **body, **more)) for _ in range(times)]  # type: ignore[arg-type]


def _told(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.json().get('code', '')}".strip()


FLOODS = {
    "H5": ("600 reads by one subject", SHOW, True, "200 then 429 rate_limited"),
    "H5+1": ("600 commands by one subject", ECHO, True, "200 then 429 rate_limited"),
    "H5+2": ("600 reads without a token from one address", SHOW, False, "401 unauthenticated then 429 rate_limited"),
    "H5+3": ("600 requests of a page for anybody", OPEN, False, "200 then 429 rate_limited"),
}


@pytest.mark.parametrize(
    ("request_line", "with_token"),
    [
        pytest.param(line, known, id=case, marks=pytest.mark.case(case, given=given, right=right))
        for case, (given, line, known, right) in FLOODS.items()
    ],
)
async def test_a_flood_is_refused_once_the_quota_is_used_up(
    request_line: tuple[str, str], with_token: bool, issuer: Issuer, came: Came
) -> None:
    async with client_of(tiny_app(issuer, quotas=HUNDRED)) as client:
        told = await answers(client, 600, *request_line, headers=issuer.bearer() if with_token else {})
    assert 0 < sum("429" not in each for each in told) < 600
    came(f"{told[0]} then {told[-1]}")


@pytest.mark.parametrize("request_line", [SHOW, ECHO])
async def test_exactly_the_quota_is_answered_and_each_answer_says_what_is_left(
    request_line: tuple[str, str], client: httpx.AsyncClient, issuer: Issuer
) -> None:
    method, path = request_line
    name = "reads" if method == "GET" else "commands"
    body = {"json": BODY} if method == "POST" else {}
    for left in (2, 1, 0):
        answer = await client.request(method, path, headers=issuer.bearer(), **body)  # type: ignore[arg-type]
        assert (answer.status_code, answer.headers["ratelimit-policy"]) == (200, f'"{name}";q=3;w=86400')
        assert answer.headers["ratelimit"].startswith(f'"{name}";r={left};t=')
    refused = await client.request(method, path, headers=issuer.bearer(), **body)  # type: ignore[arg-type]
    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    wait = int(refused.headers["retry-after"])
    assert 28_790 <= wait <= 28_800  # a third of a day: until there is one again
    assert refused.headers["ratelimit"].startswith(f'"{name}";r=0;t=86')
    assert refused.json()["code"] == "rate_limited"


@pytest.mark.case("H5+4", given="one subject's quota is used up", right="its commands 200, another subject's reads 200")
async def test_a_quota_is_one_subjects_and_one_kinds(client: httpx.AsyncClient, issuer: Issuer, came: Came) -> None:
    assert (await answers(client, 4, *SHOW, headers=issuer.bearer()))[-1] == "429 rate_limited"
    [commands] = await answers(client, 1, *ECHO, headers=issuer.bearer())
    [other] = await answers(client, 1, *SHOW, headers=issuer.bearer("buyer-2"))
    came(f"its commands {commands}, another subject's reads {other}")


async def test_a_new_token_is_no_new_quota(client: httpx.AsyncClient, issuer: Issuer) -> None:
    told = [(await answers(client, 1, *SHOW, headers=issuer.bearer(jti=str(number))))[0] for number in range(4)]
    assert told == ["200", "200", "200", "429 rate_limited"]


async def test_who_has_not_the_role_is_counted_too(client: httpx.AsyncClient, issuer: Issuer) -> None:
    told = await answers(client, 4, *ECHO, headers=issuer.bearer("seller-1", "seller"))
    assert told == ["403 forbidden"] * 3 + ["429 rate_limited"]


async def test_programs_have_a_quota_of_their_own(client: httpx.AsyncClient, issuer: Issuer) -> None:
    told = await answers(client, 6, *SHOW, headers=issuer.bearer("shop", "service"))
    assert told == ["200"] * 5 + ["429 rate_limited"]


async def test_a_form_and_a_stream_count_once(issuer: Issuer) -> None:
    async with client_of(tiny_app(issuer, quotas=PER_DAY)) as client:
        form = await client.post("/v1/forms", data={"name": "n"}, headers=issuer.bearer())
        stream = await client.get("/v1/notes/n1/stream", headers=issuer.bearer())
    assert [answer.headers["ratelimit"].split(";")[:2] for answer in (form, stream)] == [
        ['"commands"', "r=2"],
        ['"reads"', "r=2"],
    ]


@pytest.mark.case(
    "H5+9", given="unknown addresses, methods, documents and pages, each 4 times", right="429 rate_limited"
)
@pytest.mark.parametrize(
    "request_line",
    [("GET", "/no"), ("DELETE", "/v1/notes/n1"), ("GET", "/openapi.json"), ("GET", "/problems/not_found")],
)
async def test_what_is_no_resource_is_counted_too(
    client: httpx.AsyncClient, came: Came, request_line: tuple[str, str]
) -> None:
    answers = [await client.request(*request_line) for _ in range(4)]
    assert 429 not in [answer.status_code for answer in answers[:3]]
    came(_told(answers[-1]))


async def test_probes_are_never_counted(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/readyz"):
        assert not {answer.partition(" ")[0] for answer in await answers(client, 9, "GET", path)} & {"429"}


async def test_without_quotas_nothing_is_counted(issuer: Issuer) -> None:
    async with client_of(tiny_app(issuer, quotas="off")) as client:
        answer = await client.get("/v1/notes/n1", headers=issuer.bearer())
        assert set(await answers(client, 200, *SHOW, headers=issuer.bearer())) == {"200"}
    assert not {"ratelimit", "ratelimit-policy"} & set(answer.headers)


# Addresses


async def test_an_address_without_a_token_does_not_use_up_what_its_neighbour_with_one_has(
    client: httpx.AsyncClient, issuer: Issuer
) -> None:
    assert (await answers(client, 4, *SHOW))[-1] == "429 rate_limited"
    assert await answers(client, 1, *SHOW, headers=issuer.bearer()) == ["200"]


@pytest.mark.case("H5+5", given="a stranger who writes X-Forwarded-For himself", right="429 rate_limited")
async def test_nobody_gives_himself_another_address(client: httpx.AsyncClient, came: Came) -> None:
    told = [(await answers(client, 1, *SHOW, headers={"x-forwarded-for": f"10.0.0.{n}"}))[0] for n in range(4)]
    came(told[-1])


async def test_behind_a_proxy_of_ours_its_clients_are_counted_each(issuer: Issuer) -> None:
    app = tiny_app(issuer, quotas=PER_DAY, proxies=["127.0.0.0/8"])
    async with client_of(app) as client:
        told = [(await answers(client, 1, *SHOW, headers={"x-forwarded-for": f"10.0.0.{n}"}))[0] for n in range(4)]
    assert told == ["401 unauthenticated"] * 4


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "nonsense, 10.0.0.2", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("", "198.51.100.7", ""),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_proxy(peer: str, forwarded: str | None, client: str) -> None:
    assert Proxies([ipaddress.ip_network("10.0.0.0/8")]).client(peer, forwarded) == client


# Buckets


class Watch:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_is_one_names_and_is_refilled_evenly() -> None:
    buckets = Buckets(watch := Watch())
    assert [buckets.draw("a", 5, 10).left for _ in range(6)] == [4, 3, 2, 1, 0, -1]
    assert buckets.draw("b", 5, 10) == Draw(left=4, next_in=0, full_in=2)
    assert buckets.draw("a", 5, 10) == Draw(left=-1, next_in=2, full_in=10)
    watch.now += 2
    assert [buckets.draw("a", 5, 10).left for _ in range(2)] == [0, -1]
    watch.now += 10
    assert buckets.draw("a", 5, 10).left == 4


@pytest.mark.case("H5+8", given="600 requests a second against 100/second", right="no 100 ms bring more than 11")
def test_a_flood_comes_through_evenly_and_not_in_bursts(came: Came) -> None:
    buckets = Buckets(watch := Watch())
    taken: list[float] = []
    for number in range(6000):
        watch.now = 1000 + number / 600
        if buckets.draw("flood", 100, 1).left >= 0:
            taken.append(watch.now)
    steady = [at for at in taken if at > 1001]
    most = max(sum(begin <= at < begin + 0.1 for at in steady) for begin in steady)
    assert 899 <= len(steady) <= 901
    came(f"no 100 ms bring more than {most}")


@given(size=st.integers(1, 5000), seconds=st.integers(1, 86_400), gaps=st.lists(st.floats(0, 1e5), max_size=50))
def test_no_span_brings_more_than_the_bucket_and_what_flowed_in(size: int, seconds: int, gaps: list[float]) -> None:
    buckets, taken = Buckets(watch := Watch()), 0
    for gap in gaps:
        watch.now += gap
        drawn = buckets.draw("a", size, seconds)
        taken += drawn.left >= 0
        assert drawn.left < size
        assert drawn.full_in <= seconds * (1 + 1e-6)
    assert taken <= size + (watch.now - 1000) * size / seconds + 1


def test_there_are_never_more_buckets_than_room_and_the_full_go_first() -> None:
    buckets = Buckets(watch := Watch(), most=10)
    for number in range(10):
        buckets.draw(f"short {number}", 1, 1)
    watch.now += 1
    assert buckets.draw("long", 1, 100).left == 0
    assert len(buckets) == 1
    for number in range(1000):
        buckets.draw(f"other {number}", 1, 100)
        assert len(buckets) <= 10


# Settings and documents


@pytest.mark.parametrize(
    ("text", "name", "policy"),
    [
        ("", "reads", b'"reads";q=100;w=1'),
        ("reads=20/10 seconds", "reads", b'"reads";q=20;w=10'),
        ("openings=5 per 2 minutes,reads=off", "openings", b'"openings";q=5;w=120'),
    ],
)
def test_a_quota_is_set_by_a_number_and_a_time(text: str, name: str, policy: bytes) -> None:
    assert quotas(text)[name].policy == policy


def test_a_quota_is_left_out_by_a_word() -> None:
    assert quotas("off") == {}
    assert set(quotas("reads=off")) == set(DEFAULTS) - {"reads"}


@pytest.mark.parametrize("text", ["reads", "writes=1/second", "reads=fast", "reads=0/second", "reads=-1/second"])
def test_a_quota_that_makes_no_sense_is_refused_at_the_start(text: str, issuer: Issuer) -> None:
    with pytest.raises(ValueError, match="quotas"):
        settings_for(issuer, quotas=text)


def test_every_operation_tells_of_its_quota(issuer: Issuer) -> None:
    app: App = tiny_app(issuer)
    for path in app.openapi()["paths"].values():
        for operation in path.values():
            refusal = operation["responses"]["429"]
            assert set(refusal["headers"]) == {"Retry-After", *QUOTA}
            assert set(operation["responses"]["503"]["headers"]) == {"Retry-After"}
    shown = app.openapi()["paths"]["/v1/notes/{note_id}"]["get"]["responses"]["200"]
    assert set(QUOTA) <= set(shown["headers"])
