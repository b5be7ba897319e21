"""The edge of a service: who may ask, what a command carries, what an answer says, and what is logged."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx
import pytest

from shared.events.slot import slot_of
from shared.http.app import App, create_app, database_checks
from shared.http.responses import to_json
from shared.http.routing import Route
from shared.observability.log_lines import Logger, configure_logging, watch_loop
from shared.observability.tracing import traceparent_of
from shared.process.clock import SystemClock
from tests.cases.plugin import Came
from tests.support.servers.in_memory import came_of
from tests.support.servers.stack import LIMIT
from tests.support.toys.notes import Issuer, client_of, router, running_issuer, settings_for, spoken_to, tiny_app

NOTE = {"text": "three little words"}


@pytest.fixture(scope="module")
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def app(issuer: Issuer) -> App:
    return tiny_app(issuer)


@pytest.fixture
async def client(app: App, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        client.headers.update(issuer.bearer())
        yield client


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that this process logs while the test runs."""
    root = logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, (Logger.service, Logger.least, Logger.out)
    stream = io.StringIO()
    configure_logging("dispute", stream=stream)
    yield stream
    Logger.service, Logger.least, Logger.out = before
    root.handlers[:] = handlers
    root.setLevel(level)


async def lines(logged: io.StringIO) -> list[dict[str, Any]]:
    await asyncio.sleep(0)  # the turn in which they are written
    return [json.loads(line) for line in logged.getvalue().splitlines()]


def code(response: httpx.Response) -> tuple[int, str | None]:
    return response.status_code, response.json().get("code")


# Who may ask


async def test_nobody_is_told_anything(app: App) -> None:
    async with client_of(app) as client:
        response = await client.get("/v1/notes/n1")
    assert code(response) == (401, "unauthenticated")
    assert response.headers["www-authenticate"] == 'Bearer realm="makewhole"'


async def test_another_role_may_not(client: httpx.AsyncClient, issuer: Issuer) -> None:
    assert code(await client.post("/v1/notes/n1", json=NOTE, headers=issuer.bearer("s", "seller"))) == (
        403,
        "forbidden",
    )


async def test_any_token_may_ask_what_anybody_may(client: httpx.AsyncClient, issuer: Issuer) -> None:
    assert (await client.get("/v1/notes/n1", headers=issuer.bearer("w", "warehouse"))).json()["actor"] == "w"


async def test_an_open_route_asks_nobody(app: App) -> None:
    async with client_of(app) as client:
        assert (await client.get("/v1/open")).status_code == 200
        assert code(await client.get("/v1/open?x=1")) == (422, "validation_failed")


async def test_refusals_come_in_their_order(client: httpx.AsyncClient, issuer: Issuer) -> None:
    """Each request cures the first fault of the one before."""
    key, match = {"Idempotency-Key": "k"}, {"If-Match": '"1"'}
    form, typed = {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}
    path = "/v1/notes/n1/archive?x=1"
    seller, buyer = issuer.bearer("s", "seller"), issuer.bearer()
    large = b"x" * 70_000

    async def ask(content: bytes, *headers: dict[str, str]) -> tuple[int, str | None]:
        return code(
            await client.post(path, content=content, headers={k: v for each in headers for k, v in each.items()})
        )

    client.headers.pop("Authorization")
    assert await ask(large, form) == (401, "unauthenticated")
    assert await ask(large, form, seller) == (403, "forbidden")
    assert await ask(large, form, buyer) == (413, "too_large")
    assert await ask(b"{", form, buyer) == (415, "unsupported_media_type")
    assert await ask(b"{", typed, buyer) == (400, "malformed_json")
    assert await ask(b"{}", typed, buyer) == (400, "idempotency_key_required")
    assert await ask(b"{}", typed, buyer, key) == (428, "if_match_required")
    assert await ask(b"{}", typed, buyer, key, match) == (422, "validation_failed")
    path = "/v1/notes/n1/archive"
    assert await ask(b"{}", typed, buyer, key, match) == (200, None)


# What a command carries


async def test_the_same_key_and_path_are_the_same_command(client: httpx.AsyncClient, issuer: Issuer) -> None:
    async def key(path: str = "n1", name: str = "k", **more: Any) -> Any:
        return (await client.post(f"/v1/notes/{path}/echo", headers={"Idempotency-Key": name, **more})).json()["key"]

    first = await key()
    assert await key() == first
    assert len({first, await key("n2"), await key("n1", "l"), await key(**issuer.bearer("another"))}) == 4


async def test_the_same_key_for_another_order_is_another_command(client: httpx.AsyncClient) -> None:
    async def seen(body: Any) -> tuple[Any, Any]:
        answer = (await client.post("/v1/notes/n1/echo", json=body, headers={"Idempotency-Key": "k"})).json()
        return answer["key"], answer["hash"]

    def about(text: str, order_id: str) -> dict[str, str]:
        return {"kind": "praise", "text": text, "order_id": order_id}

    one, other = await seen(about("a", "o1")), await seen(about("a", "o2"))
    changed, unnamed = await seen(about("b", "o1")), await seen({"kind": "praise", "text": "a"})
    assert one[0] == changed[0] and one[1] != changed[1], "the same command with another body: refused, not carried out"
    assert len({one[0], other[0], unnamed[0]}) == 3


async def test_without_a_key_every_command_is_its_own(client: httpx.AsyncClient) -> None:
    keys = {(await client.post("/v1/notes/n1/echo")).json()["key"] for _ in range(3)}
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("key", "good"),
    [("k", True), ("!~", True), ("x" * 255, True), ("x" * 256, False), ("a b", False), ("é", False), ("", False)],
)
async def test_a_key_is_up_to_255_visible_characters(client: httpx.AsyncClient, key: str, good: bool) -> None:
    response = await client.post("/v1/notes/n1/echo", headers=[(b"Idempotency-Key", key.encode("latin-1"))])
    assert response.status_code == (200 if good else 422)


async def test_the_hash_is_of_the_value_not_of_the_bytes(client: httpx.AsyncClient) -> None:
    async def hashed(raw: str) -> Any:
        return (
            await client.post("/v1/notes/n1/echo", content=raw, headers={"Content-Type": "application/json"})
        ).json()["hash"]

    one = await hashed('{"kind": "praise", "text": "a"}')
    assert await hashed('{ "text":"\\u0061",\n"kind":"praise"}') == one
    assert await hashed('{"kind": "praise", "text": "b"}') != one


@pytest.mark.parametrize(
    ("tag", "versions"),
    [('"7"', [7]), ('"0"', [0]), ('"7-a1b2c3d4"', [7]), ('"7", "8"', [7, 8]), ('W/"7"', []), ('"x"', []), ("*", "any")],
)
async def test_if_match_names_versions(client: httpx.AsyncClient, tag: str, versions: Any) -> None:
    response = await client.post("/v1/notes/n1/echo", headers={"If-Match": tag})
    assert response.json().get("expected") == versions


@pytest.mark.parametrize("tag", ["7", "007", '"7', '"7" "8"', '*, "7"', "W/7", 'w/"7"', ","])
async def test_if_match_is_made_of_entity_tags(client: httpx.AsyncClient, tag: str) -> None:
    assert code(await client.post("/v1/notes/n1/echo", headers={"If-Match": tag})) == (422, "validation_failed")


@pytest.mark.case("B06", given='If-Match: W/"1", another list, another tag', right="412 version_conflict")
@pytest.mark.parametrize("tag", ['W/"1"', 'W/"1-a1b2c3d4"', '"9", "8"', '"1x"', 'W/"1", "9"', '"01"', '""'])
async def test_no_strong_tag_that_is_equal_is_a_conflict(came: Came, client: httpx.AsyncClient, tag: str) -> None:
    await client.post("/v1/notes/n1", json=NOTE, headers={"Idempotency-Key": "k"})
    answer = await client.post("/v1/notes/n1/revision", json=NOTE, headers={"If-Match": tag})
    came(came_of(answer))


@pytest.mark.case("B06+1", given='If-Match: "9", "1", or *, or the ETag as it came', right="200")
@pytest.mark.parametrize("tag", ['"9", "1"', "*", '"1"', '"9" ,"1"', ', "1",', "as it came", "in two lines"])
async def test_one_of_several_tags_or_any_is_enough(came: Came, client: httpx.AsyncClient, tag: str) -> None:
    first = await client.post("/v1/notes/n1", json=NOTE, headers={"Idempotency-Key": "k"})
    lines = {"as it came": [first.headers["etag"]], "in two lines": ['"9"', '"1"']}.get(tag, [tag])
    answer = await client.post("/v1/notes/n1/revision", json=NOTE, headers=[("If-Match", line) for line in lines])
    came(came_of(answer))


@pytest.mark.case("B06+2", given="If-Match: * where nothing is", right="412 version_conflict")
async def test_any_version_is_one_that_exists(came: Came, client: httpx.AsyncClient) -> None:
    came(came_of(await client.post("/v1/notes/n9/revision", json=NOTE, headers={"If-Match": "*"})))


@pytest.mark.case("B06+3", given="If-None-Match: the ETag, weak, in a list, *, another", right="304 304 304 304 200")
async def test_who_has_an_answer_is_told_so(came: Came, client: httpx.AsyncClient) -> None:
    tag = (await client.get("/v1/notes/n1")).headers["etag"]
    asked = [tag, f"W/{tag}", f'"9", {tag}', "*", '"3"']
    answers = [await client.get("/v1/notes/n1", headers={"If-None-Match": each}) for each in asked]
    assert not any(answer.content for answer in answers[:4]) and answers[0].headers["etag"] == tag
    came(" ".join(str(answer.status_code) for answer in answers))


@pytest.mark.case("B06+6", given='If-None-Match: garbage"7"x around the ETag', right="200")
@pytest.mark.parametrize("around", ["garbage{}x", "{}x", "x{}", '"9" {}', "{}, x"])
async def test_what_is_no_list_of_tags_names_none(came: Came, client: httpx.AsyncClient, around: str) -> None:
    tag = (await client.get("/v1/notes/n1")).headers["etag"]
    came((await client.get("/v1/notes/n1", headers={"If-None-Match": around.format(tag)})).status_code)


@pytest.mark.case("L8+3", given="an empty Idempotency-Key, where one is asked for and where none is", right="422 422")
async def test_an_empty_key_is_no_key_left_out(came: Came, client: httpx.AsyncClient) -> None:
    asked = [("/v1/notes/n1", NOTE), ("/v1/notes/n1/echo", {"kind": "praise", "text": "good"})]
    answers = [await client.post(path, json=body, headers={"Idempotency-Key": ""}) for path, body in asked]
    assert {answer.json()["errors"][0]["pointer"] for answer in answers} == {"/header/Idempotency-Key"}
    came(" ".join(str(answer.status_code) for answer in answers))


@pytest.mark.case(
    "B06+7", given="GET with If-Match: the ETag, *, in a list; weak, another", right="200 200 200 412 412"
)
async def test_if_match_holds_for_what_is_shown(came: Came, client: httpx.AsyncClient) -> None:
    tag = (await client.get("/v1/notes/n1")).headers["etag"]
    asked = [tag, "*", f'"9", {tag}', f"W/{tag}", '"2"']
    answers = [await client.get("/v1/notes/n1", headers={"If-Match": each, "If-None-Match": '"9"'}) for each in asked]
    assert code(answers[-1]) == (412, "version_conflict")
    came(" ".join(str(answer.status_code) for answer in answers))


@pytest.mark.case("B06+4", given="one version, shown to two parties", right="two strong tags")
async def test_answers_that_differ_have_tags_that_differ(came: Came, client: httpx.AsyncClient, issuer: Issuer) -> None:
    tags = {(await client.get("/v1/notes/n1", headers=issuer.bearer(who))).headers["etag"] for who in ("a", "b", "a")}
    came("two strong tags" if len(tags) == 2 and all(tag.startswith('"3-') for tag in tags) else tags)


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("*/*", 200),
        ("application/*;q=0.1, text/html", 200),
        ("application/problem+json", 200),
        ("", 200),
        ("application/xml", 406),
        ("text/*", 406),
        ("application/json;q=0, */*", 406),
    ],
)
async def test_json_is_for_those_who_take_it(client: httpx.AsyncClient, accept: str, status: int) -> None:
    assert (await client.get("/v1/notes/n1", headers={"Accept": accept})).status_code == status


async def test_the_trace_goes_on_under_a_new_span(client: httpx.AsyncClient) -> None:
    given = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    trace = (await client.post("/v1/notes/n1/echo", headers={"traceparent": given})).json()["trace"]
    assert trace.startswith("00-" + "a" * 32) and trace.endswith("-01") and "b" * 16 not in trace


@pytest.mark.parametrize(
    "given",
    [None, "nonsense", "00-" + "0" * 32 + "-" + "b" * 16 + "-01", "ff-" + "a" * 32 + "-" + "b" * 16 + "-01", "00-A"],
)
def test_a_trace_that_is_none_begins_anew(given: str | None) -> None:
    trace = traceparent_of(given)
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", trace) and (given is None or given[3:35] not in trace)


async def test_a_body_may_be_left_out_where_it_may(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/notes/n1/echo")).json()["body"] is None


async def test_a_command_without_a_body_takes_none(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/v1/notes/n1/archive", json={"a": 1}, headers={"Idempotency-Key": "k", "If-Match": '"1"'}
    )
    assert code(response) == (422, "validation_failed")


async def test_a_form_is_read_after_its_sender_is_known(client: httpx.AsyncClient, issuer: Issuer) -> None:
    assert (await client.post("/v1/forms", data={"name": "a"})).json()["name"] == "a"
    assert code(await client.post("/v1/forms", content=b"\xff", headers=issuer.bearer("s", "seller"))) == (
        403,
        "forbidden",
    )
    assert code(await client.post("/v1/forms", data={"other": "a"})) == (422, "validation_failed")


async def test_a_stream_of_events_is_for_those_who_may(client: httpx.AsyncClient, issuer: Issuer) -> None:
    text = (await client.get("/v1/notes/n1/stream")).text
    assert re.findall(r"id: (\d)", text) == ["0", "1", "2"] and '"for": "buyer-1"' in text
    assert code(await client.get("/v1/notes/n1/stream", headers=issuer.bearer("s", "seller"))) == (403, "forbidden")


async def test_a_route_has_its_own_limit(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/forms", data={"name": "x" * 90_000})).status_code == 200
    response = await client.post("/v1/forms", data={"name": "x" * 110_000})
    assert code(response) == (413, "too_large") and response.json()["max_bytes"] == 100_000


# What an answer says


async def test_an_answer_tells_version_position_and_place(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/notes/n1", json=NOTE, headers={"Idempotency-Key": "k"})
    assert (response.status_code, response.json()) == (201, {"id": "n1", "words": 3, "price": None})
    headers = response.headers
    assert re.fullmatch('"1-[0-9a-f]{8}"', headers["etag"])
    assert (headers["makewhole-position"], headers["location"]) == (f"{slot_of('n1')}.1", "/v1/notes/n1")
    assert "idempotent-replayed" not in headers and headers["cache-control"] == "no-store"


async def test_a_place_is_told_of_what_is_new_alone(client: httpx.AsyncClient) -> None:
    await client.post("/v1/notes/n1", json=NOTE, headers={"Idempotency-Key": "k"})
    revised = await client.post("/v1/notes/n1/revision", json=NOTE, headers={"If-Match": '"1"'})
    assert revised.status_code == 200 and "location" not in revised.headers


async def test_a_repeat_is_answered_as_before_and_says_so(client: httpx.AsyncClient) -> None:
    first = await client.post("/v1/notes/n1", json=NOTE, headers={"Idempotency-Key": "k"})
    await client.post("/v1/notes/n1", json=NOTE, headers={"Idempotency-Key": "another"})
    again = await client.post("/v1/notes/n1", json=NOTE, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.json(), again.headers["etag"]) == (
        first.status_code,
        first.json(),
        first.headers["etag"],
    )
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_key_is_for_one_request(client: httpx.AsyncClient) -> None:
    await client.post("/v1/notes/n1", json=NOTE, headers={"Idempotency-Key": "k"})
    assert code(await client.post("/v1/notes/n1", json={"text": "other"}, headers={"Idempotency-Key": "k"})) == (
        422,
        "idempotency_key_reused",
    )


async def test_who_has_seen_an_old_version_is_told_what_happened_since(client: httpx.AsyncClient) -> None:
    for name in ("a", "b"):
        await client.post("/v1/notes/n1", json=NOTE, headers={"Idempotency-Key": name})
    stale = await client.post("/v1/notes/n1/revision", json=NOTE, headers={"If-Match": '"1"'})
    assert code(stale) == (412, "version_conflict")
    assert (stale.json()["current_version"], "etag" in stale.headers) == (2, False)
    (since,) = stale.json()["events"]
    assert (since["version"], since["type"]) == (2, "makewhole.Noted.v1")
    assert (await client.post("/v1/notes/n1/revision", json=NOTE, headers={"If-Match": '"2"'})).status_code == 200


@pytest.mark.case("L9", given="X-Request-Id of another request", right="an id of its own, the caller's beside it")
@pytest.mark.parametrize(("given", "kept"), [("abc-1", "abc-1"), ("two words", None), ("req_00", "req_00")])
async def test_a_request_has_an_id_of_its_own_beside_the_callers(
    came: Came, app: App, issuer: Issuer, logged: io.StringIO, given: str, kept: str | None
) -> None:
    async with client_of(app) as client:
        answer = await client.get("/v1/notes/n1", headers={"X-Request-Id": given, **issuer.bearer()})
    (line,) = [line for line in await lines(logged) if line["logger"] == "http"]
    own = answer.headers["x-request-id"]
    beside = own == line["request_id"] != given and line.get("caller_request_id") == kept
    came("an id of its own, the caller's beside it" if beside else (own, line))


async def test_query_parameters_are_read_as_they_are_declared(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/notes/n1?limit=3&starting=a%20b")).json() == {
        "id": "n1",
        "limit": 3,
        "starting": "a b",
        "actor": "buyer-1",
    }


def test_what_has_no_form_on_the_wire_is_refused() -> None:
    with pytest.raises(TypeError):
        to_json(object())


# What is logged


async def test_a_command_leaves_one_line(app: App, issuer: Issuer, logged: io.StringIO) -> None:
    async with client_of(app) as client:
        await client.post(
            "/v1/notes/n1", json=NOTE, headers={"Idempotency-Key": "k", "X-Request-Id": "r1", **issuer.bearer()}
        )
    (line,) = [line for line in await lines(logged) if line["logger"] == "http"]
    assert {"ms", "time", "command_id"} <= line.keys()
    told = {
        name: line[name] for name in ("event", "route", "status", "stream", "version", "position", "roles", "service")
    }
    assert told == {
        "event": "request",
        "route": "POST /v1/notes/{note_id}",
        "status": 201,
        "stream": "note-n1",
        "version": 1,
        "position": 1,
        "roles": ["buyer"],
        "service": "dispute",
    }


async def test_a_fault_of_ours_is_logged_with_where_but_not_with_what(
    app: App, issuer: Issuer, logged: io.StringIO
) -> None:
    async with client_of(app) as client:
        await client.post("/v1/notes/n1", json={"text": "broken"}, headers={"Idempotency-Key": "k", **issuer.bearer()})
    failed = next(line for line in await lines(logged) if line["event"] == "failed")
    assert failed["error"] == "RuntimeError" and "decide" in failed["at"][-1] and "secret" not in logged.getvalue()


async def test_a_canary_sings_in_no_line(app: App, issuer: Issuer, logged: io.StringIO) -> None:
    """A secret in every place but an id where somebody can write, through every way in which a request can end."""
    canary = "canary-9f27"
    texts = [canary, "too early", "busy", "broken", "unknown", f"{canary} \u0000", canary * 6000]
    headers = issuer.bearer() | {"User-Agent": canary, "Referer": canary, "X-Request-Id": f"{canary} {canary}"}
    watch_loop(asyncio.get_running_loop())
    async with client_of(app) as client:
        for number, text in enumerate(texts):
            for body in (
                {"text": text},
                {"text": text, canary: canary},
                {"text": 1, "tags": [canary, 1]},
                {"kind": canary, "text": canary},
            ):
                await client.post(
                    f"/v1/notes/n1?{canary}={canary}",
                    json=body,
                    headers={**headers, "Idempotency-Key": f"{canary}{number}"},
                )
                await client.post(
                    "/v1/notes/n1", json=body, headers={**headers, "Idempotency-Key": f"{canary} {number}"}
                )
                await client.post(
                    "/v1/notes/n1", json=body, headers={**headers, "Idempotency-Key": f"{canary}{number}"}
                )
                await client.post("/v1/notes/n1/echo", json=body, headers=headers)
        await client.post("/v1/forms", files={canary: (canary, canary)}, headers=headers)
        await client.get(f"/{canary}/{canary}?{canary}", headers={"Authorization": f"Bearer {canary}"})
        asyncio.get_running_loop().call_exception_handler({"message": "a task failed", "exception": ValueError(canary)})
    asyncio.get_running_loop().set_exception_handler(None)
    assert len(await lines(logged)) > len(texts) and canary not in logged.getvalue()


async def test_a_library_logs_in_the_same_form_and_without_the_exceptions_text(logged: io.StringIO) -> None:
    try:
        raise ValueError("secret") from KeyError("secret")
    except ValueError:
        logging.getLogger("library").exception("it broke")
    (line,) = await lines(logged)
    assert (line["event"], line["level"], line["error"], line["cause"]["error"]) == (
        "it broke",
        "error",
        "ValueError",
        "KeyError",
    )
    assert "secret" not in logged.getvalue()


# Probes, documents


async def test_a_living_process_says_so(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "alive"}


@pytest.mark.case("L8+4", given="POST, PUT and DELETE of the two probes", right="405, Allow: GET, HEAD")
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_a_probe_is_only_asked(came: Came, client: httpx.AsyncClient, path: str) -> None:
    answers = [await client.request(method, path) for method in ("POST", "PUT", "DELETE")]
    assert {answer.json()["code"] for answer in answers} == {"method_not_allowed"}
    came(", Allow: ".join({f"{answer.status_code}, Allow: {answer.headers['allow']}" for answer in answers}))


async def test_a_process_is_ready_when_every_check_passes(client: httpx.AsyncClient) -> None:
    response = await client.get("/readyz")
    assert (response.status_code, response.json()) == (
        200,
        {"status": "ready", "checks": {"draining": "ok", "clock": "ok", "identity": "ok"}},
    )


async def test_a_process_about_to_stop_is_not_ready_and_still_works(app: App, client: httpx.AsyncClient) -> None:
    app.draining.set()
    assert (await client.get("/readyz")).status_code == 503
    assert (await client.get("/v1/notes/n1")).status_code == 200


async def test_a_check_that_hangs_or_breaks_is_a_no_within_a_second(issuer: Issuer) -> None:
    async def hangs() -> str | None:
        await asyncio.sleep(3600)
        return None

    async def breaks() -> str | None:
        raise OSError("db.internal:5432 is down")

    app = create_app(
        "dispute", [], {}, settings_for(issuer), clock=SystemClock(), checks={"hangs": hangs, "breaks": breaks}
    )
    async with client_of(app) as client, asyncio.timeout(LIMIT):
        response = await client.get("/readyz")
    assert response.status_code == 503
    assert (
        response.json()["checks"] | {"hangs": "no answer within 1 s", "breaks": "OSError"} == response.json()["checks"]
    )


async def test_a_database_that_is_away_keeps_a_process_from_being_ready(issuer: Issuer) -> None:
    settings = settings_for(issuer, database_url="postgresql://nobody@127.0.0.1:9")
    app = create_app("dispute", [], {}, settings, clock=SystemClock(), checks=database_checks(settings, "dispute"))
    async with client_of(app) as client:
        assert (await client.get("/readyz")).status_code == 503


async def test_requests_are_counted_by_route_and_not_by_path(client: httpx.AsyncClient) -> None:
    await client.get("/v1/notes/somebody")
    page = (await client.get("/metrics")).text
    assert (
        'makewhole_http_request_seconds_count{method="GET",route="/v1/notes/{note_id}",status="200"}' in page
        and "somebody" not in page
    )


async def test_the_document_describes_commands_and_their_refusals(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    operation = document["paths"]["/v1/notes/{note_id}"]["post"]
    assert operation["operationId"] == "writeNote" and operation["security"] == [{"bearer": []}]
    assert {(p["name"], p["required"]) for p in operation["parameters"]} == {
        ("note_id", True),
        ("Idempotency-Key", True),
        ("If-Match", False),
        ("dry_run", False),
    }
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/NoteBody"
    }
    assert {"201", "400", "401", "403", "409", "412", "413", "422", "503"} <= operation["responses"].keys()
    assert operation["responses"]["409"]["content"].keys() == {"application/problem+json"}
    assert operation["responses"]["201"]["headers"].keys() >= {"ETag", "Location", "Makewhole-Position"}
    assert "HTTPValidationError" not in json.dumps(document)


async def test_the_document_names_what_exists(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    names = set(document["components"]["schemas"])
    assert set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document))) <= names
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))


async def test_the_documentation_comes_from_this_service_alone(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert (
        page.status_code == 200
        and "://" not in page.text
        and "default-src 'self'" in page.headers["content-security-policy"]
    )
    for asset in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert (await client.get(asset)).status_code == 200
    assert code(await client.get("/docs/other.js")) == (404, "not_found")


def test_every_route_with_a_caller_takes_the_short_way_but_forms_and_streams() -> None:
    gated = {
        route.path: route.fast_path is not None for route in router.routes if isinstance(route, Route) and route.access
    }
    assert [path for path, planned in gated.items() if not planned] == ["/v1/forms", "/v1/notes/{note_id}/stream"]


# On a real socket


async def test_a_body_without_a_length_is_cut_off_at_the_limit(app: App, issuer: Issuer) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b" " * 1024

    async with spoken_to(app) as session:
        headers = {"Content-Type": "application/json", "Idempotency-Key": "k", **issuer.bearer()}
        try:
            response = await session.post("/v1/notes/n1", data=endless(), headers=headers)
        except aiohttp.ClientConnectionError:
            pytest.fail("the answer was lost")
        assert (response.status, (await response.json(content_type=None))["code"]) == (413, "too_large")
        assert (await session.get("/healthz")).status == 200


async def test_what_is_no_http_is_refused_in_the_same_form(app: App) -> None:
    async with spoken_to(app) as session:
        assert session._base_url
        reader, writer = await asyncio.open_connection("127.0.0.1", session._base_url.port)
        writer.write(b"nonsense\r\n\r\n")
        answer = (await asyncio.wait_for(reader.read(), LIMIT)).decode()
        writer.close()
    assert (
        answer.startswith("HTTP/1.1 400")
        and "application/problem+json" in answer
        and '"code":"malformed_request"' in answer
    )


async def test_a_sender_that_goes_away_is_nobodys_fault(app: App, issuer: Issuer, logged: io.StringIO) -> None:
    async with spoken_to(app) as session:
        assert session._base_url
        _, writer = await asyncio.open_connection("127.0.0.1", session._base_url.port)
        authorization = issuer.bearer()["Authorization"]
        head = f"POST /v1/notes/n1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n"
        head += "Content-Length: 9\r\n\r\nabc"
        writer.write(head.encode())
        await writer.drain()
        await session.get("/healthz")
        writer.close()
        await writer.wait_closed()
        async with asyncio.timeout(LIMIT):
            while not any(line.get("status") == 499 for line in await lines(logged)):
                await asyncio.sleep(0.01)
        assert not any(line["level"] == "error" for line in await lines(logged))


async def test_parts_are_entered_in_order_and_left_in_reverse(issuer: Issuer) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def part(name: str) -> AsyncIterator[str]:
        seen.append(f"enter {name}")
        yield name
        seen.append(f"leave {name}")

    app = create_app(
        "dispute", [], {"first": part("a"), "second": part("b")}, settings_for(issuer), clock=SystemClock()
    )
    async with app.router.lifespan_context(app):
        assert (app.state.first, app.state.second) == ("a", "b")
    assert seen == ["enter a", "enter b", "leave b", "leave a"]
