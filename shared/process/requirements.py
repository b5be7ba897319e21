"""Requirements: what a setting can be asked to be, of addresses, databases, brokers, hosts and keys."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from shared.events.logs import LOGS
from shared.process.addresses import OWNER, database_name
from shared.process.environment import Environment
from shared.process.hosts import host_names, is_address, is_host_name, is_loopback, is_unspecified
from shared.process.log_keys import parse_log_keys
from shared.process.quotas import quotas

Query = dict[str, list[str]]
ADMINISTRATORS, OWNERS = ("postgres", "root"), (OWNER, f"{OWNER}_owner")
MOST_AT_ONCE, MOST_A_SECOND = 1_000_000, 20_000
CERTIFICATES = ("sslrootcert", "sslcert", "sslkey")
_PLAIN = re.compile("[!-~]+")


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a setting must be, in a sentence, and whether it is."""

    setting: str
    sentence: str
    holds: Callable[[Environment], bool]

    @property
    def line(self) -> str:
        """The line that names it."""
        return f"{self.setting}: {self.sentence}"


def is_https(address: str) -> bool:
    """Whether an address is one of https, with a host in plain letters (RFC 3986: no reader has to guess which one is
    meant) and no secrets in it.
    """
    parts = address_parts(address)
    return bool(
        parts and _PLAIN.fullmatch(address) and parts.scheme == "https" and is_host_name(parts.netloc)
    ) and not (parts and parts.fragment)


def is_elsewhere(address: str) -> bool:
    """Whether an address is not this machine's own."""
    parts = address_parts(address)
    host = (parts and parts.hostname) or ""
    return not is_loopback(host) and not is_unspecified(host)


def address_parts(address: str) -> SplitResult | None:
    """The parts of an address, or nothing where it is none."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    return parts


def databases(settings: Environment) -> Iterator[tuple[SplitResult, Query]]:
    """The addresses that this process may use, or every one that is given where no process asks."""
    of_process = settings.process.removesuffix("-worker")
    services = [of_process] if of_process in LOGS else list(LOGS)
    for address in dict.fromkeys(map(settings.dsn, services)):
        parts = urlsplit(address)
        yield parts, parse_qs(parts.query)


def every_database(holds: Callable[[SplitResult, Query], bool]) -> Callable[[Environment], bool]:
    """Whether it holds for each of the databases' addresses."""
    return lambda settings: all(holds(parts, query) for parts, query in databases(settings) if is_postgres(parts))


def databases_are_named(settings: Environment) -> bool:
    """Whether each database has an address of PostgreSQL."""
    return all(is_postgres(parts) for parts, _ in databases(settings))


def is_postgres(parts: SplitResult) -> bool:
    """Whether it is an address of PostgreSQL with a host."""
    return parts.scheme in ("postgresql", "postgres") and bool(parts.hostname)


def login(parts: SplitResult, query: Query) -> str:
    """The name that the address connects as."""
    return unquote(parts.username or "") or query.get("user", [""])[-1]


def has_password(parts: SplitResult, query: Query) -> bool:
    """Whether a password comes with the login."""
    passfile = query.get("passfile", [""])[-1]
    return bool(login(parts, query) and (parts.password or "password" in query or os.path.isfile(passfile)))


def by_tls(_: SplitResult, query: Query) -> bool:
    """Whether the server is held to the name in the address."""
    return query.get("sslmode") == ["verify-full"] and "host" not in query


def has_certificates(_: SplitResult, query: Query) -> bool:
    """Whether the certificates that the address names are there."""
    return all(os.path.isfile(file) for name in CERTIFICATES for file in query.get(name, []))


def no_administrator(parts: SplitResult, query: Query) -> bool:
    """Whether the login is not the administrator's."""
    return login(parts, query) not in ADMINISTRATORS


def no_owner(parts: SplitResult, query: Query) -> bool:
    """Whether the login is not that of whoever owns the tables, and may change what is recorded."""
    return login(parts, query) not in OWNERS


def logins_differ(settings: Environment) -> bool:
    """Whether services with addresses of their own have logins of their own."""
    addresses = map(urlsplit, settings.database_urls.values())
    logins = [login(parts, parse_qs(parts.query)) for parts in addresses]
    return len(set(logins)) == len(logins)


def databases_are_own(settings: Environment) -> bool:
    """Whether no service's own address names another service's database."""
    named = {service: unquote(urlsplit(url).path).strip("/") for service, url in settings.database_urls.items()}
    others = {service: {database_name(log) for log in LOGS if log != service} for service in named}
    return all(name not in others[service] for service, name in named.items())


def is_broker(entry: str) -> bool:
    """Whether an entry is host:port."""
    host, colon, port = entry.rpartition(":")
    return bool(colon and host and port.isdecimal() and is_host_name(entry))


def brokers(settings: Environment) -> list[str]:
    """The brokers that are named."""
    return host_names(settings.kafka)


def hosts_are(holds: Callable[[str], bool]) -> Callable[[Environment], bool]:
    """Whether it holds for each of the hosts."""
    return lambda settings: all(map(holds, host_names(settings.hosts)))


def bare(entry: str) -> str:
    """A host without its port."""
    return entry if entry.endswith("]") else entry.rpartition(":")[0] or entry


def is_one_host(host: str) -> bool:
    """Whether it is one name or address, without a port, that can be listened on."""
    plain = _PLAIN.fullmatch(host) is not None
    return plain and (is_address(host) or (is_host_name(host) and bare(host) == host))


def logs_are_signed(settings: Environment) -> bool:
    """Whether there are keys for the logs that the process writes and follows, or for every one where none asks."""
    try:
        keys = parse_log_keys(settings.log_keys)
    except ValueError:
        return False
    return keys.keys() >= _logs_of(settings.process)


def _logs_of(process: str) -> set[str]:
    service, worker, _ = process.partition("-worker")
    if service not in LOGS:
        return set(LOGS)
    return {service, *(LOGS[service].follows if worker else ())}


def objects_are_named(settings: Environment) -> bool:
    """Whether there is a place for files, where the process that asks, or any, keeps some."""
    if settings.process not in ("", "dispute"):
        return True
    place = address_parts(settings.objects)
    if place is None or place.scheme == "s3":
        return bool(place and place.netloc)
    return place.scheme == "file" and not place.netloc and place.path.startswith("/")


def objects_by_https(settings: Environment) -> bool:
    """Whether every endpoint that the place of files names is an https address."""
    place = address_parts(settings.objects)
    return place is None or all(map(is_https, parse_qs(place.query).get("endpoint", [])))


def gateway_is_named(settings: Environment) -> bool:
    """Whether a payment provider is named that is not the sandbox's, where the process that asks, or any, pays."""
    if settings.process not in ("", "refund-worker"):
        return True
    name, _, address = settings.gateway.partition("+")
    return bool(name and address) and name != "sandbox"


def gateway_by_https(settings: Environment) -> bool:
    """Whether the payment provider is asked by https, where one is named."""
    address = settings.gateway.partition("+")[2]
    place = address_parts(address)
    return not address or bool(place and place.scheme == "https" and place.hostname)


def gateway_moves_money(settings: Environment) -> bool:
    """Whether the payment provider's key is none of those with which Stripe only plays."""
    place = address_parts(settings.gateway.partition("+")[2])
    return not place or not (place.username or "").startswith(("sk_test_", "rk_test_"))


def webhooks_are_secret(settings: Environment) -> bool:
    """Whether nobody's webhooks are heard, or those of a provider that is not the sandbox's, with secrets."""
    return are_secret(settings.webhooks)


def are_secret(webhooks: str) -> bool:
    """Whether a setting names nobody's webhooks, or those of somebody that is not the sandbox's, with secrets."""
    name, _, secrets = webhooks.partition("+")
    return not webhooks or (name != "sandbox" and all(len(secret) >= 24 for secret in secrets.split(",")))


def labels_login_by_https(settings: Environment) -> bool:
    """Whether the return-label service has no login of its own, or one that it sends by https alone."""
    place = address_parts(settings.labels_login)
    whole = place and place.scheme == "https" and place.hostname and place.username and place.password
    return not settings.labels_login or bool(whole)


def quotas_are_limits(settings: Environment) -> bool:
    """Whether each quota is one that somebody could come up against."""
    found = quotas(settings.quotas).values()
    return all(quota.most <= MOST_AT_ONCE and quota.most / quota.seconds <= MOST_A_SECOND for quota in found)


def does_not_run(*processes: str) -> Callable[[Environment], bool]:
    """Whether it is none of these processes that asks."""
    return lambda settings: settings.process not in processes
