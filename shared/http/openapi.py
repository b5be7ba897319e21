"""OpenAPI 3.1 document: FastAPI's, with tokens, command headers and problems added."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter
from starlette.routing import BaseRoute

from shared.events.money import Money
from shared.http.caller import RouteAccess
from shared.http.dry_run.description import describe_dry_run, dry_run_schemas, has_dry_run
from shared.http.error_codes import RETRYABLE, title
from shared.http.problems import MEDIA_TYPE
from shared.http.responses import to_json
from shared.http.routing import Route

Schema = dict[str, Any]

_COMMAND = {
    400: "malformed_json",
    404: "not_found",
    409: "wrong_phase",
    413: "too_large",
    415: "unsupported_media_type",
}
_ALWAYS = {422: "validation_failed", 429: "rate_limited", 500: "internal", 503: "busy"}
_GATED = {401: "unauthenticated", 403: "forbidden", 406: "not_acceptable"}
_UNUSED = ("HTTPValidationError", "ValidationError")

_PAGE = re.compile(r"Page_(\w+?)_\b")
"""What FastAPI calls `Page[Row]`."""

MONEY: Schema = TypeAdapter(Money).json_schema()

RULE_LINKS: Schema = {
    "type": "object",
    "description": "Each of `rules` with the path at which this service shows what it says, for people.",
    "additionalProperties": {"type": "string", "format": "uri-reference"},
    "examples": [{"S21": "/rules/S21"}],
}

PROBLEM: Schema = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `code` never changes its meaning; clients take unknown members and unknown codes as "
    "they come.",
    "required": [
        "type",
        "title",
        "status",
        "detail",
        "code",
        "rules",
        "rule_links",
        "errors",
        "request_id",
        "retryable",
    ],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "examples": ["/problems/too_early"]},
        "title": {"type": "string", "examples": ["Too early"]},
        "status": {"type": "integer", "examples": [409]},
        "detail": {"type": "string"},
        "code": {"type": "string", "examples": ["too_early"]},
        "rules": {"type": "array", "items": {"type": "string"}, "examples": [["S21"]]},
        "rule_links": RULE_LINKS,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "RFC 6901, into the body; outside it begins with the part named by `in`",
                    },
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "in": {"enum": ["query", "path", "header"]},
                    "positions": {
                        "type": "array",
                        "items": {"type": "integer"},
                        "description": "With forbidden_characters: where they stand in the text, in code points from 0",
                    },
                },
            },
        },
        "request_id": {"type": "string"},
        "retryable": {"type": "boolean", "description": "Whether the very same request may succeed later"},
        "actions": {
            "type": "array",
            "description": "What can be done instead; a domain refusal always names a way to a human.",
            "items": {"type": "object", "properties": {name: {"type": "string"} for name in ("rel", "method", "href")}},
        },
        "current_version": {"type": "integer", "description": "With version_conflict: the stream's version now"},
        "events": {
            "type": "array",
            "items": {"type": "object"},
            "description": "With version_conflict: what was recorded since",
        },
        **{
            name: {"type": "string", "format": "date-time"}
            for name in ("opens_at", "ended_at", "allowed_at", "resets_at")
        },
        "hint": {"type": "string"},
    },
    "additionalProperties": True,
}

KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Same key, same body: the first answer again, for ever. Same key, another body: 422 "
    "idempotency_key_reused. A key counts for its sender, its route and the order that the body names as `order_id`: "
    "for another order it is another command.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
IF_MATCH: Schema = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of what was seen, or several, or `*`; 412 version_conflict where it has changed since.",
    "schema": {"type": "string", "examples": ['"7"']},
}
HEADERS: dict[str, Schema] = {
    "ETag": {
        "description": "The stream's version, and what tells this answer from another party's",
        "schema": {"type": "string", "examples": ['"7-a1b2c3d4"']},
    },
    "Makewhole-Position": {
        "description": "Where the command's effect stands, for `at_least_position`; opaque text",
        "schema": {"type": "string", "examples": ["1137.4711"]},
    },
    "Idempotent-Replayed": {
        "description": "`true` where this command had been carried out before",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Location": {"description": "Where the new thing is", "schema": {"type": "string", "format": "uri-reference"}},
}


QUOTA: dict[str, Schema] = {
    "RateLimit-Policy": {
        "description": "The quota that the request counted against: `q` requests in `w` seconds",
        "schema": {"type": "string", "examples": ['"reads";q=100;w=1']},
    },
    "RateLimit": {
        "description": "What is left of it: `r` requests, all of them again in `t` seconds",
        "schema": {"type": "string", "examples": ['"reads";r=99;t=1']},
    },
}
RETRY: dict[str, Schema] = {
    "Retry-After": {"description": "Seconds", "schema": {"type": "string", "pattern": "^[0-9]+$"}}
}
_OF_A_STATUS = {429: RETRY | QUOTA, 503: RETRY}
"""Headers that a problem of this status bears."""


def describe(document: Schema, routes: Sequence[BaseRoute]) -> Schema:
    """The document with everything that FastAPI cannot know."""
    if any(map(has_dry_run, routes)):
        document.setdefault("components", {}).setdefault("schemas", {}).update(dry_run_schemas())
    document = _named(document)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    if b"schemas/Money" in to_json(document):
        schemas["Money"] = MONEY
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for route in routes:
        if isinstance(route, Route) and route.include_in_schema:
            for method in route.methods or ():
                operation = document["paths"][route.path_format][method.lower()]
                describe_dry_run(operation, route)
                _complete(operation, route)
    for name in _UNUSED:
        schemas.pop(name, None)
    return document


def _named(part: Any) -> Any:
    """The part with money as one schema that has a name, and a page of rows called after them."""
    match part:
        case dict() if part == MONEY:
            return {"$ref": "#/components/schemas/Money"}
        case dict():
            return {_PAGE.sub(r"\1Page", name): _named(member) for name, member in part.items()}
        case list():
            return [_named(member) for member in part]
        case str():
            return _PAGE.sub(r"\1Page", part)
    return part


def _complete(operation: Schema, route: Route) -> None:
    responses = operation["responses"]
    codes = dict(_ALWAYS)
    if "{" in route.path:
        codes[404] = "not_found"
    if route.access:
        operation["security"] = [{"bearer": []}]
        operation["x-roles"] = sorted(route.access.roles)
        codes |= _GATED
        if "GET" in (route.methods or ()):
            responses["304"], codes[412] = {"description": "If-None-Match names the ETag"}, "version_conflict"
        if route.access.is_command:
            codes |= _command(operation, route.access)
        for status, response in responses.items():
            if status.startswith("2"):
                response.setdefault("headers", {}).update(QUOTA)
    for status, code in codes.items():
        responses[str(status)] = _problem(status, code)


def _command(operation: Schema, access: RouteAccess) -> dict[int, str]:
    required = access.if_match == "required"
    operation.setdefault("parameters", []).extend(
        [{**KEY, "required": access.key_required}, {**IF_MATCH, "required": required}]
    )
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            response["headers"] = {
                name: header for name, header in HEADERS.items() if name != "Location" or status == "201"
            }
    return _COMMAND | {412: "version_conflict"} | ({428: "if_match_required"} if access.if_match != "optional" else {})


def _problem(status: int, code: str) -> Schema:
    example = {
        "type": f"/problems/{code}",
        "title": title(code),
        "status": status,
        "detail": "",
        "code": code,
        "rules": [],
        "rule_links": {},
        "errors": [{"pointer": "/amount/currency", "code": "currency", "detail": "…"}]
        if code == "validation_failed"
        else [],
        "request_id": "req_4f2a",
        "retryable": status in RETRYABLE,
    }
    headers = {"headers": _OF_A_STATUS[status]} if status in _OF_A_STATUS else {}
    return {
        "description": title(code),
        **headers,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }
