"""Passwords of the local PostgreSQL: made once, kept in one file of the state folder that its clients read."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from shared.events.logs import LOGS
from shared.process.addresses import OWNER, PASSWORDS, login_name

LOGINS = (OWNER, *(login_name(service) for service in (*LOGS, "sandbox")))


def passwords(state: Path) -> Mapping[str, str]:
    """Each login's password; those that are missing are made."""
    path = state / PASSWORDS
    known = dict(_entry(line) for line in path.read_text().splitlines()) if path.exists() else {}
    made = {login: known.get(login) or secrets.token_urlsafe(24) for login in LOGINS}
    if made != known:
        _write(path, made)
    return made


def _entry(line: str) -> tuple[str, str]:
    login, password = line.split(":")[3:5]
    return login, password


def _write(path: Path, made: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(f"127.0.0.1:*:*:{login}:{password}\n" for login, password in made.items())
    fresh.replace(path)
