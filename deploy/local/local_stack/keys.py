"""Keys of the logs: made once for each state folder, readable by nobody else."""

import base64
import hashlib
import json
import os
import secrets
from pathlib import Path

from shared.events.logs import LOGS

FILE = "log-keys.json"


def log_keys(state: Path) -> str:
    """What MAKEWHOLE_LOG_KEYS is for this stack's processes, made where there is none yet."""
    if not (found := kept_log_keys(state)):
        found = json.dumps({log: dict([_new_key()]) for log in LOGS})
        _keep(state / FILE, found)
    return found


def kept_log_keys(state: Path) -> str:
    """The same, or nothing where none were made."""
    path = state / FILE
    return path.read_text("utf-8") if path.exists() else ""


def _new_key() -> tuple[str, str]:
    key = secrets.token_bytes(32)
    # Named by its content: a stack that begins anew has keys by other names, and knows its former self's records.
    return hashlib.sha256(key).hexdigest()[:8], base64.b64encode(key).decode()


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
