"""Environment: what is set for a process. Nothing else in a service reads the environment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, IPvAnyNetwork, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.events.logs import PARTITIONS
from shared.events.slot import SLOTS, divides
from shared.process.addresses import DEFAULT_BASE, HIGHEST_BASE, Ports, database_name, database_url, state_folder
from shared.process.database_addresses import demand_address, of_local_stack, of_services
from shared.process.log_keys import Keys, parse_log_keys
from shared.process.quotas import quotas

KNOWN_TO_THE_STACK = "PORT_BASE"
"""The one variable that the local stack gives without a prefix."""
DAY = 86_400.0
SANDBOX_TOKEN_LIFE = 31 * DAY
SANDBOX_WEBHOOKS = "sandbox+whsec_dGhlIHNhbmRib3ggc2lnbnMgd2l0aCB0aGlz"
"""Of every sandbox: it keeps nobody out, and production refuses it."""


class Environment(BaseSettings):
    """What is set for a process, not judged yet. What is left out follows from `port_base`, as the local stack lays it
    out.
    """

    model_config = SettingsConfigDict(
        env_prefix="MAKEWHOLE_", frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    mode: Literal["sandbox", "production"] = "sandbox"
    process: str = Field("", exclude=True)
    """The process that asks, given in code: some do not run in production."""
    port_base: int = Field(
        DEFAULT_BASE, ge=1, le=HIGHEST_BASE, validation_alias=AliasChoices("MAKEWHOLE_PORT_BASE", KNOWN_TO_THE_STACK)
    )
    host: str = "127.0.0.1"
    """The address that the app's port is bound to."""
    inner_host: str = "127.0.0.1"
    """The address that the inner ports are bound to: workers', and in production those of apps for operators."""
    hosts: str = ""
    """What a Host header may name, comma between; where left out the names of this machine's loopback."""
    expose_sandbox: bool = False
    """Whether a process may listen beyond this machine although anybody gets any token from the sandbox."""
    reuse_port: bool = False
    """Whether several processes may listen on the app's port, the kernel dealing the connections out."""
    # Addresses may hold passwords, so they stay out of every representation.
    database_url: str = Field("", repr=False)
    """The server, with the login of whoever owns the databases."""
    database_urls: Annotated[Mapping[str, str], NoDecode] = Field({}, repr=False)
    """By service: the address with the service's own login (`MAKEWHOLE_DATABASE_URL_<SERVICE>`)."""
    kafka: str = ""
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_user: str = ""
    kafka_password: str = Field("", repr=False)
    kafka_ca: Path | None = None
    """The certificates that sign the brokers'; the machine's own where left out."""
    partitions: int = PARTITIONS
    """Of each topic: chosen when the databases are made, which keep it, and held against what they and Kafka say."""
    log_keys: str = Field("", repr=False)
    """What the services sign their records with, and know each other's by: JSON of log → {key id: key in base64}."""
    objects: str = Field("", repr=False)
    """Where files are kept: `file:///folder`, or `s3://key:secret@bucket/prefix?region=…&endpoint=https://…`."""
    sandbox: str = ""
    dispute: str = ""
    """Where the dispute service answers, which keeps the addresses that stand on labels."""
    labels_login: str = Field("", repr=False)
    """Where the return-label service gets its own token: the issuer's token endpoint, with its client id and secret."""
    carrier: str = Field("", repr=False)
    """Who sells labels of returns: a plug-in's name, `+`, and its carrier's address, which may hold a key. Labels are
    samples where it is left out.
    """
    carrier_webhooks: str = Field("", repr=False)
    """Which carrier's webhooks are heard: a plug-in's name, `+`, and their secret, or several with commas between."""
    warehouse: str = "warehouse-1"
    """The subject of whoever works in the warehouse that goods go back to: it says what came, and what it is like."""
    gateway: str = Field("", repr=False)
    """Who pays refunds: a plug-in's name, `+`, and its provider's address, which may hold a key:
    `stripe+https://sk_live_…@api.stripe.com`.
    """
    webhooks: str = Field("", repr=False)
    """Whose webhooks about refunds are heard: a plug-in's name, `+`, and their secret, or several with commas between:
    `stripe+whsec_…`; nobody's where left out.
    """
    oidc_issuer: str = ""
    oidc_jwks: str = ""
    oidc_audience: str = "makewhole"
    oidc_roles: str = "roles"
    """Where a token's roles stand, comma between: a claim's name, or a path such as `realm_access.roles`."""
    jwks_refresh: float = Field(30.0, gt=0)
    """Seconds between two questions for the issuer's keys that tokens with an unknown key may cause."""
    facts_ahead: float = Field(300.0, ge=0, le=86_400)
    """Seconds by which a fact that people tell may lie ahead; a carrier's scan has five minutes."""
    programmes: Path | None = None
    """A folder with programmes and law packs of the operator's own, one TOML file a version."""
    token_life: float = Field(DAY, gt=0)
    """Seconds that a token may have left: one that lives longer cannot be withdrawn, and is refused."""
    token_leeway: float = Field(30.0, ge=0)
    """Seconds by which the issuer's clock may be ahead of ours; none is granted after a token's end."""
    drain: float = Field(0.5, ge=0, le=3_600)
    """Seconds between "not ready" and the first refused connection, for a load balancer to notice."""
    stop_limit: float = Field(20.0, gt=0, le=3_600)
    """Seconds that requests and handlers have to finish after a SIGTERM."""
    support: str = "/support"
    """Where a person who was refused reaches a human: an address, or this service's own page."""
    stream_ceiling: int = Field(10_000, ge=1)
    """Events of one order or dispute from which on people's commands are refused (docs/runbooks/full-stream.md)."""
    quotas: str = ""
    """How many requests who may send, where not the defaults: `reads=20/10 seconds, openings=off`; `off` for none."""
    proxies: Annotated[tuple[IPvAnyNetwork, ...], NoDecode] = ()
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

    @field_validator("database_url")
    @classmethod
    def _address(cls, url: str) -> str:
        demand_address(url)
        return url

    @field_validator("database_urls", mode="before")
    @classmethod
    def _by_service(cls, urls: object) -> object:
        if isinstance(urls, str):
            raise ValueError("write MAKEWHOLE_DATABASE_URL_<SERVICE>, one for each service")
        return urls

    @field_validator("proxies", mode="before")
    @classmethod
    def _networks(cls, text: object) -> object:
        if not isinstance(text, str):
            return text
        try:
            given = json.loads(text)
            if not isinstance(given, list) or not all(isinstance(network, str) for network in given):
                raise TypeError
            return [ip_network(network) for network in given]
        except (TypeError, ValueError, RecursionError):
            raise ValueError('is no JSON list of networks, such as ["10.0.0.0/8"]') from None

    @field_validator("log_keys")
    @classmethod
    def _keys(cls, text: str) -> str:
        parse_log_keys(text)
        return text

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: dict[str, Any]) -> dict[str, Any]:
        known = {name: value for name, value in given.items() if value != ""}
        local = {} if known.get("mode") == "production" else _local(known)
        given_urls = known.get("database_urls", {})
        if isinstance(given_urls, Mapping):
            given_urls = {**local.get("database_urls", {}), **of_services(), **given_urls}
        return {**local, **known, "database_urls": given_urls}

    def dsn(self, service: str) -> str:
        """The address of a service's database with the service's login: its own, or else the server's."""
        own = self.database_urls.get(service.replace("-", "_"))
        return own or self.owner_dsn(service)

    def owner_dsn(self, service: str) -> str:
        """The address of a service's database with the login of whoever owns its tables."""
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

    def inner_port(self, service: str) -> int:
        """The port of a service's app that only operators reach."""
        return Ports(self.port_base).inner(service)


def _local(given: dict[str, Any]) -> dict[str, Any]:
    names = (KNOWN_TO_THE_STACK, "MAKEWHOLE_PORT_BASE", "port_base")
    base = str(next(filter(None, map(given.get, names)), DEFAULT_BASE))
    ports = Ports(int(base) if base.isdigit() else DEFAULT_BASE)
    sandbox = str(given.get("sandbox") or f"http://127.0.0.1:{ports.app('sandbox')}").rstrip("/")
    issuer = str(given.get("oidc_issuer") or sandbox)
    return {
        **({} if "database_url" in given else of_local_stack(ports, given.get("state"))),
        "kafka": f"127.0.0.1:{ports.kafka}",
        "objects": (state_folder(given.get("state")) / "objects").as_uri(),
        "sandbox": sandbox,
        "dispute": f"http://127.0.0.1:{ports.app('dispute')}",
        "labels_login": f"{sandbox.replace('://', '://return-label:sandbox@', 1)}/oauth/token",
        "gateway": f"sandbox+{sandbox}",
        "webhooks": SANDBOX_WEBHOOKS,
        "carrier_webhooks": SANDBOX_WEBHOOKS,
        "oidc_issuer": issuer,
        "oidc_jwks": f"{issuer.rstrip('/')}/jwks",
        "token_life": SANDBOX_TOKEN_LIFE,
    }
