"""Settings: the environment of a process, read once. Nothing else in a service reads the environment."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, IPvAnyNetwork, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.events.logs import PARTITIONS
from shared.events.slot import SLOTS, divides
from shared.process.addresses import DEFAULT_BASE, HIGHEST_BASE, Ports, database_name, database_url
from shared.process.log_keys import Keys, parse_log_keys
from shared.process.quotas import quotas

_KNOWN_TO_THE_STACK = "PORT_BASE"


class Settings(BaseSettings):
    """One process's settings. What is left out follows from `port_base`, as the local stack lays it out."""

    model_config = SettingsConfigDict(env_prefix="MAKEWHOLE_", frozen=True, extra="ignore", populate_by_name=True)

    mode: Literal["sandbox", "production"] = "sandbox"
    port_base: int = Field(
        DEFAULT_BASE, ge=1, le=HIGHEST_BASE, validation_alias=AliasChoices("MAKEWHOLE_PORT_BASE", _KNOWN_TO_THE_STACK)
    )
    host: str = "127.0.0.1"
    reuse_port: bool = False
    """Whether several processes may listen on the app's port, the kernel dealing the connections out."""
    # Addresses may hold passwords, so they stay out of every representation.
    database_url: str = Field("", repr=False)
    kafka: str = ""
    partitions: int = PARTITIONS
    """Of each topic: chosen when the databases are made, which keep it, and held against what they and Kafka say."""
    log_keys: str = Field("", repr=False)
    """What the services sign their records with, and know each other's by: JSON of log → {key id: key in base64}."""
    sandbox: str = ""
    oidc_issuer: str = ""
    oidc_jwks: str = ""
    oidc_audience: str = "makewhole"
    oidc_roles: str = "roles"
    """Where a token's roles stand, several places with commas between: a claim's name, or a path such as
    `realm_access.roles`.
    """
    jwks_refresh: float = Field(30.0, gt=0)
    """Seconds between two questions for the issuer's keys that tokens with an unknown key may cause."""
    facts_ahead: float = Field(300.0, ge=0, le=86_400)
    """Seconds by which a fact that people tell may lie ahead; a carrier's scan has five minutes."""
    drain: float = Field(0.5, ge=0)
    """Seconds between "not ready" and the first refused connection, for a load balancer to notice."""
    stop_limit: float = Field(20.0, gt=0)
    """Seconds that requests and handlers have to finish after a SIGTERM."""
    support: str = "/support"
    """Where a person who was refused reaches a human: an address, or this service's own page."""
    stream_ceiling: int = Field(10_000, ge=1)
    """Events of one order or dispute from which on people's commands are refused (docs/runbooks/full-stream.md)."""
    quotas: str = ""
    """How many requests who may send, where not the defaults: `reads=20/10 seconds, openings=off`; `off` for none."""
    proxies: tuple[IPvAnyNetwork, ...] = ()
    """From where X-Forwarded-For is believed, as a JSON list: `["10.0.0.0/8"]`."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    state: Path | None = None
    crash: str = Field("", validation_alias=AliasChoices("MAKEWHOLE_CRASH", "CRASH"))
    """Where the process shall kill itself (tests only): `name:nth`, comma between."""

    @field_validator("partitions")
    @classmethod
    def _whole_slots(cls, partitions: int) -> int:
        if not divides(partitions):
            raise ValueError(f"{partitions} does not divide {SLOTS}: choose 12, 24, 48, 96 or another divisor")
        return partitions

    @field_validator("quotas")
    @classmethod
    def _quotas(cls, text: str) -> str:
        if text:
            quotas(text)
        return text

    @field_validator("log_keys")
    @classmethod
    def _keys(cls, text: str) -> str:
        parse_log_keys(text)
        return text

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: dict[str, Any]) -> dict[str, Any]:
        known = {name: value for name, value in given.items() if value != ""}
        production = known.get("mode") == "production"
        return known if production else {**_local(known), **known}

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.mode == "production":
            self._refuse_the_sandbox()
        return self

    def _refuse_the_sandbox(self) -> None:
        for name in ("database_url", "kafka", "oidc_issuer", "oidc_jwks"):
            if not getattr(self, name):
                raise ValueError(f"MAKEWHOLE_{name.upper()} must be set in production mode")
        sandboxes = {_origin(self.sandbox), _origin(_local({"port_base": self.port_base})["sandbox"])}
        for name in ("oidc_issuer", "oidc_jwks"):
            if _origin(getattr(self, name)) in sandboxes:
                raise ValueError(
                    f"MAKEWHOLE_{name.upper()} is the sandbox, which gives anybody any role: production mode refuses it"
                )
        if self.crash:
            raise ValueError("CRASH is for tests: production mode refuses it")

    @classmethod
    def load(cls) -> Self:
        """The settings of the environment; ends the process with one line for each that is wrong."""
        try:
            return cls()
        except ValidationError as error:
            # Without the values: an address holds a password.
            lines = [
                f"{'.'.join(map(str, fault['loc'])) or 'settings'}: {fault['msg'].removeprefix('Value error, ')}"
                for fault in error.errors()
            ]
            sys.exit("\n".join(lines))

    def dsn(self, service: str) -> str:
        """The address of a service's database: the server's, with the database's name."""
        return database_url(self.database_url, database_name(service))

    def keys_of(self, log: str) -> Keys:
        """The keys of a log by key id, the one that signs first; none where its records are not signed."""
        return parse_log_keys(self.log_keys).get(log, {})

    def port(self, service: str) -> int:
        """The port of a service's app."""
        return Ports(self.port_base).app(service)

    def worker_port(self, service: str) -> int:
        """The port of a service's worker."""
        return Ports(self.port_base).worker(service)


def _local(given: dict[str, Any]) -> dict[str, Any]:
    names = (_KNOWN_TO_THE_STACK, "MAKEWHOLE_PORT_BASE", "port_base")
    ports = Ports(int(next(filter(None, map(given.get, names)), DEFAULT_BASE)))
    sandbox = str(given.get("sandbox") or f"http://127.0.0.1:{ports.app('sandbox')}").rstrip("/")
    issuer = str(given.get("oidc_issuer") or sandbox)
    return {
        "database_url": f"postgresql://makewhole@127.0.0.1:{ports.postgres}",
        "kafka": f"127.0.0.1:{ports.kafka}",
        "sandbox": sandbox,
        "oidc_issuer": issuer,
        "oidc_jwks": f"{issuer.rstrip('/')}/jwks",
    }


def _origin(address: str) -> tuple[str, int | None]:
    """Host and port, every name of this machine being the same host."""
    parts = urlsplit(address)
    host = (parts.hostname or "").rstrip(".").lower()
    return ("this machine" if _is_local(host) else host, parts.port or {"http": 80, "https": 443}.get(parts.scheme))


def _is_local(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified
