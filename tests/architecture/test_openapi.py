"""What the OpenAPI documents promise: every answer is described, and a list shows members of what it lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import console.app
import dispute.app
import refund.app
import return_label.app
from shared.process.settings import Settings

Json = dict[str, Any]
APPS = {module.__name__.split(".")[0]: module for module in (console.app, dispute.app, refund.app, return_label.app)}

NO_CONTENT = "204"


def document(service: str) -> Json:
    """The service's OpenAPI document."""
    found: Json = APPS[service].build(Settings.load()).openapi()
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
        if status != NO_CONTENT and not members(described, answer["content"]["application/json"]["schema"])
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
