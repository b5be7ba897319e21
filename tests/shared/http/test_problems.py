"""Every refusal is a problem by RFC 9457, says where it is, and repeats nothing that was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, ValidationError, field_validator

from shared.faults import faults, pointer
from shared.http.error_codes import STATUS, known_codes, title
from shared.http.problems import Problem, invalid, problem_of
from tests.support.toys.notes import Issuer, client_of, running_issuer, tiny_app

MEMBERS = {"type", "title", "status", "detail", "code", "rules", "rule_links", "errors", "request_id"}


@pytest.fixture(scope="module")
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as issuer:
        yield issuer


@pytest.fixture
async def client(issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(tiny_app(issuer)) as client:
        client.headers.update(issuer.bearer())
        yield client


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem of a response, checked for its form."""
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert response.headers["content-type"] == "application/problem+json"
    assert body.keys() >= MEMBERS and body["status"] == status and body["title"] and body["type"] == f"/problems/{code}"
    assert body["request_id"] == response.headers["x-request-id"]
    return body


async def write(client: httpx.AsyncClient, **more: Any) -> httpx.Response:
    return await client.post("/v1/notes/n1", headers={"Idempotency-Key": "k"}, **more)


async def sent(
    client: httpx.AsyncClient, raw: bytes, kind: str = "application/json", note: str = "n1"
) -> httpx.Response:
    return await client.post(f"/v1/notes/{note}", content=raw, headers={"Idempotency-Key": "k", "Content-Type": kind})


async def echo(client: httpx.AsyncClient, **more: Any) -> httpx.Response:
    return await client.post("/v1/notes/n1/echo", **more)


async def test_an_unknown_route(client: httpx.AsyncClient) -> None:
    problem(await client.get("/v1/nothing"), 404, "not_found")


async def test_an_unknown_method_names_those_that_are_known(client: httpx.AsyncClient) -> None:
    response = await client.delete("/v1/notes/n1")
    problem(response, 405, "method_not_allowed")
    assert response.headers["allow"]


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"nonsense",
        b'{"text": "\xff"}',
        b'{"text": NaN}',
        b"",
        b'{"text": "\x00"}',
        b'{"a": NaN, "b": "\\ud83d\\ude00"}',
    ],
)
async def test_what_is_no_json(client: httpx.AsyncClient, raw: bytes) -> None:
    problem(await sent(client, raw), 400, "malformed_json")


async def test_an_open_route_answers_in_the_same_form(client: httpx.AsyncClient) -> None:
    typed = {"Content-Type": "application/json"}
    problem(await client.post("/v1/open", content=b"{", headers=typed), 400, "malformed_json")
    assert (
        problem(await client.post("/v1/open", json={"kind": "x", "text": "a"}), 422, "validation_failed")["errors"][0][
            "pointer"
        ]
        == "/kind"
    )
    problem(await client.post("/v1/open", json={"kind": "praise", "text": "a" * 70_000}), 413, "too_large")


async def test_json_nested_beyond_reason(client: httpx.AsyncClient) -> None:
    for depth in (500, 5000):
        raw = b'{"tags": ' + b"[" * depth + b"]" * depth + b"}"
        problem(await sent(client, raw), 400, "malformed_json")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""])
async def test_a_body_that_is_said_to_be_something_else(client: httpx.AsyncClient, kind: str) -> None:
    problem(await sent(client, b"{}", kind), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "application/merge-patch+json", "Application/JSON"]
)
async def test_json_by_other_names(client: httpx.AsyncClient, kind: str) -> None:
    response = await sent(client, b'{"text": "a"}', kind, kind.replace("/", "-"))
    assert response.status_code == 201


async def test_a_body_that_is_too_large_says_what_is_allowed(client: httpx.AsyncClient) -> None:
    body = problem(await write(client, json={"text": "x" * 65536}), 413, "too_large")
    assert body["max_bytes"] == 65536


async def test_faults_have_json_pointers(client: httpx.AsyncClient) -> None:
    body = problem(await write(client, json={"tags": ["a", 1], "a/b~c": 1}), 422, "validation_failed")
    assert {(fault["pointer"], fault["code"]) for fault in body["errors"]} == {
        ("/text", "missing"),
        ("/tags/1", "string_type"),
        ("/a~1b~0c", "extra_forbidden"),
    }


async def test_all_faults_of_headers_query_and_body_are_not_mixed_up(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/v1/notes/n1?colour=red", headers={"Idempotency-Key": "two words", "If-Match": "7"}, json={"text": "a"}
    )
    body = problem(response, 422, "validation_failed")
    assert [(fault["pointer"], fault["in"]) for fault in body["errors"]] == [
        ("/header/Idempotency-Key", "header"),
        ("/header/If-Match", "header"),
        ("/query/colour", "query"),
    ]


@pytest.mark.parametrize(
    ("price", "place"),
    [
        ({"amount": "1.2", "currency": "USD"}, "/price/amount"),
        ({"amount": "1.20", "currency": "JPY"}, "/price/amount"),
        ({"amount": 1.2, "currency": "USD"}, "/price/amount"),
        ({"amount": "-1.20", "currency": "USD"}, "/price/amount"),
        ({"amount": "1.20", "currency": "XXX"}, "/price/currency"),
        ({"amount": "1.20", "currency": "usd"}, "/price/currency"),
        ({"amount": "1.20"}, "/price"),
        ({"amount": "1.20", "currency": "USD", "x": 1}, "/price"),
        ("1.20 USD", "/price"),
    ],
)
async def test_money_is_wrong_where_it_is_wrong(client: httpx.AsyncClient, price: Any, place: str) -> None:
    body = problem(await write(client, json={"text": "a", "price": price}), 422, "validation_failed")
    assert [fault["pointer"] for fault in body["errors"]] == [place]


async def test_good_money_comes_back_as_it_was_sent(client: httpx.AsyncClient) -> None:
    assert (await write(client, json={"text": "a", "price": {"amount": "12", "currency": "JPY"}})).json()["price"] == {
        "amount": "12",
        "currency": "JPY",
    }


@pytest.mark.parametrize("text", ["", "   ", "x" * 21])
async def test_a_text_has_limits(client: httpx.AsyncClient, text: str) -> None:
    body = problem(await echo(client, json={"kind": "praise", "text": text}), 422, "validation_failed")
    assert body["errors"][0]["pointer"] == "/text"


@pytest.mark.parametrize(
    ("raw", "place", "code"),
    [
        (rb'{"text": "a\u0000b"}', "/text", "nul_character"),
        (rb'{"text": "a", "tags": ["b", "\ud800"]}', "/tags/1", "lone_surrogate"),
        (rb'{"text": "a", "tags": ["\udc00\ud800"]}', "/tags/0", "lone_surrogate"),
        (rb'{"text": "a", "x\u0000": 1}', "", "nul_character"),
        (rb'{"text": "a", "tags": [{"\udfff": 1}]}', "/tags/0", "lone_surrogate"),
    ],
)
async def test_what_no_log_can_keep(client: httpx.AsyncClient, raw: bytes, place: str, code: str) -> None:
    response = await sent(client, raw)
    assert (place, code) in [
        (fault["pointer"], fault["code"]) for fault in problem(response, 422, "validation_failed")["errors"]
    ]


async def test_a_backslash_and_a_pair_of_surrogates_are_just_text(client: httpx.AsyncClient) -> None:
    raw = rb'{"text": "\\u0000 \\ud800 \ud83d\ude00"}'
    response = await sent(client, raw, note="n3")
    assert response.status_code == 201


@pytest.mark.parametrize("path", ["/v1/notes/a%00b", "/v1/notes/a%0Ab", "/v1/notes/" + "x" * 300])
async def test_a_path_in_which_no_id_can_be_meant(client: httpx.AsyncClient, path: str) -> None:
    problem(await client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        "colour=red",
        "limit=many",
        "limit=1&limit2=2",
        "starting=%00",
        "starting=%ff",
        "&".join("limit=1" for _ in range(60)),
    ],
)
async def test_a_query_that_is_not_understood(client: httpx.AsyncClient, query: str) -> None:
    body = problem(await client.get(f"/v1/notes/n1?{query}"), 422, "validation_failed")
    assert all(fault["in"] == "query" for fault in body["errors"])


async def test_a_domain_refusal_is_a_conflict_with_its_rules_and_members(client: httpx.AsyncClient) -> None:
    body = problem(await write(client, json={"text": "too early"}), 409, "too_early")
    assert body["rules"] == ["S21"] and body["detail"] == "Wait." and body["opens_at"].endswith("Z")


async def test_s106_every_domain_refusal_names_a_human_beside_its_own_actions(client: httpx.AsyncClient) -> None:
    body = problem(await write(client, json={"text": "too early"}), 409, "too_early")
    assert [action["rel"] for action in body["actions"]] == ["wait", "contact-support"]
    assert (await client.get(body["actions"][1]["href"])).status_code == 200


async def test_a_refusal_has_the_status_of_its_code(client: httpx.AsyncClient) -> None:
    assert problem(await write(client, json={"text": "not covered"}), 422, "reason_not_covered")["rules"] == ["K9"]
    problem(await write(client, json={"text": "unknown"}), 404, "not_found")


@pytest.mark.parametrize(
    ("text", "code", "seconds"),
    [("busy", "busy", "1"), ("nobody knows", "outcome_unknown", "1"), ("of tomorrow", "newer_version", "30")],
)
async def test_trouble_that_may_pass_says_when_to_come_again(
    client: httpx.AsyncClient, text: str, code: str, seconds: str
) -> None:
    response = await write(client, json={"text": text})
    problem(response, 503, code)
    assert response.headers["retry-after"] == seconds
    assert "makewhole.Tomorrow" not in response.text


async def test_what_the_log_refuses_is_the_callers_fault(client: httpx.AsyncClient) -> None:
    problem(await write(client, json={"text": "unstorable"}), 422, "unstorable")


async def test_a_fault_of_ours_tells_its_id_and_no_more(client: httpx.AsyncClient) -> None:
    response = await write(client, json={"text": "broken"})
    problem(response, 500, "internal")
    assert "secret" not in response.text


async def test_an_issuer_that_does_not_answer_is_no_reason_to_call_anybody_a_stranger(issuer: Issuer) -> None:
    silent = Issuer("http://127.0.0.1:9", issuer.keys)
    async with client_of(tiny_app(silent)) as client:
        response = await client.get("/v1/notes/n1", headers=silent.bearer())
    problem(response, 503, "identity_unavailable")
    assert response.headers["retry-after"] == "1"


class Strict(BaseModel):
    """A model whose validator quotes what it was given."""

    text: str

    @field_validator("text")
    @classmethod
    def _quote(cls, text: str) -> str:
        raise ValueError(f"I do not like {text}")


def test_a_sentence_that_quotes_what_was_sent_is_not_passed_on() -> None:
    with pytest.raises(ValidationError) as error:
        Strict(text="canary")
    refusal = invalid(error.value)
    assert refusal.errors == [{"pointer": "/text", "code": "value_error", "detail": "This does not fit."}]


@pytest.mark.parametrize("kind", ["missing", "amount"])
def test_a_sentence_that_quotes_nothing_is_whatever_was_sent(kind: str) -> None:
    told = {"loc": ("body",), "type": kind, "msg": "Field required", "input": {"Field": "required"}}
    assert faults([told])[0]["detail"] == "Field required"


def test_a_body_of_a_thousand_faults_is_told_fifty() -> None:
    assert len(faults([{"loc": ("body", number), "type": "x", "msg": "y"} for number in range(1000)])) == 50


def test_pointers_escape_what_would_part_them() -> None:
    assert pointer(["a/b", "~", 0]) == "/a~1b/~0/0"


def test_every_code_of_the_table_has_a_title_and_a_status_of_its_own() -> None:
    for code, status in STATUS.items():
        assert title(code) and Problem(code).status == status


def test_an_unknown_exception_is_a_fault_of_ours() -> None:
    assert problem_of(ZeroDivisionError("secret")) == Problem("internal")


async def test_each_code_leads_to_a_page(client: httpx.AsyncClient) -> None:
    codes = known_codes()
    assert {"too_early", "busy", "validation_failed"} <= set(codes)
    for code in codes:
        page = await client.get(f"/problems/{code}")
        assert page.status_code == 200 and code in page.text
    problem(await client.get("/problems/unheard_of"), 404, "not_found")
