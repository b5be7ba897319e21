"""A published OpenAPI document as judge: requests, answers and webhooks are held against its schemas, member by member.

What the document does not name is a difference too: every object that has properties has no others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry
from referencing.jsonschema import DRAFT4

Json = Mapping[str, Any]
Pairs = Sequence[tuple[str, str]]
NAME = "urn:published"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
_STEP = re.compile(r"\[([^\]]*)\]")
_PARAMETER = re.compile(r"\\{[^}]*\\}")


class Document:
    """What the document says of each operation; ValueError where it is no OpenAPI document."""

    def __init__(self, published: Json) -> None:
        if not isinstance(published, Mapping) or not published.get("openapi") or not published.get("paths"):
            raise ValueError("it is no OpenAPI document")
        self._published = closed(published)
        resource = DRAFT4.create_resource(self._published)
        self._registry: Registry[Any] = Registry().with_resource(NAME, resource)

    @classmethod
    def read(cls, path: Path) -> Document:
        """The document in this file."""
        return cls(json.loads(path.read_bytes()))

    @property
    def version(self) -> str:
        return str(self._published["info"]["version"])

    @cached_property
    def _paths(self) -> Sequence[tuple[re.Pattern[str], str]]:
        """The most literal first."""
        paths = sorted(self._published["paths"], key=lambda path: path.count("{"))
        return [(re.compile(_PARAMETER.sub("[^/]+", re.escape(path))), path) for path in paths]

    def operation(self, method: str, path: str) -> str | None:
        """As the document names it, `POST /v1/things/{thing}`; None where it has none."""
        found = next((known for pattern, known in self._paths if pattern.fullmatch(path)), None)
        return f"{method} {found}" if found and method.lower() in self._published["paths"][found] else None

    def of_request(self, operation: str, query: Pairs, form: Pairs) -> Iterator[str]:
        """What of a request's parameters is not as it says."""
        said = self._operation(operation)
        asked = [one for one in said.get("parameters", ()) if one["in"] == "query"]
        of_query = {
            "type": "object",
            "properties": {one["name"]: one["schema"] for one in asked},
            "required": [one["name"] for one in asked if one.get("required")],
            "additionalProperties": False,
        }
        of_form = said.get("requestBody", {}).get("content", {}).get(FORM, {}).get("schema", {"maxProperties": 0})
        for schema, pairs in ((of_query, query), (of_form, form)):
            yield from self._differences(schema, typed(nested(pairs), schema))

    def of_answer(self, operation: str, status: int, body: Any) -> Iterator[str]:
        """What of an answer's body is not as it says."""
        answers = self._operation(operation)["responses"]
        answer = answers.get(str(status)) or answers.get("default")
        if answer is None:
            yield f"the document has no answer {status}"
            return
        yield from self._differences(answer["content"][JSON]["schema"], body)

    def of_message(self, message: Any) -> Iterator[str]:
        """What of a webhook is not as it says: of the event, and of the object in it."""
        yield from self._differences({"$ref": "#/components/schemas/event"}, message)
        schemas, about = self._published["components"]["schemas"], message["data"]["object"]
        kinds = {schema["x-stripeEvent"]["type"] for schema in schemas.values() if "x-stripeEvent" in schema}
        if kinds and message["type"] not in kinds:
            yield f"type: the document has no event {message['type']}"
        if about["object"] not in schemas:
            yield f"data.object: the document has no {about['object']}"
            return
        for said in self._differences({"$ref": f"#/components/schemas/{about['object']}"}, about):
            yield f"data.object.{said}"

    def _operation(self, operation: str) -> Json:
        method, _, path = operation.partition(" ")
        said: Json = self._published["paths"][path][method.lower()]
        return said

    def _differences(self, schema: Json, value: Any) -> Iterator[str]:
        validator = Draft4Validator(_absolute(schema), registry=self._registry)
        for error in validator.iter_errors(value):
            yield _told(error)


def _told(error: ValidationError) -> str:
    """The place, and what is wrong there in the alternative that fits best."""
    inner = best_match([error]) or error
    place = ".".join("[]" if isinstance(step, int) else str(step) for step in inner.absolute_path)
    return f"{place or 'all'}: {inner.message[:300]}"


def closed(schema: Any) -> Any:
    """The same as JSON Schema: what may be null is an alternative, and objects have no other members than they name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(value) for name, value in schema.items() if name != "nullable"}
    if isinstance(made.get("properties"), dict) and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") is True else made


def _absolute(schema: Any) -> Any:
    """With references that a schema outside of the document may follow."""
    if isinstance(schema, list):
        return [_absolute(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: f"{NAME}{value}" if name == "$ref" and isinstance(value, str) else _absolute(value)
        for name, value in schema.items()
    }


def nested(pairs: Pairs) -> dict[str, Any]:
    """A form's parameters as they are meant: `a[b]=1` is a member of a, `a[]=1` and `a[0]=1` are of its list."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        first, steps = name.partition("[")[0], _STEP.findall(name)
        place, last = made, first
        for step in steps:
            place = place.setdefault(last, {})
            last = step or str(len(place))
        place[last] = value
    return {name: _listed(value) for name, value in made.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(each) for name, each in value.items()}
    return list(inner.values()) if inner and all(name.isdigit() for name in inner) else inner


def typed(value: Any, schema: Json) -> Any:
    """A form's texts as the numbers and truths that the schema asks for, where they are any."""
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {name: typed(each, known.get(name, {})) for name, each in value.items()}
    if isinstance(value, list):
        return [typed(each, schema.get("items", {})) for each in value]
    if schema.get("type") == "integer" and re.fullmatch(r"-?[0-9]+", value):
        return int(value)
    if schema.get("type") == "boolean" and value in ("true", "false"):
        return value == "true"
    return value
