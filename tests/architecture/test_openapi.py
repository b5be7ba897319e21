"""What the OpenAPI documents promise: every answer is described, a list shows members of what it lists, and every body
has an example that the story sends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ops.story.chapters import CHAPTERS
from shared.process.settings import Settings

Json = dict[str, Any]
APPS = ("console", "dispute", "refund", "return_label", "sandbox")
NO_CONTENT = "204"


@cache
def document(service: str) -> Json:
    """The service's OpenAPI document."""
    found: Json = import_module(f"{service}.app").build(Settings()).openapi()
    return found


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def success(operation: Json) -> Iterator[tuple[str, Json]]:
    """The answers of an operation that went well, by status."""
    return ((status, answer) for status, answer in operation["responses"].items() if status.startswith("2"))


def members(document: Json, schema: Json) -> Json:
    """The members of an object by name; a name of the document's schemas is looked up."""
    schema = schema.get("anyOf", [schema])[0]  # a command's own answer before that of its dry run
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found: Json = schema.get("properties", {})
    return found


def shown(document: Json, path: str) -> Json:
    """The members of what a GET of the path answers."""
    answer = document["paths"][path]["get"]["responses"]["200"]
    return members(document, answer["content"]["application/json"]["schema"])


@pytest.mark.parametrize("service", APPS)
def test_no_answer_is_without_a_schema(service: str) -> None:
    described = document(service)
    empty = [
        (name, status)
        for name, operation in operations(described)
        for status, answer in success(operation)
        if status != NO_CONTENT
        and "application/json" in answer["content"]  # what is printed is bytes
        and not members(described, answer["content"]["application/json"]["schema"])
    ]
    assert empty == []


@pytest.mark.parametrize("service", APPS)
def test_every_operation_says_what_it_is_for(service: str) -> None:
    assert [name for name, operation in operations(document(service)) if not operation.get("description")] == []


LISTS = [
    (service, path, one)
    for service in APPS
    for path, methods in document(service)["paths"].items()
    for one in document(service)["paths"]
    if "get" in methods and one.rpartition("/")[0] == path and one.endswith("}")
]


@pytest.mark.parametrize(("service", "path", "one"), LISTS)
def test_a_row_of_a_list_is_a_subset_of_the_resource_with_the_same_names(service: str, path: str, one: str) -> None:
    described = document(service)
    row, resource = members(described, shown(described, path)["data"]["items"]), shown(described, one)
    assert row
    assert {name: resource.get(name) for name in row} == row


def examples(document: Json, schema: Json) -> Iterator[Any]:
    """The examples of a body's schema and of its variants."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    yield from schema.get("examples", ())
    for variant in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        yield from examples(document, variant)


def bodies(document: Json) -> Iterator[tuple[str, Json]]:
    """The schema of each operation's body."""
    for name, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            yield name, content["application/json"]["schema"]


@pytest.mark.parametrize("service", APPS)
def test_every_body_has_an_example_and_takes_it(service: str) -> None:
    described = document(service)
    for name, schema in bodies(described):
        shown = [*examples(described, schema)]
        assert shown, name
        validator = Draft202012Validator({**schema, "components": described["components"]})
        assert [fault.message for body in shown for fault in validator.iter_errors(body)] == [], name


def is_like(example: Any, sent: Any) -> bool:
    """Whether the example is what the story sends; what a run fills in (ids, instants) may be any text."""
    if isinstance(sent, dict):
        return len(example) == len(sent) and all(
            any(is_like(shown, name) and is_like(example[shown], sent[name]) for shown in example) for name in sent
        )
    if isinstance(sent, list):
        return len(example) == len(sent) and all(map(is_like, example, sent))
    if isinstance(sent, str):
        pattern = "".join(".+" if part[:1] == "{" else re.escape(part) for part in FILLED_IN.split(sent))
        return re.fullmatch(pattern, example) is not None
    return bool(example == sent) if isinstance(sent, bool | int) else isinstance(example, str)


FILLED_IN = re.compile(r"(\{.*?\})")


def story() -> dict[tuple[str, str], list[Any]]:
    """The bodies that the story sends, by service and operation."""
    sent: dict[tuple[str, str], list[Any]] = {}
    for call in (step.call for chapter in CHAPTERS for step in chapter.steps if step.call.body):
        sent.setdefault((call.service, FILLED_IN.sub("{}", f"{call.method} {call.path}")), []).append(call.body)
    return sent


def test_what_the_story_sends_is_shown_as_an_example() -> None:
    shown = {
        (service, FILLED_IN.sub("{}", name)): [*examples(document(service), schema)]
        for service in APPS
        for name, schema in bodies(document(service))
    }
    unlike = [
        operation
        for operation, sent in story().items()
        if not any(is_like(example, body) for example in shown[operation] for body in sent)
    ]
    assert unlike == []
