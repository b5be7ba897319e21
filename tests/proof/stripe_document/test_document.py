"""The judge finds what is not as a document says; the document here is a small one of our own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.process.addresses import PROJECT
from tests.proof.stripe_document.__main__ import judged
from tests.proof.stripe_document.document import Document, nested
from tests.support.servers.stripe_api import Exchange

TEXT, COUNT = {"type": "string"}, {"type": "integer"}
THING = {
    "type": "object",
    "required": ["id", "size"],
    "properties": {
        "id": TEXT,
        "object": {"enum": ["thing"], "type": "string"},
        "size": COUNT,
        "owner": {"anyOf": [TEXT, {"$ref": "#/components/schemas/owner"}], "nullable": True},
    },
}
FORM = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": COUNT,
        "loud": {"type": "boolean"},
        "notes": {"type": "object", "additionalProperties": TEXT},
        "tags": {"type": "array", "items": COUNT},
    },
}


def answers(schema: Any) -> dict[str, Any]:
    error = {"type": "object", "required": ["error"], "properties": {"error": TEXT}}
    return {
        "200": {"content": {"application/json": {"schema": schema}}},
        "default": {"content": {"application/json": {"schema": error}}},
    }


PUBLISHED = {
    "openapi": "3.0.0",
    "info": {"version": "1"},
    "paths": {
        "/v1/things": {
            "post": {
                "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": FORM}}},
                "responses": answers({"$ref": "#/components/schemas/thing"}),
            }
        },
        "/v1/things/{thing}": {
            "get": {
                "parameters": [
                    {"in": "path", "name": "thing", "required": True, "schema": TEXT},
                    {"in": "query", "name": "limit", "schema": COUNT},
                ],
                "responses": answers({"$ref": "#/components/schemas/thing"}),
            }
        },
    },
    "components": {
        "schemas": {
            "thing": THING,
            "owner": {"type": "object", "required": ["id"], "properties": {"id": TEXT}},
            "event": {"type": "object", "required": ["id"], "properties": {"id": TEXT, "type": TEXT, "data": {}}},
            "thing.made": {"type": "object", "x-stripeEvent": {"type": "thing.made"}},
        }
    },
}
RIGHT = {"id": "t_1", "object": "thing", "size": 3, "owner": None}
MADE = [("size", "3"), ("notes[a]", "1"), ("loud", "true"), ("tags[]", "1"), ("tags[]", "2")]


def made(form: Any = MADE, body: Any = RIGHT, status: int = 200) -> Exchange:
    return Exchange("POST", "/v1/things", [], form, status, body)


def read(query: Any = (), body: Any = RIGHT) -> Exchange:
    return Exchange("GET", "/v1/things/t_1", query, [], 200, body)


@pytest.mark.parametrize(
    "exchange",
    [
        made(),
        read([("limit", "3")]),
        read(body={**RIGHT, "owner": "o_1"}),
        read(body={**RIGHT, "owner": {"id": "o_1"}}),
        made(body={"error": "no"}, status=402),
    ],
)
def test_what_is_as_the_document_says_is_no_difference(exchange: Exchange) -> None:
    assert list(judged(Document(PUBLISHED), exchange)) == []


@pytest.mark.parametrize(
    ("exchange", "said"),
    [
        (made([*MADE, ("colour", "red")]), "POST /v1/things: request: all: Additional properties are not allowed"),
        (made([("size", "big")]), "POST /v1/things: request: size: 'big' is not of type 'integer'"),
        (made([]), "POST /v1/things: request: all: 'size' is a required property"),
        (made([("size", "3"), ("tags[]", "x")]), "POST /v1/things: request: tags.[]: 'x' is not of type 'integer'"),
        (read([("page", "2")]), "GET /v1/things/{thing}: request: all: Additional properties are not allowed"),
        (made(body={"id": "t_1"}), "POST /v1/things: answer 200: all: 'size' is a required property"),
        (made(body={**RIGHT, "size": None}), "POST /v1/things: answer 200: size: None is not of type 'integer'"),
        (made(body={**RIGHT, "mood": "good"}), "POST /v1/things: answer 200: all: Additional properties are not"),
        (made(body={**RIGHT, "owner": {"name": "x"}}), "POST /v1/things: answer 200: owner"),
        (made(body=RIGHT, status=402), "POST /v1/things: answer 402: all: "),
        (Exchange("PUT", "/v1/things", [], [], 200, RIGHT), "PUT /v1/things: the document has no such operation"),
        (Exchange("GET", "/v1/toys", [], [], 200, RIGHT), "GET /v1/toys: the document has no such operation"),
    ],
)
def test_a_planted_difference_is_told_with_its_operation_and_its_place(exchange: Exchange, said: str) -> None:
    told = list(judged(Document(PUBLISHED), exchange))
    assert told and any(line.startswith(said) for line in told), told


@pytest.mark.parametrize(
    ("kind", "about", "said"),
    [
        ("thing.made", RIGHT, None),
        ("thing.lost", RIGHT, "type: the document has no event thing.lost"),
        ("thing.made", {**RIGHT, "object": "toy"}, "data.object: the document has no toy"),
        ("thing.made", {**RIGHT, "size": "3"}, "data.object.size: '3' is not of type 'integer'"),
    ],
)
def test_a_webhook_is_held_against_the_schema_of_its_event_and_of_what_it_is_about(
    kind: str, about: Any, said: str | None
) -> None:
    event = {"id": "e_1", "type": kind, "data": {"object": about}}
    assert list(Document(PUBLISHED).of_message(event)) == ([said] if said else [])
    assert list(Document(PUBLISHED).of_message({"type": kind, "data": {"object": about}}))


def test_a_form_is_read_as_it_is_meant() -> None:
    said = nested([("a[b]", "1"), ("a[c][d]", "2"), ("e[]", "3"), ("e[]", "4"), ("f[0]", "5"), ("g", "6")])
    assert said == {"a": {"b": "1", "c": {"d": "2"}}, "e": ["3", "4"], "f": ["5"], "g": "6"}


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"openapi": "3.0.0"}'])
def test_what_is_no_document_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "spec3.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"."):
        Document.read(path)


def test_the_command_finds_what_is_planted_in_the_servers_answers(tmp_path: Path) -> None:
    """A document that knows a refund's id alone: all else that the server tells is a difference."""
    refund = {"type": "object", "properties": {"id": TEXT}}
    any_: dict[str, Any] = {"content": {"application/json": {"schema": {}}}}
    form = {"content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}}
    schema = {"200": {"content": {"application/json": {"schema": refund}}}, "default": any_}
    paths = {"/v1/refunds": {"post": {"requestBody": form, "responses": schema}, "get": {"responses": schema}}}
    schemas = {name: {"type": "object"} for name in ("event", "refund", "dispute")}
    path = tmp_path / "spec3.json"
    path.write_text(json.dumps(PUBLISHED | {"paths": paths, "components": {"schemas": schemas}}))
    command = [sys.executable, "-m", "tests.proof.stripe_document", str(path), "--of", "bears_its_id"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1, done.stderr
    assert "difference, 1 times: POST /v1/refunds: answer 200: all: Additional properties are not" in done.stdout
