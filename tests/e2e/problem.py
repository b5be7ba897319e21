"""A refusal as RFC 9457 wants it, with what every problem of ours has beside."""

from __future__ import annotations

from collections.abc import Iterable

from tests.e2e.client import Answer
from tests.e2e.contract import PROBLEM

MEMBERS = {"type", "title", "status", "detail", "code", "rules", "rule_links", "errors", "request_id"}


def is_one_problem(
    answer: Answer, status: int, code: str, rules: Iterable[str] = (), pointers: Iterable[str] = ()
) -> None:
    """One document with every standard member, this code, these rules and faults at these places, and a way to a
    human.
    """
    assert answer.refused == (status, code), answer.raw
    assert answer.headers["Content-Type"] == PROBLEM
    body = answer.body
    assert body.keys() >= MEMBERS
    assert (body["type"], body["status"]) == (f"/problems/{code}", status)
    assert body["title"]
    assert body["request_id"] == answer.headers["X-Request-Id"]
    assert body["rules"] == list(rules)
    assert body["rule_links"] == {rule: f"/rules/{rule}" for rule in body["rules"]}
    found = [fault["pointer"] for fault in body["errors"]]
    assert found[: len(expected := list(pointers))] == expected, body["errors"]
    assert bool(found) == bool(expected)
    assert all(fault.keys() >= {"pointer", "code", "detail"} for fault in body["errors"])
    if rules:
        assert {"contact-support"} <= {action["rel"] for action in body["actions"]}
