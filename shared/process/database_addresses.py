"""Database addresses: those that the environment gives, and those of a local stack's server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shared.events.logs import LOGS
from shared.process.addresses import (
    OWNER,
    PASSWORDS,
    Ports,
    database_name,
    database_url,
    local_address,
    login_name,
    state_folder,
)

_OF_A_SERVICE = "MAKEWHOLE_DATABASE_URL_"
_NONE = "is no address, such as postgresql://login:password@host:5432"


def demand_address(url: str) -> None:
    """ValueError, without the address, where it cannot be taken apart."""
    if not _is_address(url):
        raise ValueError(_NONE)


def of_services() -> dict[str, str]:
    """By service: the address that the environment gives it; ValueError with a line for each that is none."""
    named = {log: os.environ.get(_OF_A_SERVICE + log.upper(), "") for log in (*LOGS, "sandbox")}
    if wrong := [log for log, url in named.items() if not _is_address(url)]:
        raise ValueError("\n".join(f"{_OF_A_SERVICE}{log.upper()}: {_NONE}" for log in wrong))
    return {
        log: database_url(url, database_name(log)) if urlsplit(url).path in ("", "/") else url
        for log, url in named.items()
        if url
    }


def of_local_stack(ports: Ports, state: str | Path | None) -> dict[str, Any]:
    """The local server's addresses: each service has its own login there."""
    passwords = state_folder(state) / PASSWORDS
    every = {
        service: database_url(local_address(login_name(service), ports.postgres, passwords), database_name(service))
        for service in (*LOGS, "sandbox")
    }
    return {"database_url": local_address(OWNER, ports.postgres, passwords), "database_urls": every}


def _is_address(url: str) -> bool:
    try:
        _ = urlsplit(url).port  # both raise where it is none
    except ValueError:
        return False
    return True
