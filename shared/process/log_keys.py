"""Keys of the logs: read from the setting MAKEWHOLE_LOG_KEYS, a JSON object of log → {key id: key in base64}."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping

from shared.events.logs import LOGS

SHORTEST = 32
"""Bytes, as many as the hash gives."""
FEWEST_DIFFERENT = 8
"""Of random bytes there are many more."""

_KEY_ID = re.compile("[A-Za-z0-9._-]{1,32}")

Keys = Mapping[str, bytes]
"""The keys of one log by key id; the first one signs, and all of them are accepted."""


def parse_log_keys(text: str) -> Mapping[str, Keys]:
    """The keys of each log; ValueError says what is wrong, and never shows a key."""
    try:
        given = json.loads(text or "{}")
    except (ValueError, RecursionError):
        raise ValueError("is no JSON") from None
    if not isinstance(given, dict):
        raise ValueError('is no JSON object of log → {"key id": "key in base64"}')
    found = {log: _keys(log, keys) for log, keys in given.items()}
    _demand_own(found)
    return found


def _keys(log: str, given: object) -> Keys:
    if log not in LOGS:
        raise ValueError(f"names the log {log!r}: there are {', '.join(LOGS)}")
    if not isinstance(given, dict) or not given:
        raise ValueError(f'{log} has no keys: {{"key id": "key in base64"}}')
    return {name: _key(log, name, key) for name, key in given.items()}


def _key(log: str, name: str, text: object) -> bytes:
    if not _KEY_ID.fullmatch(name):
        raise ValueError(f"{log}: a key id has 1 to 32 letters, digits, dots, dashes and underscores")
    try:
        key = base64.b64decode(text if isinstance(text, str) else "", validate=True)
    except ValueError:
        raise ValueError(f"{log}, key {name}: is no base64") from None
    if len(key) < SHORTEST:
        raise ValueError(f"{log}, key {name}: has {len(key)} bytes, at least {SHORTEST} are needed")
    if len(set(key)) < FEWEST_DIFFERENT:
        raise ValueError(f"{log}, key {name}: can be guessed, take random bytes")
    return key


def _demand_own(keys: Mapping[str, Keys]) -> None:
    """Whoever knows one log's key could otherwise write another log."""
    owners: dict[bytes, str] = {}
    for log, of_log in keys.items():
        for name, key in of_log.items():
            if owners.setdefault(key, log) != log:
                raise ValueError(f"{log}, key {name}: is a key of {owners[key]} too, each log has its own")
