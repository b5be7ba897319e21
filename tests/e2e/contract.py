"""A service's OpenAPI document as a contract: what it answers to an operation is what it promises there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

Json = dict[str, Any]

NOT_OPERATIONS = {"/openapi.json", "/metrics", "/healthz", "/readyz"}
PROBLEM = "application/problem+json"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_VARIABLE = re.compile(r"\\\{\w+\\\}")

formats = FormatChecker(["date"])


@formats.checks("date-time")
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or _INSTANT.fullmatch(value) is not None


@dataclass(frozen=True)
class Contract:
    """The document of a service; members that it does not name are no part of an answer."""

    document: Json

    def hold(self, method: str, path: str, status: int, media_type: str, raw: bytes) -> None:
        """AssertionError where the answer is not what the document promises for this operation and status."""
        promised = self._promised(method, path).get(str(status))
        if promised is None and status >= 400:
            promised = {"content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
        if promised is None:
            assert path in NOT_OPERATIONS, f"{method} {path} is answered by {status} and is no operation"
            return
        content = promised.get("content", {})
        if not content:
            assert raw == b"", f"{method} {path} promises nothing for {status}"
            return
        assert media_type in content, f"{method} {path} answers {status} as {media_type}: {raw!r}"
        if "json" not in media_type:
            return
        faults = [*self._validator(content[media_type]["schema"]).iter_errors(json.loads(raw))]
        assert not faults, f"{method} {path} {status}: {[(fault.json_path, fault.message) for fault in faults]}"

    def _promised(self, method: str, path: str) -> Json:
        """The answers of the operation by status; none where there is no such operation."""
        for template, methods in self._operations:
            if template.fullmatch(path) and method.lower() in methods:
                found: Json = methods[method.lower()]["responses"]
                return found
        return {}

    @cached_property
    def _operations(self) -> list[tuple[re.Pattern[str], Json]]:
        # The ones without a variable first: /v1/a/list is not /v1/a/{id}.
        paths = sorted(self.document["paths"].items(), key=lambda item: item[0].count("{"))
        return [(re.compile(_VARIABLE.sub("[^/]+", re.escape(path))), methods) for path, methods in paths]

    def _validator(self, schema: Json) -> Draft202012Validator:
        return Draft202012Validator({**closed(schema), "components": self._components}, format_checker=formats)

    @cached_property
    def _components(self) -> Json:
        found: Json = closed(self.document["components"])
        return found


def closed(part: Any) -> Any:
    """The schema in which an object has the members that it names and no other, unless it says so itself."""
    if isinstance(part, list):
        return [closed(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    return dict(_closed(part))


def _closed(part: Json) -> Iterator[tuple[str, Any]]:
    if part.get("type") == "object" and "properties" in part:
        yield "additionalProperties", False
    for name, inner in part.items():
        yield name, closed(inner)
