"""Signatures: who has a log's key vouches for a record, and for all that followers read of it."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.kafka.signatures import SIGNATURE, Key, LogKeys, Unsigned, signed_bytes
from shared.process.log_keys import parse_log_keys
from shared.process.settings import Settings

KEYS = LogKeys({"k1": b"1" * 32})
HEADERS = st.dictionaries(st.text(max_size=6).map("ce_{}".format), st.binary(max_size=6), max_size=6)


@given(st.binary(min_size=1, max_size=200), st.binary(max_size=300))
def test_the_digest_is_the_librarys(key: bytes, message: bytes) -> None:
    assert Key(key).digest(message) == hmac.new(key, message, "sha256").hexdigest().encode()


@given(*[st.tuples(st.integers(0, 3), HEADERS, st.binary(max_size=4), st.binary(max_size=4))] * 2)
def test_two_records_are_never_signed_by_the_same_bytes(
    one: tuple[int, Mapping[str, bytes], bytes, bytes], other: tuple[int, Mapping[str, bytes], bytes, bytes]
) -> None:
    assert (signed_bytes(*one) == signed_bytes(*other)) == (one == other)


@given(HEADERS, st.binary(), st.binary(), st.data())
def test_whatever_is_changed_of_a_record_its_signature_is_wrong(
    headers: Mapping[str, bytes], key: bytes, value: bytes, data: st.DataObject
) -> None:
    attributes = dict(headers) | {SIGNATURE: KEYS.sign(0, headers, key, value)}
    KEYS.verify(0, attributes, key, value)
    KEYS.verify(0, dict(reversed(attributes.items())) | {"mirror": b"x"}, key, value)
    changed = dict(headers) | {data.draw(st.sampled_from(["ce_time", *headers])): data.draw(st.binary(min_size=7))}
    for other in (
        (0, changed | {SIGNATURE: attributes[SIGNATURE]}, key, value),
        (1, attributes, key, value),
        (0, attributes, key + b"x", value),
        (0, attributes, key, value + b"x"),
    ):
        with pytest.raises(Unsigned, match="wrong"):
            KEYS.verify(*other)


def test_no_signature_one_by_a_strange_key_and_one_that_is_none_are_told_apart() -> None:
    for signature, word in ((None, "no signature"), (b"k2:00", "k2"), (b"k1:00", "wrong"), (b"\xff", "is not among")):
        with pytest.raises(Unsigned, match=word):
            KEYS.verify(0, {} if signature is None else {SIGNATURE: signature}, b"", b"")


def test_without_any_key_nobody_is_believed() -> None:
    signature = KEYS.sign(0, {}, b"", b"")
    for headers in ({}, {SIGNATURE: b":"}, {SIGNATURE: signature}):
        with pytest.raises(Unsigned):
            LogKeys({}).verify(0, headers, b"", b"")


KEY = base64.b64encode(bytes(range(32))).decode()
ZEROS, REPEATED = (base64.b64encode(key).decode() for key in (bytes(32), b"secret" * 8))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ('{"orders": {"k1": ""}}', "names the log 'orders'"),
        ('{"dispute": {}}', "has no keys"),
        ('{"dispute": {"k1": "?"}}', "no base64"),
        ('{"dispute": {"k1": 7}}', "0 bytes"),
        (json.dumps({"dispute": {"k1": KEY[:24]}}), "at least 32"),
        (json.dumps({"dispute": {"k 1": KEY}}), "a key id has"),
        (json.dumps({"dispute": {"k1": ZEROS}}), "can be guessed"),
        (json.dumps({"dispute": {"k1": REPEATED}}), "can be guessed"),
        (json.dumps({"dispute": {"k1": KEY}, "refund": {"k2": KEY}}), "is a key of dispute too"),
    ],
)
def test_keys_that_make_no_sense_are_refused_and_never_shown(text: str, word: str) -> None:
    with pytest.raises(ValidationError, match=word) as refused:
        Settings(log_keys=text)
    assert KEY[:24] not in "".join(fault["msg"] for fault in refused.value.errors())


def test_the_first_key_signs() -> None:
    keys = parse_log_keys(json.dumps({"dispute": {"new": KEY, "old": KEY}}))["dispute"]
    assert list(keys) == ["new", "old"]
    assert LogKeys(keys).sign(0, {}, b"", b"").startswith(b"new:")
    assert KEY not in repr(Settings(log_keys=json.dumps({"dispute": {"new": KEY}})))
